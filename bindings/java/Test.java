import com.sun.jna.Function;
import gort.Chan;
import gort.Gort;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** Test LIBRARY: what gort.Chan promises. Prints "ok" and nothing else. */
public final class Test {
    private static Function start;

    private static void check(boolean condition) {
        if (!condition) {
            throw new AssertionError();
        }
    }

    private static void closed(Runnable call) {
        try {
            call.run();
        } catch (Gort.ClosedException expected) {
            return;
        }
        throw new AssertionError("not closed");
    }

    private static long squareOfNine() {
        Chan jobs = new Chan(0), results = new Chan(0);
        check(start.invokeInt(new Object[] {jobs.pointer(), results.pointer(), 3}) == 0);
        jobs.send(9);
        long square = results.recv();
        jobs.close();
        closed(results::recv);
        return square;
    }

    private static int length(String text) { return text.length(); }

    private static int deep(int n) { return deep(n + 1) + 1; }

    /** The JVM finds null pointers and full stacks by SIGSEGV; the runtime hands on what is not its own. */
    private static void faultsAreJavas() {
        int caught = 0;
        for (int i = 0; i < 200_000; i++) {
            try {
                length(i % 100 == 0 ? null : "x");
            } catch (NullPointerException expected) {
                caught++;
            }
        }
        check(caught == 2000);
        for (int i = 0; i < 3; i++) {
            try {
                deep(0);
                check(false);
            } catch (StackOverflowError expected) {
                caught++;
            }
        }
        check(caught == 2003);
    }

    public static void main(String[] arguments) throws Exception {
        start = Function.getFunction(arguments[0], "squares_start");

        // Order, close, time.
        Chan numbers = new Chan(3);
        for (long n = 1; n <= 3; n++) {
            numbers.send(n);
        }
        check(numbers.size() == 3 && numbers.capacity() == 3);
        check(!numbers.send(4, 1, TimeUnit.MILLISECONDS));
        check(new Chan(0).recv(1, TimeUnit.MILLISECONDS).isEmpty());
        numbers.close();
        List<Long> seen = new ArrayList<>();
        numbers.forEach(seen::add);
        check(seen.equals(List.of(1L, 2L, 3L)));
        closed(numbers::recv);
        closed(() -> numbers.send(5));
        closed(numbers::close);

        // Futures; cancel loses no value.
        Chan quiet = new Chan(0);
        CompletableFuture<Long> received = quiet.recvAsync(), sent = quiet.sendAsync(7);
        check(received.get() == 7 && sent.get() == 7 && !received.cancel(true));
        CompletableFuture<Long> canceled = quiet.recvAsync();
        check(canceled.cancel(true) && canceled.isCancelled());
        check(!quiet.send(8, 0, TimeUnit.NANOSECONDS));
        CompletableFuture<Long> never = quiet.recvAsync();
        quiet.close();
        try {
            never.get();
            check(false);
        } catch (ExecutionException e) {
            check(e.getCause() instanceof Gort.ClosedException);
        }
        List<Chan> many = new ArrayList<>();
        List<CompletableFuture<Long>> all = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            many.add(new Chan(0));
            all.add(many.get(i).recvAsync());
        }
        for (int i = 299; i >= 0; i--) {
            many.get(i).send(i);
        }
        for (int i = 0; i < 300; i++) {
            check(all.get(i).get() == i);
        }

        check(squareOfNine() == 81);
        faultsAreJavas();
        sun.misc.Signal usr2 = new sun.misc.Signal("USR2");
        CountDownLatch signaled = new CountDownLatch(1);
        sun.misc.Signal.handle(usr2, signal -> signaled.countDown());
        sun.misc.Signal.raise(usr2);
        check(signaled.await(30, TimeUnit.SECONDS));
        Process child = new ProcessBuilder("echo", "child").start();
        check(new String(child.getInputStream().readAllBytes()).equals("child\n") && child.waitFor() == 0);

        many = null; // their channels end with them
        System.gc();
        check(Gort.shutdown(TimeUnit.SECONDS.toNanos(10)));
        faultsAreJavas();
        check(squareOfNine() == 81); // it starts again
        check(Gort.maxprocs(0) >= 1);
        System.out.println("ok");
        if (arguments.length > 1 && arguments[1].equals("wait")) { // to be ended by a signal
            new Chan(0).recv();
        }
        if (arguments.length > 1 && arguments[1].equals("exit")) { // with threads in channels
            new Thread(() -> new Chan(0).recv()).start();
            new Chan(0).recvAsync();
            Thread.sleep(20);
            System.exit(7);
        }
    }
}
