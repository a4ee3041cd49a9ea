"""Nothing is kept: references and memory after very many goroutines, items, waits that ended, and exceptions."""

from __future__ import annotations

import asyncio
import gc
import sys

import gort
import pytest
from gort import context
from support import child, eventually, goroutine, times

ROUNDS = 300


class Thing:
    pass


def send_and_receive(thing):
    chan = gort.Chan(1)
    chan.send(thing)
    assert chan.recv() is thing
    gort.go(chan.send, thing)
    chan.recv_ok()
    assert gort.select(gort.send(chan, thing)).index == 0
    assert gort.select(gort.recv(chan)).value is thing


def give_up(thing):
    chan = gort.Chan()
    with pytest.raises(gort.Timeout):
        chan.send(thing, timeout=0)
    with pytest.raises(gort.Timeout):
        chan.send(thing, timeout=0.00001)
    with pytest.raises(gort.Timeout):
        gort.select(gort.send(chan, thing), gort.recv(chan), timeout=0.00001)
    with pytest.raises(gort.WouldBlock):
        chan.try_send(thing)
    assert gort.select(gort.send(chan, thing), default=True).index == -1


def send_to_closed(thing):
    chan = gort.Chan(3)
    chan.send(thing)
    chan.close()
    with pytest.raises(gort.Closed):
        chan.send(thing)
    with pytest.raises(gort.Closed):
        gort.select(gort.send(chan, thing))


def start(thing):
    def result(given):
        return given

    assert gort.go(result, thing).join() is thing
    assert gort.run(result, given=thing) is thing
    gort.go_named("n", result, thing)


def fail(thing):
    def fails(given):
        raise KeyError(given)

    with pytest.raises(KeyError):
        gort.go(fails, thing).join()
    with pytest.raises(KeyError):
        gort.run(fails, thing)
    with pytest.raises(KeyError), gort.Group() as group:
        group.go(fails, thing)


def leave(thing):
    def exits(given):
        gort.exit()

    gort.go(exits, thing).join()


def contexts(thing):
    ctx = context.with_cancel(context.with_value(context.background(), thing, thing))
    assert ctx.value(thing) is thing
    context.after_func(ctx, lambda t: None, thing)()
    ctx.cancel(KeyError(thing))
    with pytest.raises(gort.Canceled):
        gort.Chan().send(thing, ctx=ctx)


def containers(thing):
    table, pool, local = gort.Map(), gort.Pool(lambda: thing), gort.Local()
    table.store(thing, thing)
    assert table.load_and_delete(thing) == (thing, True)
    table.store(thing, thing)
    pool.put(pool.get())
    local.thing = thing
    assert gort.SingleFlight().do(thing, lambda: thing) == (thing, False)
    gort.Once().do(lambda: thing)


def timers(thing):
    gort.after_func(100, lambda t: None, thing).stop()
    timer = gort.after_func(0, lambda t: None, thing)
    del timer


def mapping(thing):
    assert list(gort.imap(lambda t: t, [thing] * 5, workers=2)) == [thing] * 5
    next(gort.imap_unordered(lambda t: t, [thing] * 5, workers=2))


def in_a_loop(thing):
    async def main():
        chan = gort.Chan()
        task = asyncio.ensure_future(chan.asend(thing))
        assert await chan.arecv() is thing
        await task
        task = asyncio.ensure_future(chan.asend(thing))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await gort.aselect(gort.send(gort.Chan(1), thing))
        assert await gort.go(lambda: thing) is thing

    asyncio.run(main())


@pytest.mark.parametrize(
    "use",
    [
        send_and_receive, give_up, send_to_closed, start, fail, leave, contexts, containers, timers, mapping, in_a_loop,
    ],
)
def test_references(use):
    thing = Thing()
    use(thing)
    gc.collect()
    before = sys.getrefcount(thing)
    for _ in range(ROUNDS if use is not in_a_loop else 30):
        use(thing)

    def balanced():
        gc.collect()
        return sys.getrefcount(thing) <= before + 3

    eventually(balanced, "the balance of references")


def test_references_to_singletons():
    """None, True and small numbers travel by the thousand; on builds where they are counted, the count stays."""
    chan = gort.Chan(1)

    def many():
        for value in (None, True, 1, ()):
            for _ in range(2000):
                chan.send(value)
                assert chan.recv() is value
                chan.send(value)
                assert chan.recv_ok()[0] is value
        gort.go(lambda: None).join()

    many()
    values = (None, True, ())
    before = [sys.getrefcount(value) for value in values]
    many()
    gc.collect()
    for value, count in zip(values, before):
        assert abs(sys.getrefcount(value) - count) < 1000


@goroutine
def test_no_object_is_left_by_many_goroutines():
    def objects():
        gc.collect()
        return len(gc.get_objects())

    def spawn():
        for handle in [gort.go(lambda i=i: [i]) for i in range(1000)]:
            handle.join()

    spawn()
    before = objects()
    for _ in range(5):
        spawn()
    assert objects() < before + 500


MEMORY = """
import gc, sys, gort
from gort import context

def resident():
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096

def spawn(count):
    group = gort.WaitGroup()
    for start in range(0, count, 1000):
        for i in range(min(1000, count - start)):
            group.go(int, i)
        group.wait()

def items(count):
    chan = gort.Chan(10)
    sender = gort.go(lambda: [chan.send(bytes(100)) for _ in range(count)] and chan.close())
    for _ in chan:
        pass
    sender.join()

def waits(count):
    chan, parent = gort.Chan(), context.with_cancel(context.background())
    for i in range(count):
        try:
            if i % 4 == 0:
                chan.recv(timeout=0)
            elif i % 4 == 1:
                gort.select(gort.recv(chan), gort.send(chan, bytes(100)), timeout=0.00001)
            elif i % 4 == 2:
                chan.recv(ctx=context.with_timeout(parent, 0.00001))
            else:
                gort.Timer(100).stop()
        except (gort.Timeout, gort.DeadlineExceeded):
            pass

def failures(count):
    def fails():
        raise KeyError(bytes(100))
    for _ in range(count):
        try:
            gort.go(fails).join()
        except KeyError:
            pass

def deep(count):
    def recurse(depth):
        return recurse(depth - 1) if depth else gort.yield_now()
    group = gort.WaitGroup()
    for start in range(0, count, 50):
        for _ in range(50):
            group.go(recurse, 300)
        group.wait()

use, count = globals()[sys.argv[1]], int(sys.argv[2])
gort.run(use, count)
before = resident()
gort.run(use, count)
gort.run(use, count)
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(
    "use, count", [("spawn", 100_000), ("items", 50_000), ("waits", 10_000), ("failures", 10_000), ("deep", 500)]
)
def test_memory(use, count):
    """The same again twice takes no more memory: at 100 bytes an item, what is kept would be seen."""
    grown = int(child(MEMORY, use, times(count)).out)
    # Without the GIL each thread state has heaps of its own, which are filled one after the other.
    most = 4 << 20 if getattr(sys, "_is_gil_enabled", lambda: True)() else 8 << 20
    assert grown < most, f"{grown} bytes more"
