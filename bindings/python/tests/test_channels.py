"""Channels: order, blocking, closing, trying, ends with a direction, the nil channel, and waits that end early."""

from __future__ import annotations

import math
from datetime import timedelta

import gort
import pytest
from gort import context
from support import WAIT, goroutine

ZERO_WAITS = [0, 0.0, -1, -math.inf, timedelta(0), timedelta(seconds=-3)]


@goroutine
def test_an_unbuffered_send_returns_when_received():
    chan, log = gort.Chan(), []

    def sends():
        chan.send("value")
        log.append("sent")

    sender = gort.go(sends)
    for _ in range(10):
        gort.yield_now()
    assert log == []
    assert chan.recv() == "value"
    sender.join()
    assert log == ["sent"]


@goroutine
def test_a_buffered_channel_keeps_the_order_and_its_length():
    chan = gort.Chan(3)
    assert (len(chan), chan.cap, chan.closed) == (0, 3, False)
    for i in range(3):
        chan.send(i)
    assert len(chan) == 3
    with pytest.raises(gort.WouldBlock):
        chan.try_send(3)
    assert [chan.recv() for _ in range(3)] == [0, 1, 2]
    with pytest.raises(gort.WouldBlock):
        chan.try_recv()
    assert gort.Chan().cap == 0


@goroutine
def test_a_waiting_sender_moves_up():
    chan = gort.Chan(1)
    sender = gort.go(lambda: [chan.send(i) for i in range(10)])
    assert [chan.recv() for _ in range(10)] == list(range(10))
    sender.join()


@goroutine
def test_values_arrive_as_the_objects_they_are():
    chan = gort.Chan(1)
    for value in (None, False, 0, [], object(), gort.Chan, chan, ValueError("x"), lambda: 1):
        chan.send(value)
        assert chan.recv() is value
        chan.send(value)
        assert chan.recv_ok() == (value, True)
        chan.try_send(value)
        assert chan.try_recv() is value


def test_a_channel_is_true_even_when_empty():
    chan = gort.Chan()
    assert bool(chan) and bool(chan.sender()) and bool(chan.receiver()) and bool(gort.Chan.nil())
    chan.close()
    assert bool(chan)


@goroutine
def test_a_closed_channel_gives_what_is_left():
    chan = gort.Chan(2)
    chan.send(1)
    chan.send(None)
    chan.close()
    assert chan.closed
    assert chan.recv() == 1
    assert chan.recv_ok() == (None, True)
    for _ in range(2):
        assert chan.recv_ok() == (None, False)
        with pytest.raises(gort.Closed):
            chan.recv()
        with pytest.raises(gort.Closed):
            chan.try_recv()
        with pytest.raises(gort.Closed):
            chan.recv(timeout=0)
    for send in (chan.send, chan.try_send, lambda v: chan.send(v, timeout=0)):
        with pytest.raises(gort.Closed):
            send(1)
    with pytest.raises(gort.Closed):
        chan.close()


@goroutine
def test_close_wakes_everybody():
    chan = gort.Chan()
    receivers = [gort.go(chan.recv_ok) for _ in range(20)]
    ranging = [gort.go(list, chan) for _ in range(20)]
    raising = [gort.go(chan.recv) for _ in range(20)]
    gort.sleep(0.01)
    chan.close()
    assert all(handle.join() == (None, False) for handle in receivers)
    assert all(handle.join() == [] for handle in ranging)
    for handle in raising:
        with pytest.raises(gort.Closed):
            handle.join()

    full = gort.Chan(1)
    full.send("in time")
    senders = [gort.go(full.send, i) for i in range(20)]
    gort.sleep(0.01)
    full.close()
    for handle in senders:
        with pytest.raises(gort.Closed):
            handle.join()
    assert list(full) == ["in time"]


@goroutine
def test_a_range_ends_with_the_close():
    chan = gort.Chan()

    def sends():
        for i in range(100):
            chan.send(i)
        chan.close()

    gort.go(sends)
    assert list(chan) == list(range(100))
    assert list(chan) == []


@goroutine
def test_a_range_may_be_left_and_taken_up_again():
    chan = gort.Chan(10)
    for i in range(10):
        chan.send(i)
    chan.close()
    for value in chan:
        if value == 3:
            break
    assert list(chan) == [4, 5, 6, 7, 8, 9]


@goroutine
@pytest.mark.parametrize("capacity", [0, 1, 7])
def test_many_senders_and_receivers_lose_nothing(capacity):
    chan, senders = gort.Chan(capacity), gort.WaitGroup()
    for part in range(8):
        senders.go(lambda part=part: [chan.send(part * 500 + i) for i in range(500)])
    receivers = [gort.go(list, chan) for _ in range(8)]
    senders.wait()
    chan.close()
    lists = [handle.join() for handle in receivers]
    assert sorted(value for values in lists for value in values) == list(range(4000))
    for values in lists:  # of each sender's values, every receiver sees a sequence that goes up
        for part in range(8):
            own = [value for value in values if value // 500 == part]
            assert own == sorted(own)


@goroutine
def test_ends_share_the_channel():
    chan = gort.Chan(2)
    sender, receiver = chan.sender(), chan.receiver()
    sender.send(1)
    sender.try_send(2)
    assert (len(sender), len(receiver), sender.cap, receiver.cap) == (2, 2, 2, 2)
    assert receiver.recv() == 1
    sender.close()
    assert chan.closed and sender.closed and receiver.closed
    assert list(receiver) == [2]


def test_ends_have_no_other_direction():
    chan = gort.Chan(1)
    sender, receiver = chan.sender(), chan.receiver()
    for name in ("recv", "recv_ok", "try_recv", "arecv", "__iter__", "__aiter__"):
        assert hasattr(chan, name) and hasattr(receiver, name) and not hasattr(sender, name)
    for name in ("send", "try_send", "asend", "close"):
        assert hasattr(chan, name) and hasattr(sender, name) and not hasattr(receiver, name)
    assert isinstance(sender, gort.SendChan) and isinstance(receiver, gort.RecvChan)
    assert isinstance(chan, gort.SendChan) and isinstance(chan, gort.RecvChan)
    assert not isinstance(sender, gort.Chan) and not isinstance(receiver, gort.Chan)


def test_generic_at_run_time():
    assert gort.Chan[int](3).cap == 3
    for each in (gort.SendChan, gort.RecvChan, gort.Goroutine, gort.Pool):
        assert each[int] is not None
    assert gort.Map[str, int] is not None


@goroutine
def test_the_nil_channel_is_never_ready():
    nil = gort.Chan.nil()
    with pytest.raises(gort.WouldBlock):
        nil.try_send(1)
    with pytest.raises(gort.WouldBlock):
        nil.try_recv()
    with pytest.raises(gort.Timeout):
        nil.recv(timeout=0.001)
    with pytest.raises(gort.Timeout):
        nil.send(1, timeout=0.001)
    with pytest.raises(gort.Misuse):
        nil.close()
    assert (len(nil), nil.cap, nil.closed) == (0, 0, False)


@goroutine
@pytest.mark.parametrize("timeout", ZERO_WAITS)
def test_a_wait_of_nothing_tries_once(timeout):
    chan = gort.Chan(1)
    with pytest.raises(gort.Timeout):
        chan.recv(timeout=timeout)
    chan.send(1, timeout=timeout)
    with pytest.raises(gort.Timeout):
        chan.send(2, timeout=timeout)
    assert chan.recv(timeout=timeout) == 1
    assert len(chan) == 0


@goroutine
@pytest.mark.parametrize("timeout", [math.inf, 1e30, WAIT, timedelta(seconds=WAIT), timedelta.max, None])
def test_a_long_wait_ends_with_the_value(timeout):
    chan = gort.Chan()
    gort.go(lambda: (gort.sleep(0.001), chan.send(1)))
    assert chan.recv(timeout=timeout) == 1
    gort.go(lambda: (gort.sleep(0.001), chan.recv()))
    chan.send(2, timeout=timeout)


@goroutine
def test_a_timeout_is_also_the_builtin_one():
    with pytest.raises(TimeoutError):
        gort.Chan().recv(timeout=0)


@goroutine
def test_a_context_ends_a_wait():
    chan = gort.Chan()
    cause = RuntimeError("no more")
    for operation in (lambda ctx: chan.recv(ctx=ctx), lambda ctx: chan.send(1, ctx=ctx)):
        ctx = context.with_cancel(context.background())
        gort.go(lambda ctx=ctx: (gort.sleep(0.001), ctx.cancel(cause)))
        with pytest.raises(gort.Canceled) as caught:
            operation(ctx)
        assert caught.value.__cause__ is cause
        with pytest.raises(gort.Canceled):
            operation(ctx)
        with pytest.raises(gort.DeadlineExceeded):
            operation(context.with_timeout(context.background(), 0.001))
    with pytest.raises(gort.WouldBlock):
        chan.try_recv()  # nothing was left behind
    chan.close()


@goroutine
def test_of_a_context_and_a_timeout_the_first_counts():
    ctx = context.with_timeout(context.background(), 0.001)
    with pytest.raises(gort.DeadlineExceeded):
        gort.Chan().recv(timeout=WAIT, ctx=ctx)
    with context.with_cancel(context.background()) as ctx, pytest.raises(gort.Timeout):
        gort.Chan().recv(timeout=0.001, ctx=ctx)


@goroutine
def test_a_value_meets_no_waiter_that_is_gone():
    chan = gort.Chan()
    for _ in range(50):
        with pytest.raises(gort.Timeout):
            chan.recv(timeout=0.0001)
        with pytest.raises(gort.WouldBlock):
            chan.try_send("for nobody")
        with pytest.raises(gort.Timeout):
            chan.send("for nobody", timeout=0.0001)
        with pytest.raises(gort.WouldBlock):
            chan.try_recv()


def test_the_main_thread_sends_and_receives():
    chan = gort.Chan()
    gort.go(lambda: [chan.send(i) for i in range(100)] and chan.close())
    assert list(chan) == list(range(100))
    back = gort.Chan()
    total = gort.go(sum, back)
    for i in range(100):
        back.send(i)
    back.close()
    assert total.join() == sum(range(100))
    with pytest.raises(gort.Timeout):
        gort.Chan().recv(timeout=0.001)
