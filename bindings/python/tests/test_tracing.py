"""Tracing, profiling and looking at stacks: per goroutine, and never mixed up by the switches."""

from __future__ import annotations

import sys
import threading
import tracemalloc

import gort
from support import child, goroutine


@goroutine
def test_settrace_belongs_to_a_goroutine():
    def traced_function(depth):
        gort.yield_now()
        return traced_function(depth - 1) if depth else None

    def traces(i):
        calls = []

        def tracer(frame, event, arg):
            if event == "call" and frame.f_code is traced_function.__code__:
                calls.append(i)
            return tracer

        sys.settrace(tracer)
        traced_function(i)
        sys.settrace(None)
        return calls

    def untraced():
        assert sys.gettrace() is None
        traced_function(5)
        assert sys.gettrace() is None

    others = [gort.go(untraced) for _ in range(10)]
    handles = [gort.go(traces, i) for i in range(10)]
    assert [handle.join() for handle in handles] == [[i] * (i + 1) for i in range(10)]
    for handle in others:
        handle.join()
    for _ in range(20):
        gort.go(untraced).join()


@goroutine
def test_setprofile_belongs_to_a_goroutine():
    def profiled():
        gort.yield_now()

    def profiles():
        calls = []
        sys.setprofile(lambda frame, event, arg: calls.append(event) if frame.f_code is profiled.__code__ else None)
        for _ in range(3):
            profiled()
        sys.setprofile(None)
        return calls.count("call"), calls.count("return")

    def looks():
        gort.yield_now()
        return sys.getprofile()

    others = [gort.go(looks) for _ in range(10)]
    assert {handle.join() for handle in [gort.go(profiles) for _ in range(10)]} == {(3, 3)}
    assert {handle.join() for handle in others} == {None}
    assert gort.go(looks).join() is None


def test_threading_settrace_is_for_goroutines_too():
    """What coverage tools install for new threads is installed for goroutines."""
    source = """
    import sys, threading, gort
    seen = set()
    def tracer(frame, event, arg):
        seen.add(frame.f_code.co_name)
        return tracer
    def traced():
        gort.yield_now()
    threading.settrace(tracer)
    gort.go(traced).join()
    threading.settrace(None)
    def untraced():
        gort.yield_now()
    for _ in range(5):
        gort.go(untraced).join()
    print("traced" in seen, "untraced" in seen)
    profiled = []
    threading.setprofile(lambda frame, event, arg: profiled.append(frame.f_code.co_name))
    gort.go(untraced).join()
    threading.setprofile(None)
    print("untraced" in profiled)
    """
    assert child(source).out == "True False\nTrue\n"


@goroutine
def test_frames_of_a_goroutine():
    def inner():
        gort.yield_now()
        frame, names = sys._getframe(), []
        while frame is not None:
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        return names

    def outer():
        return inner()

    for handle in [gort.go(outer) for _ in range(20)]:
        names = handle.join()
        assert names[:2] == ["inner", "outer"]
        assert "test_frames_of_a_goroutine" not in names


@goroutine
def test_current_frames():
    gate = gort.Chan()
    handles = [gort.go(gate.recv_ok) for _ in range(50)]
    gort.yield_now()
    for _ in range(5):
        frames = sys._current_frames()
        assert threading.main_thread().ident in frames
        assert threading.get_ident() in frames
        assert gort.go(sys._current_frames).join()
    gate.close()
    for handle in handles:
        handle.join()


def test_faulthandler_while_goroutines_are_parked():
    source = """
    import faulthandler, gort
    gate = gort.Chan()
    def parked():
        gate.recv_ok()
    def dumps():
        gort.yield_now()
        faulthandler.dump_traceback()
    def main():
        handles = [gort.go(parked) for _ in range(150)]
        gort.yield_now()
        gort.go(dumps).join()
        gate.close()
        for handle in handles:
            handle.join()
        return "done"
    faulthandler.dump_traceback()
    print(gort.run(main))
    """
    outcome = child(source)
    assert outcome.out == "done\n" and "in dumps" in outcome.err


@goroutine
def test_tracemalloc():
    def allocates(i):
        blocks = [bytearray(1000) for _ in range(20)]
        gort.yield_now()
        return len(blocks)

    tracemalloc.start(10)
    try:
        handles = [gort.go(allocates, i) for i in range(50)]
        assert {handle.join() for handle in handles} == {20}
        assert tracemalloc.take_snapshot().statistics("lineno")
    finally:
        tracemalloc.stop()
