package gort;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A channel of long, C's int64_t.
 *
 * <p>send and recv block the calling thread in native code, where Thread.interrupt does not reach it; the forms
 * with a time and the futures are for those who must be interrupted.
 */
public final class Chan implements Iterable<Long> {
    private static final Cleaner CLEANER = Cleaner.create();
    private final long pointer;

    /** make(chan int64, capacity). */
    public Chan(long capacity) {
        long c = Pointer.nativeValue(Gort.notNull(Gort.gort_chan_new(8, capacity)));
        pointer = c;
        CLEANER.register(this, () -> Gort.gort_chan_release(c));
    }

    /** For C functions that take a gort_chan *, while this object lives. */
    public Pointer pointer() { return new Pointer(pointer); }

    public long size() { return keep(Gort.gort_chan_len(pointer)); }

    public long capacity() { return keep(Gort.gort_chan_cap(pointer)); }

    /** Blocks until it is sent; ClosedException. */
    public void send(long value) {
        done(Gort.gort_chan_send(pointer, box(value)));
    }

    /** As send, for a time; false: it has passed. */
    public boolean send(long value, long time, TimeUnit unit) {
        return done(Gort.gort_chan_send_timeout(pointer, box(value), unit.toNanos(time)));
    }

    /** Blocks until there is a value; ClosedException when it is closed and drained. */
    public long recv() {
        Memory elem = box(0);
        done(Gort.gort_chan_recv(pointer, elem));
        return elem.getLong(0);
    }

    /** As recv, for a time; empty: it has passed. */
    public OptionalLong recv(long time, TimeUnit unit) {
        Memory elem = box(0);
        boolean received = done(Gort.gort_chan_recv_timeout(pointer, elem, unit.toNanos(time)));
        return received ? OptionalLong.of(elem.getLong(0)) : OptionalLong.empty();
    }

    /** Begins a send. The future's cancel takes it back; false: it has happened. */
    public CompletableFuture<Long> sendAsync(long value) { return keep(Gort.begin(pointer, value)); }

    /** Begins a receive; cancel as in sendAsync. */
    public CompletableFuture<Long> recvAsync() { return keep(Gort.begin(pointer, null)); }

    public void close() { done(Gort.gort_chan_close(pointer)); }

    /** Until it is closed and drained. */
    @Override
    public Iterator<Long> iterator() {
        return new Iterator<>() {
            private Long next;
            private boolean over;

            @Override
            public boolean hasNext() {
                if (next == null && !over) {
                    try {
                        next = recv();
                    } catch (Gort.ClosedException closed) {
                        over = true;
                    }
                }
                return !over;
            }

            @Override
            public Long next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                Long value = next;
                next = null;
                return value;
            }
        };
    }

    private static Memory box(long value) {
        Memory elem = new Memory(8);
        elem.setLong(0, value);
        return elem;
    }

    /** True: done; false: the time has passed. */
    private boolean done(int status) {
        Reference.reachabilityFence(this);
        if (status == Gort.CLOSED) {
            throw new Gort.ClosedException(Gort.gort_last_error());
        }
        if (status != Gort.OK && status != Gort.DEADLINE_EXCEEDED) {
            throw Gort.failure(status);
        }
        return status == Gort.OK;
    }

    /** Keeps the channel until the call whose result this is has returned. */
    private <T> T keep(T result) {
        Reference.reachabilityFence(this);
        return result;
    }
}
