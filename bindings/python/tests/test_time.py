"""Time: sleeping, after, timers, tickers. Elapsed time is only ever compared from below."""

from __future__ import annotations

import math
import time
from datetime import timedelta

import gort
import pytest
from gort import context
from support import WAIT, eventually, goroutine

DURATIONS = pytest.mark.parametrize("duration", [0.02, timedelta(milliseconds=20)])


@goroutine
@DURATIONS
def test_nothing_fires_too_early(duration):
    def elapsed(wait):
        started = time.monotonic()
        wait()
        return time.monotonic() - started

    ticker = gort.Ticker(duration)
    assert elapsed(lambda: gort.sleep(duration)) >= 0.02
    assert elapsed(lambda: gort.after(duration).recv()) >= 0.02
    assert elapsed(lambda: gort.Timer(duration).c.recv()) >= 0.02
    assert elapsed(lambda: [ticker.reset(duration), ticker.c.recv(), ticker.c.recv()]) >= 0.03
    assert elapsed(lambda: pytest.raises(gort.Timeout, gort.Chan().recv, timeout=duration)) >= 0.02
    assert elapsed(lambda: pytest.raises(gort.Timeout, gort.select, timeout=duration)) >= 0.02
    ticker.stop()


@goroutine
def test_a_sleep_of_nothing_returns_at_once():
    for duration in (0, -1, -0.5, -math.inf, timedelta(0), timedelta(days=-1)):
        gort.sleep(duration)


def test_the_main_thread_sleeps():
    started = time.monotonic()
    gort.sleep(0.02)
    assert time.monotonic() - started >= 0.02


@goroutine
def test_a_context_ends_a_sleep():
    ctx = context.with_cancel(context.background())
    gort.go(lambda: (gort.sleep(0.001), ctx.cancel()))
    with pytest.raises(gort.Canceled):
        gort.sleep(WAIT * 10, ctx=ctx)
    with pytest.raises(gort.DeadlineExceeded):
        gort.sleep(math.inf, ctx=context.with_timeout(context.background(), 0.001))
    gort.sleep(0.001, ctx=context.background())


@goroutine
def test_sleepers_wake_in_the_order_of_their_times():
    log = gort.Chan(10)
    base = time.monotonic() + 0.3

    def sleeps_until(i):
        gort.sleep(base + 0.02 * i - time.monotonic())
        woken = time.monotonic()
        log.send((i, woken))

    for i in reversed(range(10)):
        gort.go(sleeps_until, i)
    for i, woken in [log.recv() for _ in range(10)]:
        assert woken >= base + 0.02 * i - 0.0005


@goroutine
def test_ten_thousand_sleepers():
    group = gort.WaitGroup()
    for i in range(10_000):
        group.go(gort.sleep, (i % 100) / 2000)
    group.wait()


@goroutine
def test_after_carries_the_time_of_the_firing():
    before = time.monotonic()
    fired = gort.after(0.01).recv()
    assert before + 0.01 <= fired <= time.monotonic()
    fired = gort.Timer(0).c.recv()
    assert before <= fired <= time.monotonic()


@goroutine
def test_a_stopped_timer_does_not_fire():
    timer = gort.Timer(0.002)
    assert timer.stop() is True
    assert timer.stop() is False
    with pytest.raises(gort.Timeout):
        timer.c.recv(timeout=0.02)


@goroutine
def test_stop_and_reset_leave_no_stale_value():
    timer = gort.Timer(0)
    gort.sleep(0.01)
    timer.stop()
    assert len(timer.c) == 0
    before = time.monotonic()
    timer.reset(0.01)
    assert timer.c.recv() >= before + 0.01
    timer = gort.Timer(0)
    gort.sleep(0.01)
    before = time.monotonic()
    timer.reset(0.01)
    assert timer.c.recv() >= before + 0.01


@goroutine
def test_reset_says_whether_it_was_running():
    timer = gort.Timer(WAIT)
    assert timer.reset(0) is True
    timer.c.recv()
    assert timer.reset(WAIT) is False
    assert timer.stop() is True
    assert timer.reset(0) is False
    timer.c.recv()


@goroutine
def test_after_func_runs_in_a_goroutine_of_its_own():
    chan = gort.Chan()
    timer = gort.after_func(0.001, lambda *args: chan.send((gort.goroutine_id(), args)), 1, 2)
    number, arguments = chan.recv()
    assert arguments == (1, 2)
    assert number not in (0, gort.goroutine_id())
    assert timer.stop() is False
    timer.reset(0)
    assert chan.recv()[1] == (1, 2)


@goroutine
def test_a_stopped_after_func_never_runs():
    ran = []
    assert gort.after_func(0.005, ran.append, 1).stop() is True
    gort.sleep(0.02)
    assert ran == []


@goroutine
def test_a_ticker_goes_on_and_can_be_stopped_and_reset():
    ticker = gort.Ticker(0.002)
    ticks = [ticker.c.recv() for _ in range(5)]
    assert ticks == sorted(ticks)
    ticker.stop()
    gort.sleep(0.01)
    assert len(ticker.c) == 0
    ticker.reset(0.001)
    ticker.c.recv()
    ticker.stop()
    ticker.stop()


@goroutine
def test_a_ticker_drops_ticks_for_the_slow():
    ticker = gort.Ticker(0.001)
    gort.sleep(0.03)
    ticker.stop()
    assert len(ticker.c) <= 1


@goroutine
def test_a_dropped_ticker_or_timer_does_no_harm():
    for _ in range(100):
        gort.Ticker(0.0005)
        gort.Timer(0.0005)
        gort.after(0.0005)
    channel = gort.Timer(0.002).c
    channel.recv()  # the channel outlives the timer
    done = []
    gort.after_func(0.002, done.append, 1)
    eventually(lambda: done)


@pytest.mark.parametrize("make", [gort.sleep, gort.after, gort.Timer, gort.Ticker, lambda d: gort.after_func(d, print)])
def test_what_is_no_duration(make):
    with pytest.raises(ValueError):
        make(math.nan)
    for wrong in ("1", None, [], 1j, object()):
        with pytest.raises(TypeError):
            make(wrong)


@pytest.mark.parametrize("period", [0, -1, 0.0, timedelta(0), -math.inf])
def test_a_period_is_positive(period):
    with pytest.raises(ValueError):
        gort.Ticker(period)
    ticker = gort.Ticker(WAIT)
    with pytest.raises(ValueError):
        ticker.reset(period)
    ticker.stop()


def test_very_long_durations():
    for duration in (1e300, math.inf, timedelta.max, 2**63, 1e10):
        assert gort.Timer(duration).stop() is True
        assert len(gort.after(duration)) == 0
