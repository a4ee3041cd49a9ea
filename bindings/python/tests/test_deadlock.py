"""Deadlock: declared when every goroutine is asleep for good, and only then. The report says where everybody is."""

from __future__ import annotations

import threading

import gort
import pytest
from support import WAIT, child, times

MESSAGE = "all goroutines are asleep - deadlock!"
ASLEEP = {
    "recv": "gort.Chan().recv()",
    "recv_ok": "gort.Chan().recv_ok()",
    "range": "list(gort.Chan())",
    "send": "gort.Chan().send(1)",
    "send to a full one": "[chan.send(i) for chan in [gort.Chan(2)] for i in range(3)]",
    "recv on nil": "gort.Chan.nil().recv()",
    "send on nil": "gort.Chan.nil().send(1)",
    "select": "gort.select(gort.recv(gort.Chan()), gort.send(gort.Chan(), 1))",
    "select of nothing": "gort.select()",
    "mutex": "[mutex.lock() for mutex in [gort.Mutex()] * 2]",
    "rwmutex": "[lock.lock() for lock in [gort.RWMutex()] * 2]",
    "rlock": "[lock() for m in [gort.RWMutex()] for lock in (m.lock, m.rlock)]",
    "waitgroup": "[call() for g in [gort.WaitGroup()] for call in (g.add, g.wait)]",
    "cond": "[c() for m in [gort.Mutex()] for c in (m.lock, gort.Cond(m).wait)]",
    "semaphore": "gort.Semaphore(1).acquire(2)",
    "join": "gort.go(gort.Chan().recv).join()",
    "context": "[ctx.done().recv() for ctx in [context.with_cancel(context.background())]]",
    "group": "[call() for g in [gort.Group()] for call in (lambda: g.go(gort.Chan().recv), g.wait)]",
    "imap": "list(gort.imap(lambda _: gort.Chan().recv(), [1, 2, 3]))",
}


@pytest.mark.parametrize("name", ASLEEP)
def test_asleep_for_good(name):
    source = f"""
    import gort
    from gort import context
    def sleeps_for_good():
        {ASLEEP[name]}
    for _ in range(2):
        try:
            gort.run(sleeps_for_good)
        except gort.Deadlock as error:
            assert {MESSAGE!r} in str(error), error
            assert "sleeps_for_good" in str(error), error
            print("deadlock")
    """
    outcome = child(source)
    assert outcome.out == "deadlock\n" * 2


def test_uncaught_it_ends_the_program_with_the_report():
    outcome = child("import gort\ngort.run(gort.Chan().recv)", status=1)
    assert MESSAGE in outcome.err and "gort.Deadlock" in outcome.err


def test_the_report_names_every_goroutine():
    source = """
    import gort
    chan = gort.Chan()
    def waits_deeply(depth):
        return waits_deeply(depth - 1) if depth else chan.recv()
    def main():
        for i in range(3):
            gort.go_named(f"waiter {i}", waits_deeply, 3)
        chan.recv()
    try:
        gort.run(main)
    except gort.Deadlock as error:
        print(error)
    """
    report = child(source).out
    for text in ("waiter 0", "waiter 1", "waiter 2", "waits_deeply", "in main"):
        assert text in report, report


def test_all_goroutines_not_only_main():
    source = """
    import gort
    one, other = gort.Chan(), gort.Chan()
    def main():
        handles = [gort.go(lambda: other.send(one.recv())), gort.go(lambda: one.send(other.recv()))]
        for handle in handles:
            handle.join()
    try:
        gort.run(main)
    except gort.Deadlock:
        print("deadlock")
    """
    assert child(source).out == "deadlock\n"


def test_the_runtime_goes_on_after_it():
    source = """
    import gort
    chan = gort.Chan()
    try:
        gort.run(lambda: print("got", chan.recv()))
    except gort.Deadlock:
        pass
    print(gort.run(lambda: gort.go(lambda: 5).join()))
    """
    assert child(source).out.startswith("5\n")


NOT_FOR_GOOD = {
    "a timer": "gort.sleep(0.01)",
    "a timeout": "pytest_raises(gort.Timeout, gort.Chan().recv, timeout=0.01)",
    "after": "gort.after(0.01).recv()",
    "a deadline": "context.with_timeout(context.background(), 0.01).done().recv_ok()",
    "a ticker": "gort.Ticker(0.01).c.recv()",
    "after_func": "[gort.after_func(0.01, chan.send, 1) and chan.recv() for chan in [gort.Chan()]]",
    "a thread": "[threading.Thread(target=later, args=(chan,)).start() or chan.recv() for chan in [gort.Chan()]]",
    "blocking": "gort.blocking(time.sleep, 0.05)",
    "a blocked goroutine": "[gort.go(later, chan) and chan.recv() for chan in [gort.Chan()]]",
    "a timer of threading": "[threading.Timer(0.05, chan.send, (1,)).start() or chan.recv() for chan in [gort.Chan()]]",
    "a loop": "asyncio.run(waits())",
    "a pool": "[f.submit(later, c) and c.recv() for c in [gort.Chan()] for f in [ThreadPoolExecutor(1)]]",
}


@pytest.mark.parametrize("name", NOT_FOR_GOOD)
def test_asleep_but_not_for_good(name):
    """A clock, a plain thread or a helper may still wake somebody."""
    source = f"""
    import asyncio, threading, time, gort
    from concurrent.futures import ThreadPoolExecutor
    from gort import context
    def pytest_raises(kind, call, **kwargs):
        try:
            call(**kwargs)
        except kind:
            return
        raise AssertionError
    def later(chan):
        time.sleep(0.05)
        chan.send(1)
    async def waits():
        chan = gort.Chan()
        asyncio.get_running_loop().call_later(0.05, chan.try_send, 1)
        gort.after_func(0.01, chan.send, 1)
        return await chan.arecv()
    def main():
        {NOT_FOR_GOOD[name]}
        return "woken"
    print(gort.run(main))
    """
    outcome = child(source)
    assert outcome.out == "woken\n" and MESSAGE not in outcome.err


def test_an_event_loop_in_which_nothing_waits_hides_none():
    """Closed ones live until the collector finds them."""
    source = """
    import asyncio, gort
    async def waits():
        chan = gort.Chan()
        gort.go(lambda: [gort.sleep(0.001), chan.send(1)])
        await chan.arecv()
        try:
            await asyncio.wait_for(chan.arecv(), 0.001)
        except asyncio.TimeoutError:
            print("nothing")
    loop = asyncio.new_event_loop()
    loop.run_until_complete(waits())
    try:
        gort.run(gort.Chan().recv)
    except gort.Deadlock:
        print("deadlock")
    loop.close()
    """
    assert child(source).out == "nothing\ndeadlock\n"


def test_main_ends_while_it_looks_as_if_it_never_could():
    """Threads that use gort for the first time wake it, just when everybody else has gone to sleep."""
    for _ in range(times(200)):
        event, group = threading.Event(), gort.WaitGroup()
        threads = [threading.Thread(target=lambda: event.wait(WAIT) and group.done()) for _ in range(3)]
        group.add(len(threads))
        for thread in threads:
            thread.start()

        def main(event=event, group=group):
            event.set()
            group.wait()
            return "ended"

        assert gort.run(main) == "ended"
        for thread in threads:
            thread.join()


def test_the_report_is_of_the_deadlock_itself():
    """Not of an earlier moment in which it only looked like one."""
    for _ in range(times(20)):
        event, group, chan = threading.Event(), gort.WaitGroup(), gort.Chan()
        thread = threading.Thread(target=lambda: event.wait(WAIT) and group.done())
        group.add()
        thread.start()

        def main(event=event, group=group, chan=chan):
            event.set()
            group.wait()
            chan.recv()

        with pytest.raises(gort.Deadlock) as info:
            gort.run(main)
        thread.join()
        assert "chan receive" in str(info.value) and "runnable" not in str(info.value)
        chan.send(None)
        gort.yield_now()
