"""Bad input: the right exception, and nothing changes."""

from __future__ import annotations

import math
from datetime import timedelta

import gort
import pytest
from gort import context
from support import goroutine

NOT_CALLABLE = pytest.mark.parametrize("wrong", [None, 1, "print", [], object()])


@NOT_CALLABLE
def test_what_cannot_be_called(wrong):
    group, errors = gort.WaitGroup(), gort.Group()
    for start in (
        gort.go, gort.run, gort.blocking, group.go, errors.go, errors.try_go, gort.Once().do, gort.Pool,
        lambda f: gort.go_named("name", f), lambda f: gort.after_func(0, f),
        lambda f: gort.SingleFlight().do(1, f), lambda f: context.after_func(context.background(), f),
    ):
        with pytest.raises(TypeError):
            start(wrong)
    group.wait()
    errors.wait()


def test_missing_and_superfluous_arguments():
    for call in (
        gort.go, gort.go_named, gort.run, gort.blocking, gort.sleep, gort.after, gort.Timer, gort.Ticker, gort.recv,
        gort.Semaphore, gort.Cond, gort.Pool, gort.after_func, context.with_cancel, gort.imap,
        lambda: gort.Chan(1, 2), lambda: gort.Chan(size=1), lambda: gort.Chan().send(), lambda: gort.Chan().recv(1),
        lambda: gort.Chan().send(1, 2), lambda: gort.Chan().recv(nothing=1), lambda: gort.select(wrong=1),
        lambda: gort.Mutex().lock(1), lambda: gort.yield_now(1), lambda: gort.send(gort.Chan()),
        lambda: gort.WaitGroup().wait(1),
    ):
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("capacity", [-1, -(2**62)])
def test_a_negative_capacity(capacity):
    with pytest.raises(ValueError):
        gort.Chan(capacity)


@pytest.mark.parametrize("capacity", [2**100, 2**63, -(2**100), 2**62, 2**50])
def test_a_huge_capacity(capacity):
    with pytest.raises((OverflowError, MemoryError, ValueError)):
        gort.Chan(capacity)


def test_a_large_capacity():
    chan = gort.Chan(1_000_000)
    assert (chan.cap, len(chan)) == (1_000_000, 0)
    chan.send(1)
    assert chan.recv() == 1


@pytest.mark.parametrize("wrong", ["1", 1.5, None, [], 2j])
def test_what_is_no_number(wrong):
    for call in (
        gort.Chan, gort.gomaxprocs, gort.Semaphore, gort.AtomicInt, gort.AtomicInt().add, gort.AtomicInt().store,
        gort.WaitGroup().add, gort.Semaphore(1).acquire, gort.Semaphore(1).try_acquire, gort.Semaphore(1).release,
    ):
        with pytest.raises(TypeError):
            call(wrong)


def test_numbers_that_are_too_large():
    for call in (gort.WaitGroup().add, gort.Semaphore(1).acquire, gort.Semaphore(1).try_acquire):
        with pytest.raises((OverflowError, ValueError)):
            call(2**100)
    with pytest.raises((OverflowError, ValueError)):
        gort.gomaxprocs(2**100)
    assert gort.gomaxprocs(-1) == gort.gomaxprocs()


@goroutine
def test_what_is_no_timeout():
    chan, mutex, group, semaphore = gort.Chan(), gort.Mutex(), gort.WaitGroup(), gort.Semaphore(1)
    handle = gort.go(lambda: None)
    for wait in (
        lambda t: chan.recv(timeout=t), lambda t: chan.send(1, timeout=t), lambda t: mutex.lock(timeout=t),
        lambda t: group.wait(timeout=t), lambda t: semaphore.acquire(timeout=t), lambda t: handle.join(timeout=t),
        lambda t: gort.select(gort.recv(chan), timeout=t),
    ):
        with pytest.raises(ValueError):
            wait(math.nan)
        for wrong in ("1", [], 1j, object()):
            with pytest.raises(TypeError):
                wait(wrong)
    assert mutex.try_lock() and semaphore.try_acquire()
    for duration in ("1", None, 1j):
        with pytest.raises(TypeError):
            context.with_timeout(context.background(), duration)
        with pytest.raises(TypeError):
            context.with_deadline(context.background(), duration)
    for make in (context.with_timeout, context.with_deadline):
        with pytest.raises(ValueError):
            make(context.background(), math.nan)
    handle.join()


def test_what_is_no_channel_and_no_case():
    for wrong in (None, 1, object(), [], gort.Mutex()):
        with pytest.raises(TypeError):
            gort.recv(wrong)
        with pytest.raises(TypeError):
            gort.send(wrong, 1)
        with pytest.raises(TypeError):
            gort.select(wrong)
        with pytest.raises(TypeError):
            gort.select(gort.recv(gort.Chan()), wrong, default=True)
    with pytest.raises(TypeError):
        gort.select(gort.Chan())


def test_what_is_no_context():
    chan = gort.Chan(1)
    for wrong in (1, "ctx", object()):
        for wait in (
            lambda c: chan.recv(ctx=c), lambda c: chan.send(1, ctx=c), lambda c: gort.select(ctx=c, default=True),
            lambda c: gort.sleep(0, ctx=c), lambda c: gort.Mutex().lock(ctx=c), lambda c: gort.WaitGroup().wait(ctx=c),
            lambda c: gort.Semaphore(1).acquire(ctx=c), lambda c: gort.Group(c),
        ):
            with pytest.raises(TypeError):
                wait(wrong)
    assert len(chan) == 0


def test_a_name_is_a_string():
    for wrong in (None, 1, b"bytes"):
        with pytest.raises(TypeError):
            gort.go_named(wrong, lambda: None)
    for name in ("", "with \0 zero", "käse 漢字 \U0001f600", "x" * 10_000, "two\nlines"):
        handle = gort.go_named(name, lambda: None)
        handle.join()
        assert isinstance(handle.name, str)
        assert handle.name == name or "\0" in name or len(name) > 100


def test_what_cannot_be_made():
    for kind in (gort.Goroutine, gort.Case, gort.SendChan, gort.RecvChan, context.Context):
        with pytest.raises(TypeError):
            kind()


def test_what_cannot_be_changed():
    chan = gort.Chan(1)
    for name in ("cap", "closed"):
        with pytest.raises(AttributeError):
            setattr(chan, name, 1)
    handle = gort.go(lambda: 1)
    with pytest.raises(AttributeError):
        handle.done = True
    handle.join()


def test_what_cannot_be_copied():
    import copy
    import pickle

    for each in (gort.Chan(), gort.Mutex(), gort.WaitGroup(), context.background(), gort.AtomicInt()):
        with pytest.raises(TypeError):
            pickle.dumps(each)
        with pytest.raises(TypeError):
            copy.copy(each)


def test_every_kind_of_duration_is_taken():
    for duration in (0, 0.0, True, timedelta(0)):
        gort.sleep(duration)

    class Index:
        def __index__(self):
            return 3

    assert gort.Chan(Index()).cap == 3
