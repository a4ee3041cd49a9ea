package gort;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * gort for Java, over JNA: the functions of the C API that {@link Chan} uses, and the completion queue behind
 * its futures. The system property {@code gort.library} names the library, else it is {@code gort}.
 *
 * <p>Java code never runs on a goroutine's thread: there is no way to start a goroutine with a Runnable.
 */
public final class Gort {
    /** The channel is closed, and for a receive drained. */
    public static final class ClosedException extends RuntimeException {
        ClosedException(String message) { super(message); }
    }

    /** Any other failure. */
    public static final class GortException extends RuntimeException {
        GortException(String message) { super(message); }
    }

    static final int OK = 0, CLOSED = 1, DEADLINE_EXCEEDED = 4;

    static native Pointer gort_chan_new(long elemSize, long capacity);
    static native void gort_chan_release(long c);
    static native int gort_chan_send(long c, Memory elem);
    static native int gort_chan_recv(long c, Memory elem);
    static native int gort_chan_send_timeout(long c, Memory elem, long timeout);
    static native int gort_chan_recv_timeout(long c, Memory elem, long timeout);
    static native int gort_chan_close(long c);
    static native long gort_chan_len(long c);
    static native long gort_chan_cap(long c);
    static native boolean gort_async_cancel(Pointer op);
    static native void gort_async_release(Pointer op);
    static native String gort_last_error();
    static native String gort_status_name(int status);
    private static native Pointer gort_completion_queue_new();
    private static native int gort_completion_queue_fd(Pointer q);
    private static native Pointer gort_completion_queue_recv(Pointer q, long c, Memory elem, long user);
    private static native Pointer gort_completion_queue_send(Pointer q, long c, Memory elem, long user);
    private static native long gort_completion_queue_drain(Pointer q, Memory out, long n);
    private static native int gort_gomaxprocs(int n);
    private static native int gort_shutdown(long timeout);

    /** poll(2). */
    private static final class C {
        static native int poll(Memory fds, long n, int timeout);
        static { Native.register(C.class, NativeLibrary.getInstance("c")); }
    }

    static { Native.register(Gort.class, NativeLibrary.getInstance(System.getProperty("gort.library", "gort"))); }

    private Gort() { }

    static GortException failure(int status) {
        return new GortException(gort_status_name(status) + ": " + gort_last_error());
    }

    static Pointer notNull(Pointer pointer) {
        if (pointer == null) {
            throw new GortException(gort_last_error());
        }
        return pointer;
    }

    /** Sets the number of Ps if n is above 0; the number before. */
    public static int maxprocs(int n) { return gort_gomaxprocs(n); }

    /** Waits until all goroutines are over and ends the runtime; false when the nanoseconds were not enough. */
    public static boolean shutdown(long timeout) {
        int status = gort_shutdown(timeout);
        if (status != OK && status != DEADLINE_EXCEEDED) {
            throw failure(status);
        }
        return status == OK;
    }

    /** An operation that was begun: completes on the thread of the queue; cancel takes it back, if it can. */
    static final class Pending extends CompletableFuture<Long> {
        private final Memory elem = new Memory(8);
        private final long id;
        private Pointer op;

        private Pending(long id) { this.id = id; }

        @Override
        public boolean cancel(boolean mayInterrupt) {
            synchronized (this) {
                if (op == null || !gort_async_cancel(op)) {
                    return false;
                }
                end();
            }
            return super.cancel(mayInterrupt);
        }

        private void end() {
            Queue.pending.remove(id);
            gort_async_release(op);
            op = null;
        }

        private void completed(int status) {
            synchronized (this) { // until begin has stored the handle
                end();
            }
            if (status == OK) {
                complete(elem.getLong(0));
            } else {
                completeExceptionally(new ClosedException("the channel is closed"));
            }
        }
    }

    /** The process's completion queue, and the daemon thread that waits for it in poll(2). */
    private static final class Queue {
        private static final int COMPLETION_SIZE = 16, ROOM = 64;
        static final Map<Long, Pending> pending = new ConcurrentHashMap<>(); // keeps the elements in place
        private static final AtomicLong lastId = new AtomicLong();
        private static final Pointer queue = notNull(gort_completion_queue_new());

        static {
            Thread thread = new Thread(Queue::run, "gort-completions");
            thread.setDaemon(true);
            thread.start();
        }

        static Pending begin(long chan, Long value) {
            Pending operation = new Pending(lastId.incrementAndGet());
            synchronized (operation) {
                pending.put(operation.id, operation);
                if (value != null) {
                    operation.elem.setLong(0, value);
                    operation.op = gort_completion_queue_send(queue, chan, operation.elem, operation.id);
                } else {
                    operation.op = gort_completion_queue_recv(queue, chan, operation.elem, operation.id);
                }
                if (operation.op == null) {
                    pending.remove(operation.id);
                    throw new GortException(gort_last_error());
                }
            }
            return operation;
        }

        private static void run() {
            Memory done = new Memory(COMPLETION_SIZE * ROOM);
            Memory fds = new Memory(8);
            fds.setInt(0, gort_completion_queue_fd(queue));
            fds.setShort(4, (short) 1); // POLLIN
            for (;;) {
                C.poll(fds, 1, -1);
                long n = gort_completion_queue_drain(queue, done, ROOM);
                for (int i = 0; i < n; i++) {
                    long at = (long) i * COMPLETION_SIZE;
                    pending.get(done.getLong(at)).completed(done.getInt(at + 12));
                }
            }
        }
    }

    static Pending begin(long chan, Long value) { return Queue.begin(chan, value); }
}
