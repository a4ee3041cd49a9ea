"""Select: what is chosen, what is not, fairness, and waits that end early."""

from __future__ import annotations

from datetime import timedelta

import gort
import pytest
from gort import context
from support import WAIT, goroutine


@goroutine
def test_the_ready_case_is_chosen():
    empty, full = gort.Chan(1), gort.Chan(1)
    full.send("value")
    chosen = gort.select(gort.recv(empty), gort.recv(full), gort.send(gort.Chan.nil(), 1))
    assert chosen == gort.Selected(1, "value", True)
    assert (chosen.index, chosen.value, chosen.ok) == (1, "value", True)
    assert gort.select(gort.recv(full), gort.send(empty, 7)) == gort.Selected(1, None, True)
    assert empty.recv() == 7


@goroutine
def test_a_default_is_chosen_when_nothing_is_ready():
    chan = gort.Chan(1)
    assert gort.select(gort.recv(chan), default=True) == gort.Selected(-1, None, False)
    assert gort.select(default=True) == gort.Selected(-1, None, False)
    chan.send(None)
    assert gort.select(gort.recv(chan), default=True) == gort.Selected(0, None, True)
    chan.send(1)
    assert gort.select(gort.send(chan, 2), default=True).index == -1
    assert chan.recv() == 1 and len(chan) == 0


@goroutine
def test_a_closed_channel_is_ready():
    closed, silent = gort.Chan(1), gort.Chan()
    closed.send("last")
    closed.close()
    assert gort.select(gort.recv(silent), gort.recv(closed)) == gort.Selected(1, "last", True)
    for _ in range(3):
        assert gort.select(gort.recv(silent), gort.recv(closed)) == gort.Selected(1, None, False)
    with pytest.raises(gort.Closed):
        gort.select(gort.send(closed, 1), gort.recv(silent))
    with pytest.raises(gort.Closed):
        gort.select(gort.send(closed, 1), default=True)


@goroutine
def test_a_waiting_select_is_woken():
    first, second = gort.Chan(), gort.Chan()
    handle = gort.go(gort.select, gort.recv(first), gort.recv(second))
    gort.sleep(0.005)
    second.send("woken")
    assert handle.join() == gort.Selected(1, "woken", True)
    with pytest.raises(gort.WouldBlock):
        first.try_send("nobody is left in the queue of the other")

    handle = gort.go(gort.select, gort.recv(first), gort.send(second, "given"))
    gort.sleep(0.005)
    assert second.recv() == "given"
    assert handle.join() == gort.Selected(1, None, True)

    handle = gort.go(gort.select, gort.recv(first), gort.send(second, 1))
    gort.sleep(0.005)
    second.close()
    with pytest.raises(gort.Closed):
        handle.join()
    handle = gort.go(gort.select, gort.recv(first))
    gort.sleep(0.005)
    first.close()
    assert handle.join() == gort.Selected(0, None, False)


@goroutine
def test_every_ready_case_has_its_chance():
    chans = [gort.Chan(1) for _ in range(4)]
    for chan in chans:
        chan.close()
    counts = [0] * 4
    for _ in range(4000):
        counts[gort.select(*map(gort.recv, chans)).index] += 1
    # 1000 each is expected; 700 is more than ten standard deviations away.
    assert min(counts) > 700, counts


@goroutine
def test_waits_end_early():
    chan = gort.Chan()
    for timeout in (0, -1, 0.001, timedelta(milliseconds=1)):
        with pytest.raises(gort.Timeout):
            gort.select(gort.recv(chan), gort.send(chan, 1), timeout=timeout)
    with pytest.raises(gort.Timeout):
        gort.select(timeout=0.001)
    with pytest.raises(gort.DeadlineExceeded):
        gort.select(gort.recv(chan), ctx=context.with_timeout(context.background(), 0.001))
    ctx = context.with_cancel(context.background())
    gort.go(lambda: (gort.sleep(0.001), ctx.cancel()))
    with pytest.raises(gort.Canceled):
        gort.select(gort.recv(chan), ctx=ctx, timeout=WAIT)
    with pytest.raises(gort.WouldBlock):
        chan.try_recv()


@goroutine
def test_a_ready_value_wins_over_no_time():
    chan = gort.Chan(1)
    chan.send(1)
    assert gort.select(gort.recv(chan), timeout=0) == gort.Selected(0, 1, True)


@goroutine
def test_the_same_channel_in_many_cases():
    chan = gort.Chan()
    handle = gort.go(gort.select, gort.recv(chan), gort.send(chan, "own"), gort.recv(chan))
    gort.sleep(0.005)
    assert not handle.done  # a select is no partner for itself
    chan.send("other")
    chosen = handle.join()
    assert chosen.index in (0, 2) and chosen.value == "other"
    with pytest.raises(gort.WouldBlock):
        chan.try_recv()


@goroutine
def test_a_hundred_cases():
    chans = [gort.Chan() for _ in range(100)]
    for i in (0, 57, 99):
        handle = gort.go(gort.select, *map(gort.recv, chans))
        gort.yield_now()
        chans[i].send(i)
        assert handle.join() == gort.Selected(i, i, True)


@goroutine
def test_a_case_may_be_used_again():
    chan = gort.Chan(10)
    case, back = gort.send(chan, "again"), gort.recv(chan)
    for _ in range(5):
        assert gort.select(case).index == 0
    assert len(chan) == 5
    assert [gort.select(back).value for _ in range(5)] == ["again"] * 5


@goroutine
def test_ends_are_good_for_cases():
    chan = gort.Chan(1)
    assert gort.select(gort.send(chan.sender(), 1)).index == 0
    assert gort.select(gort.recv(chan.receiver())).value == 1
    with pytest.raises(TypeError):
        gort.recv(chan.sender())
    with pytest.raises(TypeError):
        gort.send(chan.receiver(), 1)


@goroutine
def test_selects_meet_each_other():
    """Every value goes from one select to another, once."""
    left, right, stop = gort.Chan(), gort.Chan(), gort.Chan()

    def gives(first):
        return [gort.select(gort.send(left, i), gort.send(right, i)).index for i in range(first, first + 300)]

    def takes():
        got = []
        while True:
            chosen = gort.select(gort.recv(left), gort.recv(right), gort.recv(stop))
            if chosen.index == 2:
                return got
            got.append(chosen.value)

    takers = [gort.go(takes) for _ in range(3)]
    givers = [gort.go(gives, 300 * i) for i in range(3)]
    for giver in givers:
        giver.join()
    stop.close()
    assert sorted(value for taker in takers for value in taker.join()) == list(range(900))


def test_the_main_thread_selects():
    chan = gort.Chan()
    gort.go(lambda: (gort.sleep(0.001), chan.send(3)))
    assert gort.select(gort.recv(chan), gort.recv(gort.after(WAIT))) == gort.Selected(0, 3, True)
    assert gort.select(gort.recv(chan), gort.recv(gort.after(0.001))).index == 1
