"""WaitGroup, Once and Semaphore: waiting for others, once only, a limited number."""

from __future__ import annotations

import threading

import gort
import pytest
from support import ends_early, goroutine


@goroutine
def test_wait_ends_with_the_last_done():
    group, count = gort.WaitGroup(), gort.AtomicInt()
    group.wait()
    for _ in range(100):
        group.go(lambda: (gort.yield_now(), count.add(1)))
    group.wait()
    assert count.load() == 100
    group.add(3)
    group.add(-2)
    waiters = [gort.go(group.wait) for _ in range(5)]
    gort.sleep(0.005)
    assert not any(waiter.done for waiter in waiters)
    group.done()
    for waiter in waiters:
        waiter.join()


@goroutine
def test_go_gives_a_handle_and_counts_failures_too():
    group = gort.WaitGroup()
    assert group.go(divmod, 7, 2).join() == (3, 1)
    handles = [group.go(int, "no number"), group.go(gort.exit), group.go(lambda x, *, y: x + y, 1, y=2)]
    group.wait()
    with pytest.raises(ValueError):
        handles[0].join()
    assert handles[1].join() is None
    assert handles[2].join() == 3


@goroutine
def test_a_negative_counter_is_misuse():
    group = gort.WaitGroup()
    for wrong in (group.done, lambda: group.add(-1)):
        with pytest.raises(gort.Misuse, match="negative WaitGroup counter"):
            wrong()
    group.wait()  # the counter is as before
    group.add(2)
    with pytest.raises(gort.Misuse):
        group.add(-3)
    with pytest.raises(gort.Timeout):
        group.wait(timeout=0.001)
    group.add(-2)
    group.wait(timeout=0)


@goroutine
def test_a_wait_ends_early():
    group = gort.WaitGroup()
    group.add()
    ends_early(group.wait)
    group.done()
    group.wait(timeout=0)


def test_the_main_thread_waits():
    group = gort.WaitGroup()
    for _ in range(10):
        group.go(gort.sleep, 0.001)
    group.wait()


@goroutine
def test_once_runs_once_and_everybody_waits():
    once, log = gort.Once(), []

    def slow():
        log.append("start")
        gort.sleep(0.005)
        log.append("end")

    def user():
        once.do(slow)
        assert log == ["start", "end"]

    for handle in [gort.go(user) for _ in range(20)]:
        handle.join()


@goroutine
def test_once_counts_as_done_when_it_raises():
    once, runs = gort.Once(), []

    def fails():
        runs.append(1)
        raise KeyError("first")

    with pytest.raises(KeyError):
        once.do(fails)
    once.do(fails)
    assert once.do(lambda: runs.append(2)) is None
    assert runs == [1]


def test_once_over_threads():
    once, runs = gort.Once(), []
    threads = [threading.Thread(target=once.do, args=(lambda: runs.append(1),)) for _ in range(10)]
    for thread in threads:
        thread.start()
    handles = [gort.go(once.do, lambda: runs.append(1)) for _ in range(10)]
    for each in [*threads, *handles]:
        each.join()
    assert runs == [1]


@goroutine
def test_a_semaphore_limits():
    semaphore, inside = gort.Semaphore(3), gort.AtomicInt()

    def works():
        with semaphore as entered:
            assert entered is semaphore
            assert inside.add(1) <= 3
            gort.yield_now()
            inside.add(-1)

    for handle in [gort.go(works) for _ in range(50)]:
        handle.join()
    semaphore.acquire(3)
    assert not semaphore.try_acquire()
    semaphore.release(3)


@goroutine
def test_weights():
    semaphore = gort.Semaphore(4)
    semaphore.acquire(3)
    assert semaphore.try_acquire(2) is False
    assert semaphore.try_acquire(1) is True
    semaphore.release(4)
    assert semaphore.try_acquire(0) is True
    semaphore.acquire(0)


@goroutine
def test_a_big_request_is_not_overtaken():
    semaphore, log = gort.Semaphore(3), []
    semaphore.acquire(2)

    def wants(n):
        semaphore.acquire(n)
        log.append(n)
        semaphore.release(n)

    big = gort.go(wants, 3)
    while semaphore.try_acquire(1):  # until the big one waits
        semaphore.release(1)
        gort.yield_now()
    small = gort.go(wants, 1)
    gort.sleep(0.005)
    assert log == []
    semaphore.release(2)
    big.join()
    small.join()
    assert log == [3, 1]


@goroutine
def test_semaphore_waits_end_early():
    semaphore = gort.Semaphore(2)
    with pytest.raises(gort.Timeout):
        semaphore.acquire(3, timeout=0.001)  # more than there is
    semaphore.acquire(2)
    ends_early(semaphore.acquire)
    semaphore.release(2)
    assert semaphore.try_acquire(2)


@goroutine
def test_semaphore_misuse():
    semaphore = gort.Semaphore(2)
    with pytest.raises(gort.Misuse):
        semaphore.release()
    semaphore.acquire()
    with pytest.raises(gort.Misuse):
        semaphore.release(2)
    semaphore.release()
    for call in (semaphore.acquire, semaphore.try_acquire, semaphore.release):
        with pytest.raises(ValueError):
            call(-1)
    with pytest.raises(ValueError):
        gort.Semaphore(-1)
    assert semaphore.try_acquire(2)
