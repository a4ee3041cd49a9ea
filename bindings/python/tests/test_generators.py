"""Generators, context managers and coroutines that park in the middle, within and between goroutines."""

from __future__ import annotations

import contextlib

import gort
import pytest
from support import goroutine


@goroutine
def test_a_generator_that_parks():
    def numbers(count):
        for i in range(count):
            gort.yield_now()
            yield i

    handles = [gort.go(lambda i=i: list(numbers(i))) for i in range(30)]
    assert [handle.join() for handle in handles] == [list(range(i)) for i in range(30)]


@goroutine
def test_a_generator_goes_from_goroutine_to_goroutine():
    def numbers():
        for i in range(20):
            gort.yield_now()
            yield i

    generator = numbers()
    assert [gort.go(next, generator).join() for _ in range(20)] == list(range(20))
    with pytest.raises(StopIteration):
        gort.go(next, generator).join()


@goroutine
def test_a_generator_that_runs_is_not_entered_again():
    gate, inside = gort.Chan(), gort.Chan()

    def waits():
        inside.send(1)
        yield gate.recv()

    generator = waits()
    first = gort.go(next, generator)
    inside.recv()
    with pytest.raises(ValueError, match="already executing"):
        gort.go(next, generator).join()
    gate.send("value")
    assert first.join() == "value"
    generator.close()


@goroutine
def test_delegation_and_throwing():
    def inner():
        received = []
        while True:
            try:
                gort.yield_now()
                received.append((yield len(received)))
            except KeyError:
                gort.yield_now()
                return received

    def outer():
        result = yield from inner()
        yield result

    def uses(i):
        generator = outer()
        next(generator)
        for value in range(i):
            generator.send(value)
        return generator.throw(KeyError())

    handles = [gort.go(uses, i) for i in range(20)]
    assert [handle.join() for handle in handles] == [list(range(i)) for i in range(20)]


@goroutine
def test_context_managers():
    log = []

    @contextlib.contextmanager
    def manages(i):
        gort.yield_now()
        try:
            yield i
        finally:
            gort.yield_now()
            log.append(i)

    def uses(i):
        with contextlib.ExitStack() as stack, contextlib.suppress(KeyError):
            for j in range(3):
                stack.enter_context(manages(10 * i + j))
            gort.yield_now()
            raise KeyError
        return [entry for entry in log if entry // 10 == i]

    handles = [gort.go(uses, i) for i in range(20)]
    assert [handle.join() for handle in handles] == [[10 * i + 2, 10 * i + 1, 10 * i] for i in range(20)]


@goroutine
def test_coroutines_driven_by_hand():
    class Step:
        def __await__(self):
            gort.yield_now()
            return (yield "step")

    async def adds():
        return await Step() + await Step()

    def drives(i):
        coroutine = adds()
        assert coroutine.send(None) == "step"
        gort.yield_now()
        assert coroutine.send(i) == "step"
        with pytest.raises(StopIteration) as stop:
            coroutine.send(1)
        return stop.value.value

    handles = [gort.go(drives, i) for i in range(20)]
    assert [handle.join() for handle in handles] == [i + 1 for i in range(20)]


@goroutine
def test_a_parked_generator_that_nobody_knows():
    closed = []

    def waits():
        try:
            yield 1
        finally:
            gort.yield_now()
            closed.append(1)

    def drops():
        generator = waits()
        next(generator)

    for handle in [gort.go(drops) for _ in range(20)]:
        handle.join()
    assert len(closed) == 20
