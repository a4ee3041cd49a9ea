"""Mutex, RWMutex and Cond: who is let in, waits that end early, misuse."""

from __future__ import annotations

import threading

import gort
import pytest
from support import ends_early, eventually, goroutine


@goroutine
def test_a_mutex_excludes():
    mutex, counter = gort.Mutex(), [0]

    def adds():
        for _ in range(50):
            with mutex:
                value = counter[0]
                gort.yield_now()
                counter[0] = value + 1

    for handle in [gort.go(adds) for _ in range(20)]:
        handle.join()
    assert counter == [1000]


def test_a_mutex_excludes_threads_and_goroutines():
    mutex, counter = gort.Mutex(), [0]

    def adds():
        for _ in range(300):
            with mutex:
                value = counter[0]
                gort.sleep(0)
                counter[0] = value + 1

    threads = [threading.Thread(target=adds) for _ in range(3)]
    for thread in threads:
        thread.start()
    goroutines = [gort.go(adds) for _ in range(5)]
    for handle in goroutines:
        handle.join()
    for thread in threads:
        thread.join()
    assert counter == [8 * 300]


@goroutine
def test_try_lock_and_misuse():
    mutex = gort.Mutex()
    assert mutex.try_lock() is True
    assert mutex.try_lock() is False
    mutex.unlock()
    for _ in range(2):
        with pytest.raises(gort.Misuse):
            mutex.unlock()
    with mutex as entered:
        assert entered is mutex
        assert mutex.try_lock() is False
    assert mutex.try_lock() is True


@goroutine
def test_a_mutex_is_unlocked_when_the_block_raises():
    mutex = gort.Mutex()
    with pytest.raises(KeyError), mutex:
        raise KeyError
    assert mutex.try_lock()


@goroutine
def test_another_may_unlock():
    mutex = gort.Mutex()
    mutex.lock()
    gort.go(mutex.unlock)
    mutex.lock()


@goroutine
def test_a_wait_for_a_mutex_ends_early():
    mutex = gort.Mutex()
    mutex.lock()
    ends_early(mutex.lock)
    mutex.unlock()
    mutex.lock(timeout=0)
    assert mutex.try_lock() is False


@goroutine
def test_readers_together_writers_alone():
    lock, readers, writers = gort.RWMutex(), gort.AtomicInt(), gort.AtomicInt()
    most = gort.AtomicInt()

    def reads():
        for _ in range(30):
            with lock.reader():
                most.store(max(most.load(), readers.add(1)))
                assert writers.load() == 0
                gort.yield_now()
                readers.add(-1)

    def writes():
        for _ in range(30):
            with lock.writer():
                assert writers.add(1) == 1
                assert readers.load() == 0
                gort.yield_now()
                writers.add(-1)

    for handle in [gort.go(body) for _ in range(6) for body in (reads, writes)]:
        handle.join()


@goroutine
def test_readers_meet_inside():
    lock, inside = gort.RWMutex(), gort.WaitGroup()
    inside.add(5)

    def reads():
        with lock.reader():
            inside.done()
            inside.wait()  # ends only when all five are in

    for handle in [gort.go(reads) for _ in range(5)]:
        handle.join()


@goroutine
def test_a_waiting_writer_keeps_new_readers_out():
    lock = gort.RWMutex()
    lock.rlock()
    writer = gort.go(lock.lock)
    eventually(lambda: not (lock.try_rlock() and (lock.runlock() or True)), "the waiting of the writer")
    assert not writer.done
    assert lock.try_lock() is False
    lock.runlock()
    writer.join()
    assert lock.try_rlock() is False and lock.try_lock() is False
    lock.unlock()
    assert lock.try_lock() is True
    lock.unlock()


@goroutine
def test_rwmutex_misuse():
    lock = gort.RWMutex()
    with pytest.raises(gort.Misuse):
        lock.unlock()
    with pytest.raises(gort.Misuse):
        lock.runlock()
    lock.rlock()
    with pytest.raises(gort.Misuse):
        lock.unlock()
    lock.runlock()
    lock.lock()
    with pytest.raises(gort.Misuse):
        lock.runlock()
    lock.unlock()
    with pytest.raises(KeyError), lock.writer():
        raise KeyError
    with pytest.raises(KeyError), lock.reader():
        raise KeyError
    assert lock.try_lock()


@goroutine
def test_signal_wakes_one_and_broadcast_all():
    mutex = gort.Mutex()
    cond, tickets, served, waiting = gort.Cond(mutex), [0], [0], [0]

    def waits():
        with mutex:
            waiting[0] += 1
            while tickets[0] == 0:
                cond.wait()
            tickets[0] -= 1
            served[0] += 1

    def locked(read):
        with mutex:
            return read()

    handles = [gort.go(waits) for _ in range(10)]
    eventually(lambda: locked(lambda: waiting[0] == 10))
    with mutex:
        tickets[0] += 1
        cond.signal()
    eventually(lambda: locked(lambda: served[0] == 1))
    with mutex:
        tickets[0] += 9
        cond.broadcast()
    for handle in handles:
        handle.join()
    assert served == [10] and tickets == [0]


@goroutine
def test_cond_misuse():
    mutex = gort.Mutex()
    cond = gort.Cond(mutex)
    with pytest.raises(gort.Misuse):
        cond.wait()
    cond.signal()
    cond.broadcast()
    assert mutex.try_lock()
    with pytest.raises(TypeError):
        gort.Cond(threading.Lock())


def test_the_main_thread_waits_on_a_cond():
    mutex, ready = gort.Mutex(), []
    cond = gort.Cond(mutex)

    def changes():
        with mutex:
            ready.append(1)
            cond.signal()

    with mutex:
        gort.go(changes)
        while not ready:
            cond.wait()
    mutex.lock()
    mutex.unlock()
