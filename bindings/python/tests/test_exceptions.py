"""Exceptions: their way through join and run, their traceback and context, isolation, and those nobody joins."""

from __future__ import annotations

import gc
import sys
import traceback

import gort
import pytest
from support import child, eventually, goroutine


def fails_in_the_depths():
    raise KeyError("from the depths")


def names_of(error: BaseException) -> list:
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


def test_an_exception_comes_out_of_join_with_its_traceback():
    handle = gort.go(fails_in_the_depths)
    for _ in range(2):
        with pytest.raises(KeyError, match="from the depths") as caught:
            handle.join()
        assert names_of(caught.value)[-1] == "fails_in_the_depths"
    assert handle.done


def test_an_exception_comes_out_of_run_with_its_traceback():
    def main():
        gort.go(fails_in_the_depths).join()

    with pytest.raises(KeyError) as caught:
        gort.run(main)
    names = names_of(caught.value)
    assert names[-1] == "fails_in_the_depths" and "main" in names


@goroutine
def test_every_kind_of_exception():
    class Own(BaseException):
        pass

    for kind in (ValueError, Own, SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration, MemoryError):
        error = kind("it")

        def fails(error=error):
            raise error

        with pytest.raises(kind) as caught:
            gort.go(fails).join()
        assert caught.value is error


@goroutine
def test_sys_exc_info_belongs_to_a_goroutine():
    def handles(kind, here, there):
        assert sys.exc_info() == (None, None, None)
        try:
            raise kind("own")
        except kind:
            for _ in range(20):
                here.recv()
                assert sys.exc_info()[0] is kind
                there.send(1)
            try:
                raise  # the bare one finds its own
            except kind:
                pass
        assert sys.exc_info() == (None, None, None)

    a, b = gort.Chan(1), gort.Chan(1)
    first = gort.go(handles, KeyError, a, b)
    second = gort.go(handles, ValueError, b, a)
    a.send(1)
    first.join()
    second.join()


@goroutine
def test_the_context_of_an_exception_is_the_goroutine_s_own():
    def other():
        gort.yield_now()
        try:
            raise ValueError("unrelated")
        except ValueError as error:
            gort.yield_now()
            return error

    def chained():
        try:
            raise KeyError("first")
        except KeyError:
            gort.yield_now()
            try:
                raise TypeError("second")
            except TypeError as error:
                gort.yield_now()
                return error

    handles = [gort.go(body) for _ in range(10) for body in (chained, other)]
    for handle in handles[::2]:
        error = handle.join()
        assert isinstance(error.__context__, KeyError) and error.__context__.__context__ is None
    for handle in handles[1::2]:
        assert handle.join().__context__ is None


@goroutine
def test_a_goroutine_started_in_an_except_block_starts_clean():
    try:
        raise KeyError
    except KeyError:
        handle = gort.go(sys.exc_info)
        assert handle.join() == (None, None, None)


@goroutine
def test_the_hook_gets_what_nobody_joins(monkeypatch):
    seen = []
    monkeypatch.setattr(gort, "excepthook", lambda handle, error: seen.append((handle, error)))
    gort.go_named("unlucky", fails_in_the_depths)
    eventually(lambda: gc.collect() + len(seen) and seen)
    (handle, error), = seen
    assert handle.name == "unlucky" and isinstance(error, KeyError)
    assert names_of(error)[-1] == "fails_in_the_depths"
    seen.clear()

    joined = gort.go(fails_in_the_depths)
    with pytest.raises(KeyError):
        joined.join()
    del joined
    kept = gort.go(fails_in_the_depths)
    eventually(lambda: kept.done)
    gc.collect()
    assert seen == []
    del kept
    eventually(lambda: gc.collect() + len(seen) and seen)


@goroutine
def test_exit_and_a_result_are_nothing_for_the_hook(monkeypatch):
    seen = []
    monkeypatch.setattr(gort, "excepthook", lambda *args: seen.append(args))
    for fn in (gort.exit, lambda: 1, lambda: None):
        handle = gort.go(fn)
        eventually(lambda handle=handle: handle.done)
    del handle
    gc.collect()
    assert seen == []


def test_the_hook_prints_a_traceback():
    outcome = child(
        """
        import gort
        def fails_alone():
            raise KeyError("nobody joins")
        def main():
            gort.go_named("lonely", fails_alone)
            while gort.num_goroutine() > 1:
                gort.sleep(0.001)
        gort.run(main)
        print("goes on")
        """
    )
    assert outcome.out == "goes on\n"
    assert "lonely" in outcome.err and "fails_alone" in outcome.err and "KeyError: 'nobody joins'" in outcome.err


def test_the_hook_is_called_at_the_interpreter_s_exit():
    outcome = child(
        """
        import gort
        kept = gort.go(lambda: 1 // 0)
        while not kept.done:
            gort.sleep(0.001)
        print("main is over")
        """
    )
    assert outcome.out == "main is over\n"
    assert outcome.err.count("ZeroDivisionError") == 1


def test_a_hook_that_fails_does_not_end_the_program():
    outcome = child(
        """
        import gort
        def hook(handle, error):
            raise ValueError("the hook itself")
        gort.excepthook = hook
        def main():
            gort.go(lambda: 1 // 0)
            while gort.num_goroutine() > 1:
                gort.sleep(0.001)
        gort.run(main)
        print("goes on")
        """
    )
    assert outcome.out == "goes on\n"
    assert "the hook itself" in outcome.err


@goroutine
def test_the_errors_are_related():
    for each in (
        gort.Closed, gort.WouldBlock, gort.Timeout, gort.Canceled, gort.DeadlineExceeded, gort.Deadlock, gort.Misuse,
    ):
        assert issubclass(each, gort.Error)
    assert issubclass(gort.Error, Exception)
    assert issubclass(gort.Timeout, TimeoutError) and issubclass(gort.DeadlineExceeded, TimeoutError)
    assert not issubclass(gort.Canceled, TimeoutError)
    chan = gort.Chan()
    chan.close()
    with pytest.raises(gort.Closed, match="closed"):
        chan.send(1)


@goroutine
def test_an_exception_that_is_raised_many_times_does_not_grow():
    error = KeyError("one object")

    def fails():
        raise error

    depths = []
    for _ in range(30):
        with pytest.raises(KeyError):
            gort.go(fails).join()
        depths.append(len(traceback.extract_tb(error.__traceback__)))
        error.__traceback__ = None
    assert len(set(depths)) == 1
