"""asyncio: awaiting channels, selects and goroutines; cancellation; many loops."""

from __future__ import annotations

import asyncio
import threading

import gort
import pytest
from support import WAIT, eventually, goroutine


def test_arecv_and_asend():
    chan = gort.Chan()

    async def main():
        sender = asyncio.ensure_future(chan.asend("value"))
        assert await chan.arecv() == "value"
        assert await sender is None
        receiver = asyncio.ensure_future(chan.arecv())
        await chan.asend(None)
        assert await receiver is None

    asyncio.run(main())


def test_between_a_loop_and_goroutines():
    there, back = gort.Chan(), gort.Chan(3)

    def doubles():
        for value in there:
            back.send(2 * value)
        back.close()

    async def main():
        async def sends():
            for i in range(500):
                await there.asend(i)
            there.close()

        sender = asyncio.ensure_future(sends())
        got = [value async for value in back]
        await sender
        return got

    goroutines = gort.go(doubles)
    assert asyncio.run(main()) == [2 * i for i in range(500)]
    goroutines.join()


def test_a_closed_channel():
    async def main():
        chan = gort.Chan(2)
        await chan.asend(1)
        chan.close()
        assert await chan.arecv() == 1
        with pytest.raises(gort.Closed):
            await chan.arecv()
        with pytest.raises(gort.Closed):
            await chan.asend(2)
        assert [value async for value in chan] == []

        chan = gort.Chan()
        waiting = [asyncio.ensure_future(chan.arecv()) for _ in range(3)]
        ranging = asyncio.ensure_future(take_all(chan))
        await asyncio.sleep(0.01)
        gort.go(chan.close)
        for each in waiting:
            with pytest.raises(gort.Closed):
                await each
        assert await ranging == []

    async def take_all(chan):
        return [value async for value in chan]

    asyncio.run(main())


def test_aselect():
    async def main():
        first, second = gort.Chan(), gort.Chan()
        gort.go(second.send, 7)
        assert await gort.aselect(gort.recv(first), gort.recv(second)) == gort.Selected(1, 7, True)
        receiver = gort.go(first.recv)
        assert await gort.aselect(gort.send(first, 8), gort.recv(second)) == gort.Selected(0, None, True)
        assert receiver.join() == 8
        assert (await gort.aselect(gort.recv(second), gort.recv(gort.after(0.001)))).index == 1
        first.close()
        assert await gort.aselect(gort.recv(first)) == gort.Selected(0, None, False)
        with pytest.raises(gort.Closed):
            await gort.aselect(gort.send(first, 1))

    asyncio.run(main())


def test_awaiting_a_goroutine():
    async def main():
        assert await gort.go(lambda: 5) == 5
        handle = gort.go(lambda: gort.sleep(0.005) or "slept")
        assert await handle == "slept"
        assert await handle == "slept"
        with pytest.raises(ZeroDivisionError):
            await gort.go(lambda: 1 // 0)
        handles = [gort.go(lambda i=i: gort.sleep(0.001) or i) for i in range(100)]
        assert [await handle for handle in handles] == list(range(100))

    asyncio.run(main())


def test_a_canceled_wait_does_no_harm_to_what_was_waited_for():
    async def main():
        gate = gort.Chan()
        handle = gort.go(gate.recv)

        async def waits():
            return await handle

        task = asyncio.ensure_future(waits())
        await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not handle.done
        gate.send(3)
        assert await handle == 3

    asyncio.run(main())


def test_a_canceled_arecv_is_no_receiver():
    async def main():
        chan = gort.Chan()
        for _ in range(50):
            task = asyncio.ensure_future(chan.arecv())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(gort.WouldBlock):
                chan.try_send("for nobody")
            task = asyncio.ensure_future(chan.asend("from nobody"))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(gort.WouldBlock):
                chan.try_recv()
            task = asyncio.ensure_future(gort.aselect(gort.recv(chan), gort.send(chan, 1)))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(gort.WouldBlock):
                chan.try_recv()

    asyncio.run(main())


def test_an_awaitable_that_is_never_awaited_takes_nothing():
    async def main():
        chan = gort.Chan(2)
        chan.send(1)
        awaitable = chan.arecv()
        if hasattr(awaitable, "close"):
            awaitable.close()
        del awaitable
        assert chan.recv() == 1

    asyncio.run(main())


def test_the_loop_goes_on_while_waiting():
    async def main():
        chan, ticks = gort.Chan(), 0
        task = asyncio.ensure_future(chan.arecv())
        for _ in range(20):
            await asyncio.sleep(0)
            ticks += 1
        assert not task.done()
        gort.go(chan.send, ticks)
        assert await task == 20

    asyncio.run(main())


def test_loops_on_many_threads():
    chan, back = gort.Chan(), gort.Chan()

    async def echoes():
        async for value in chan:
            await back.asend(value)

    threads = [threading.Thread(target=asyncio.run, args=(echoes(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    sender = gort.go(lambda: [chan.send(i) for i in range(400)] and chan.close())
    assert sorted(back.recv() for _ in range(400)) == list(range(400))
    sender.join()
    for thread in threads:
        thread.join()


@goroutine
def test_loops_inside_goroutines():
    """Each has its own running loop, several of them interleaved on one OS thread."""
    ring = [gort.Chan() for _ in range(5)]

    async def passes(i):
        loop = asyncio.get_running_loop()
        for turn in range(20):
            if i == 0:
                await ring[1].asend(turn)
                assert await ring[0].arecv() == turn
            else:
                value = await ring[i].arecv()
                await asyncio.sleep(0)
                await ring[(i + 1) % 5].asend(value)
            assert asyncio.get_running_loop() is loop
        return id(loop)

    handles = [gort.go(asyncio.run, passes(i)) for i in range(5)]
    assert len({handle.join() for handle in handles}) >= 1


@goroutine
def test_a_goroutine_inside_a_loop_may_block_beside_others():
    """A blocking recv in a coroutine parks the goroutine that runs the loop, not the other goroutines."""
    chan = gort.Chan()

    async def blocks():
        return chan.recv()

    handle = gort.go(asyncio.run, blocks())
    gort.yield_now()
    chan.send("from beside")
    assert handle.join() == "from beside"


def test_many_at_once():
    async def main():
        chan = gort.Chan()
        receivers = [asyncio.ensure_future(chan.arecv()) for _ in range(1000)]
        await asyncio.sleep(0)
        gort.go(lambda: [chan.send(i) for i in range(1000)])
        return await asyncio.gather(*receivers)

    assert sorted(asyncio.run(main())) == list(range(1000))


def test_wait_for_and_gather():
    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(gort.Chan().arecv(), 0.001)
        chan = gort.Chan(1)
        gort.after_func(0.001, chan.send, "in time")
        assert await asyncio.wait_for(chan.arecv(), WAIT) == "in time"

    asyncio.run(main())


def test_a_loop_that_is_closed_while_a_task_waits():
    chan = gort.Chan()

    async def main():
        asyncio.ensure_future(chan.arecv())  # asyncio.run cancels it
        await asyncio.sleep(0)

    for _ in range(10):
        asyncio.run(main())
    with pytest.raises(gort.WouldBlock):
        chan.try_send("for nobody")
    eventually(lambda: gort.num_goroutine() == 0)


def test_without_a_running_loop():
    chan = gort.Chan(1)
    coroutine = None
    with pytest.raises((RuntimeError, gort.Error)):
        coroutine = chan.arecv()
        if hasattr(coroutine, "send"):
            coroutine.send(None)
        else:
            next(coroutine.__await__())
    chan.send("still there")
    assert chan.try_recv() == "still there"
