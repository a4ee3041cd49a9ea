"""Blocking: helper threads, and C calls that block an OS thread without telling the runtime."""

from __future__ import annotations

import os
import socket
import threading
import time

import gort
import pytest
from support import WAIT, child, goroutine


@goroutine
def test_blocking_gives_the_result_or_the_exception():
    assert gort.blocking(divmod, 7, 2) == (3, 1)
    assert gort.blocking(lambda *a, fn: (a, fn), 1, fn=2) == ((1,), 2)
    with pytest.raises(ZeroDivisionError):
        gort.blocking(lambda: 1 // 0)
    assert gort.blocking(gort.goroutine_id) == 0


@goroutine
def test_blocking_parks_only_its_goroutine():
    event, threads = threading.Event(), set()

    def waits():
        threads.add(threading.get_ident())
        return event.wait(WAIT)

    handles = [gort.go(gort.blocking, waits) for _ in range(5)]
    beside = [gort.go(gort.sleep, 0.001) for _ in range(50)]
    for handle in beside:
        handle.join()
    assert not any(handle.done for handle in handles)
    event.set()
    assert all(handle.join() for handle in handles)
    assert threading.get_ident() not in threads


@goroutine
def test_a_goroutine_not_started_runs_although_another_blocks_the_thread():
    """The one that would end the blocking has not started yet when the thread blocks."""
    for _ in range(5):
        event = threading.Event()
        blocker = gort.go(lambda event=event: event.wait(WAIT))
        gort.go(event.set)
        assert blocker.join()


@goroutine
def test_a_new_goroutine_runs_although_a_helper_is_busy():
    """The helper that ran it while the thread was blocked takes no others; the thread itself sleeps meanwhile."""
    event, stop = threading.Event(), []

    def switches():
        event.set()
        while not stop:
            gort.yield_now()

    blocker = gort.go(event.wait, WAIT)
    switching = gort.go(switches)
    blocker.join()
    gort.blocking(time.sleep, 0.05)
    gort.go(stop.append, 1)
    switching.join()


@goroutine
def test_several_threads_blocked():
    events = [threading.Event() for _ in range(4)]
    blockers = [gort.go(event.wait, WAIT) for event in events]

    def sets():
        for event in events:
            event.set()

    gort.go(sets)
    assert all(blocker.join() for blocker in blockers)


@goroutine
def test_sockets_and_pipes_of_the_standard_library():
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(WAIT)

    def serves():
        connection, _ = server.accept()
        with connection:
            while data := connection.recv(100):
                connection.sendall(data.upper())

    def asks():
        with socket.create_connection(server.getsockname(), timeout=WAIT) as connection:
            connection.sendall(b"hello")
            return connection.recv(100)

    serving = gort.go(serves)
    assert gort.go(asks).join() == b"HELLO"
    serving.join()
    server.close()

    reading, writing = os.pipe()
    reader = gort.go(os.read, reading, 10)
    gort.go(os.write, writing, b"piped")
    assert reader.join() == b"piped"
    os.close(reading)
    os.close(writing)


@goroutine
def test_a_busy_goroutine_does_not_stop_the_others():
    """One that never parks, in Python code, delays only what is pinned to its thread."""
    stop = []

    def spins():
        while not stop:
            pass

    spinner = gort.go(spins)
    gort.go(stop.append, 1)
    spinner.join()


@goroutine
def test_time_sleep_in_many():
    for handle in [gort.go(time.sleep, 0.001) for _ in range(50)]:
        handle.join()


@pytest.mark.parametrize("procs", ["1", "2", "8"])
def test_with_any_number_of_ps(procs):
    source = """
    import threading, gort
    def main():
        event = threading.Event()
        blockers = [gort.go(event.wait, 60) for _ in range(3)]
        gort.go(event.set)
        return all(blocker.join() for blocker in blockers)
    print(gort.run(main))
    """
    assert child(source, GORT_MAXPROCS=procs).out == "True\n"
