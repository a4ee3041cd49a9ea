import com.sun.jna.Function;
import gort.Chan;
import gort.Gort;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Squares LIBRARY [NUMBERS] [WORKERS]: threads of Java feed goroutines written in C (LIBRARY is
 * tests/bindings/squares.c, compiled) and collect from them.
 */
public final class Squares {
    private record Found(long count, long sum) { }

    private static Found collect(Chan results) {
        long count = 0, sum = 0;
        for (long square : results) {
            count++;
            sum += square;
        }
        return new Found(count, sum);
    }

    public static void main(String[] arguments) throws Exception {
        long numbers = arguments.length > 1 ? Long.parseLong(arguments[1]) : 1000;
        int workers = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 4;
        Chan jobs = new Chan(0), results = new Chan(0);
        Function start = Function.getFunction(arguments[0], "squares_start");
        if (start.invokeInt(new Object[] {jobs.pointer(), results.pointer(), workers}) != 0) {
            throw new IllegalStateException("squares_start");
        }
        ExecutorService threads = Executors.newFixedThreadPool(3);
        Future<Found> first = threads.submit(() -> collect(results)), second = threads.submit(() -> collect(results));
        threads.submit(() -> {
            for (long n = 1; n <= numbers; n++) {
                jobs.send(n);
            }
            jobs.close();
        });
        Found a = first.get(), b = second.get();
        threads.shutdown();
        Gort.shutdown(-1);
        System.out.println((a.count() + b.count()) + " squares, sum " + (a.sum() + b.sum()));
    }
}
