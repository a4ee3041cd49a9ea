"""Context: how one ends, its cause, deadlines, values, and what runs afterwards."""

from __future__ import annotations

import gc
import time
from datetime import timedelta

import gort
import pytest
from gort import context
from support import WAIT, eventually, goroutine


def wait_for_end(ctx: context.Context) -> None:
    assert ctx.done().recv_ok() == (None, False)


@goroutine
def test_background_and_todo_never_end():
    for ctx in (context.background(), context.todo()):
        assert ctx.err() is None and ctx.cause() is None and ctx.deadline() is None
        assert ctx.value("key") is None
        with pytest.raises(gort.WouldBlock):
            ctx.done().try_recv()
        with pytest.raises(AttributeError):
            ctx.cancel()


@goroutine
def test_cancel_ends_a_context_and_those_made_from_it():
    parent = context.with_cancel(context.background())
    child = context.with_value(context.with_cancel(parent), "k", 1)
    sibling = context.with_cancel(context.background())
    assert parent.err() is None
    waiting = [gort.go(wait_for_end, ctx) for ctx in (parent, child)]
    parent.cancel()
    for handle in waiting:
        handle.join()
    for ctx in (parent, child):
        assert isinstance(ctx.err(), gort.Canceled)
    assert sibling.err() is None
    sibling.cancel()
    wait_for_end(sibling)


@goroutine
def test_a_child_does_not_end_its_parent():
    parent = context.with_cancel(context.background())
    with context.with_cancel(parent) as child:
        assert child.err() is None
    assert isinstance(child.err(), gort.Canceled)
    assert parent.err() is None
    parent.cancel()


@goroutine
def test_the_first_cause_counts():
    first, second = ValueError("first"), ValueError("second")
    parent = context.with_cancel(context.background())
    child = context.with_cancel(parent)
    parent.cancel(first)
    parent.cancel(second)
    child.cancel(second)
    for ctx in (parent, child):
        assert ctx.cause() is first
        assert isinstance(ctx.err(), gort.Canceled)
        with pytest.raises(gort.Canceled) as caught:
            gort.Chan().recv(ctx=ctx)
        assert caught.value.__cause__ is first


@goroutine
def test_a_cause_of_the_child_is_its_own():
    parent = context.with_cancel(context.background())
    child = context.with_cancel(parent)
    child.cancel(KeyError("own"))
    parent.cancel(ValueError("late"))
    assert isinstance(child.cause(), KeyError) and isinstance(parent.cause(), ValueError)


@goroutine
def test_without_a_cause_the_cause_is_the_error():
    ctx = context.with_cancel(context.background())
    ctx.cancel()
    assert isinstance(ctx.cause(), gort.Canceled)
    ctx = context.with_timeout(context.background(), 0)
    wait_for_end(ctx)
    assert isinstance(ctx.cause(), gort.DeadlineExceeded)


@goroutine
@pytest.mark.parametrize("duration", [0.002, timedelta(milliseconds=2), 0, -1])
def test_a_deadline_passes(duration):
    before = time.monotonic()
    ctx = context.with_timeout(context.background(), duration)
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else max(duration, 0)
    assert before + seconds - 1e-3 <= ctx.deadline() <= time.monotonic() + seconds + 1e-3 or duration == -1
    wait_for_end(ctx)
    assert isinstance(ctx.err(), gort.DeadlineExceeded)
    assert isinstance(ctx.err(), TimeoutError)
    assert time.monotonic() >= before + seconds


@goroutine
def test_of_several_deadlines_the_earliest_counts():
    near = time.monotonic() + 0.002
    parent = context.with_deadline(context.background(), near)
    assert parent.deadline() == pytest.approx(near, abs=1e-6)
    child = context.with_timeout(parent, WAIT)
    assert child.deadline() == pytest.approx(near, abs=1e-6)
    wait_for_end(child)
    assert isinstance(child.err(), gort.DeadlineExceeded)
    far = context.with_timeout(context.background(), WAIT)
    nearer = context.with_timeout(far, WAIT / 2)
    assert nearer.deadline() < far.deadline()
    far.cancel()
    assert isinstance(nearer.err(), gort.Canceled)


@goroutine
def test_values():
    key = object()
    ctx = context.with_value(context.background(), key, "outer")
    inner = context.with_value(ctx, "other", 2)
    assert (inner.value(key), inner.value("other"), inner.value("absent")) == ("outer", 2, None)
    assert inner.value("absent", "default") == "default"
    assert ctx.value("other") is None
    assert context.with_value(ctx, key, "inner").value(key) == "inner"
    with context.with_cancel(inner) as canceled:
        assert canceled.value(key) == "outer"
    assert canceled.value(key) == "outer"
    assert ctx.value("".join(["a", "b"])) is None
    assert context.with_value(ctx, "ab", 1).value("".join(["a", "b"])) == 1  # by ==, as a dict does
    with pytest.raises(AttributeError):
        inner.cancel()


@goroutine
def test_without_cancel_outlives_its_parent():
    parent = context.with_cancel(context.with_value(context.background(), "k", "v"))
    ctx = context.without_cancel(parent)
    parent.cancel()
    assert ctx.err() is None and ctx.deadline() is None and ctx.value("k") == "v"


@goroutine
def test_a_context_from_one_that_has_ended():
    parent = context.with_cancel(context.background())
    parent.cancel(KeyError("gone"))
    child = context.with_timeout(parent, WAIT)
    assert isinstance(child.err(), gort.Canceled) and isinstance(child.cause(), KeyError)
    wait_for_end(child)


@goroutine
def test_after_func():
    ran = gort.Chan(10)
    ctx = context.with_cancel(context.background())
    stop = context.after_func(ctx, ran.send, "ran")
    stopped = context.after_func(ctx, ran.send, "never")
    assert stopped() is True
    assert stopped() is False
    assert len(ran) == 0
    ctx.cancel()
    assert ran.recv() == "ran"
    assert stop() is False
    context.after_func(ctx, ran.send, "at once")
    assert ran.recv() == "at once"
    assert len(ran) == 0


@goroutine
def test_a_context_made_cancelable_by_a_wait_that_nobody_ends():
    """Contexts that nobody knows any more go, and do not end the wait of others."""
    parent = context.with_cancel(context.background())
    for _ in range(200):
        context.with_cancel(parent)
        context.with_timeout(parent, WAIT)
    gc.collect()
    assert parent.err() is None
    parent.cancel()


@goroutine
def test_the_channel_outlives_the_last_look_at_its_context():
    ctx = context.with_timeout(context.background(), 0.005)
    assert ctx.done().recv_ok() == (None, False)
    parent = context.with_cancel(context.background())
    done = context.with_timeout(parent, WAIT).done()
    parent.cancel()
    assert done.recv_ok() == (None, False)


@goroutine
def test_cancel_from_many():
    for _ in range(100):
        parent = context.with_cancel(context.background())
        children = [context.with_timeout(parent, 0.0002) for _ in range(5)]
        waits = [gort.go(wait_for_end, ctx) for ctx in [parent, *children]]
        cancels = [gort.go(ctx.cancel, ValueError(str(i))) for i, ctx in enumerate([parent, *children])]
        for handle in [*waits, *cancels]:
            handle.join()
        assert isinstance(parent.cause(), ValueError)
        for ctx in children:
            assert isinstance(ctx.err(), (gort.Canceled, gort.DeadlineExceeded))


def test_on_the_main_thread():
    with context.with_timeout(context.background(), 0.001) as ctx:
        wait_for_end(ctx)
    ctx = context.with_cancel(context.background())
    gort.go(ctx.cancel)
    wait_for_end(ctx)
    eventually(lambda: gort.num_goroutine() == 0)


@pytest.mark.parametrize("parent", [None, 1, object()])
def test_what_is_no_context(parent):
    for make in (
        context.with_cancel, context.without_cancel, lambda p: context.with_timeout(p, 1),
        lambda p: context.with_value(p, 1, 2), lambda p: context.after_func(p, print),
    ):
        with pytest.raises(TypeError):
            make(parent)
    if parent is not None:
        with pytest.raises(TypeError):
            gort.Chan().recv(ctx=parent)
