"""Plain threads: everything can be called from them, beside goroutines; what belongs to a thread."""

from __future__ import annotations

import collections
import concurrent.futures
import queue
import threading

import gort
from gort import context
from support import WAIT, goroutine


def in_threads(count, fn, *args):
    """fn's results in that many threads at once."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return [future.result(WAIT) for future in [pool.submit(fn, *args) for _ in range(count)]]


def test_everything_is_callable_from_plain_threads():
    def uses():
        assert gort.goroutine_id() == 0
        chan, group = gort.Chan(), gort.WaitGroup()
        group.go(chan.send, 1)
        assert chan.recv(timeout=WAIT) == 1
        assert gort.select(gort.recv(chan), default=True).index == -1
        assert gort.select(gort.recv(chan), gort.recv(gort.after(0.0001))).index == 1
        group.wait()
        with gort.Mutex(), gort.Semaphore(1), context.with_timeout(context.background(), WAIT):
            gort.sleep(0.0001)
            gort.yield_now()
        assert gort.go(lambda: 5).join() == 5
        assert gort.blocking(lambda: 6) == 6
        assert gort.run(lambda: 7) == 7
        assert list(gort.imap(str, range(5), workers=2)) == list("01234")
        return True

    assert all(in_threads(4, uses))


def test_threads_and_goroutines_on_one_channel():
    chan, counts = gort.Chan(3), collections.Counter()
    lock = threading.Lock()

    def receives():
        for value in chan:
            with lock:
                counts[value] += 1

    def sends():
        for i in range(300):
            chan.send(i)

    threads = [threading.Thread(target=receives) for _ in range(3)]
    for thread in threads:
        thread.start()
    receivers = [gort.go(receives) for _ in range(3)]
    senders = [gort.go(sends) for _ in range(3)]
    in_threads(3, sends)
    for handle in senders:
        handle.join()
    chan.close()
    for each in [*threads, *receivers]:
        each.join()
    assert counts == {i: 6 for i in range(300)}


@goroutine
def test_threading_local_belongs_to_a_goroutine():
    local = threading.local()

    def sets(value):
        assert not hasattr(local, "value")
        local.value = value
        for _ in range(5):
            gort.yield_now()
            assert local.value == value
        return value

    handles = [gort.go(sets, i) for i in range(100)]
    assert [handle.join() for handle in handles] == list(range(100))


@goroutine
def test_short_critical_sections_under_plain_locks():
    """A threading.Lock that is not held across a wait is fine anywhere."""
    lock, rlock, total = threading.Lock(), threading.RLock(), [0, 0]

    def adds():
        for _ in range(200):
            with lock:
                total[0] += 1
            with rlock, rlock:
                total[1] += 1
            gort.yield_now()

    thread = threading.Thread(target=adds)
    thread.start()
    for handle in [gort.go(adds) for _ in range(10)]:
        handle.join()
    gort.blocking(thread.join)
    assert total == [2200, 2200]


@goroutine
def test_goroutines_start_threads_and_wait_for_them():
    def starts(i):
        answers = queue.Queue()
        thread = threading.Thread(target=lambda: answers.put((i, gort.goroutine_id())))
        thread.start()
        got = gort.blocking(answers.get)
        gort.blocking(thread.join)
        return got

    handles = [gort.go(starts, i) for i in range(20)]
    assert [handle.join() for handle in handles] == [(i, 0) for i in range(20)]


def test_a_thread_may_end_while_its_goroutines_live():
    gate, answers = gort.Chan(), gort.Chan(20)

    def starts():
        for i in range(10):
            gort.go(lambda i=i: answers.send((i, gate.recv_ok())))

    in_threads(2, starts)
    gate.close()
    assert sorted(answers.recv()[0] for _ in range(20)) == sorted([*range(10)] * 2)


def test_many_threads_come_and_go():
    chan = gort.Chan()
    receiver = gort.go(lambda: sum(chan))
    for _ in range(20):
        in_threads(5, chan.send, 1)
    chan.close()
    assert receiver.join() == 100


def test_current_thread_inside_a_goroutine():
    def looks():
        thread = threading.current_thread()
        gort.yield_now()
        assert threading.current_thread() is thread and thread.ident == threading.get_ident()
        return thread

    seen = {handle.join() for handle in [gort.go(looks) for _ in range(200)]}
    assert threading.main_thread() not in seen
    assert len(seen) <= 50  # one for an OS thread, not for a goroutine
