"""Group: the first exception ends the others' context and comes out of wait."""

from __future__ import annotations

import traceback

import gort
import pytest
from gort import context
from support import goroutine


@goroutine
def test_wait_waits_for_all():
    done = gort.AtomicInt()
    group = gort.Group()
    for i in range(50):
        group.go(lambda x, *, y: (gort.yield_now(), done.add(x - y)), i + 1, y=i)
    group.wait()
    assert done.load() == 50
    with gort.Group() as group:
        for _ in range(50):
            group.go(done.add, 1)
    assert done.load() == 100


@goroutine
def test_the_first_exception_is_raised_and_ends_the_context():
    group = gort.Group()
    error = KeyError("first")

    def fails():
        raise error

    def waits():
        group.ctx.done().recv_ok()
        raise ValueError("second")

    for _ in range(5):
        group.go(waits)
    group.go(fails)
    with pytest.raises(KeyError) as caught:
        group.wait()
    assert caught.value is error
    assert group.ctx.cause() is error
    assert isinstance(group.ctx.err(), gort.Canceled)
    assert "fails" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]


@goroutine
def test_the_context_ends_with_the_wait():
    group = gort.Group()
    group.go(lambda: None)
    assert group.ctx.err() is None
    group.wait()
    assert isinstance(group.ctx.err(), gort.Canceled)


@goroutine
def test_a_group_belongs_to_its_parent_context():
    parent = context.with_cancel(context.with_value(context.background(), "k", 5))
    group = gort.Group(parent)
    assert group.ctx.value("k") == 5
    group.go(gort.sleep, 1e6, ctx=group.ctx)
    parent.cancel(ValueError("the parent"))
    with pytest.raises(gort.Canceled):
        group.wait()


@goroutine
def test_the_limit_holds():
    group, inside = gort.Group(limit=3), gort.AtomicInt()

    def works():
        assert inside.add(1) <= 3
        gort.yield_now()
        inside.add(-1)

    for _ in range(50):
        group.go(works)
    group.wait()


@goroutine
def test_try_go_does_not_wait():
    group, gate, ran = gort.Group(limit=1), gort.Chan(), []
    assert group.try_go(gate.recv) is True
    assert group.try_go(ran.append, 1) is False
    gate.send(1)
    group.wait()
    assert ran == []
    group = gort.Group()
    assert all(group.try_go(ran.append, i) for i in range(10))
    group.wait()
    assert sorted(ran) == list(range(10))


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_is_positive(limit):
    with pytest.raises(ValueError):
        gort.Group(limit=limit)


@goroutine
def test_an_exception_in_the_block_comes_out_after_the_others_have_ended():
    ended = []

    def waits(ctx):
        ctx.done().recv_ok()
        ended.append(1)

    with pytest.raises(ZeroDivisionError), gort.Group() as group:
        group.go(waits, group.ctx)
        raise ZeroDivisionError
    assert ended == [1]


@goroutine
def test_exit_is_no_failure():
    with gort.Group() as group:
        group.go(gort.exit)


def test_on_the_main_thread():
    with pytest.raises(KeyError), gort.Group() as group:
        group.go({}.__getitem__, "absent")
        group.go(gort.sleep, 0.001)
