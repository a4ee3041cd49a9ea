"""Corners of the interpreter: subinterpreters, asynchronous exceptions, code that goes while its frame is parked."""

from __future__ import annotations

import gc

import gort
from support import child, goroutine


@goroutine
def test_code_that_goes_while_its_frame_is_parked():
    gate = gort.Chan()

    class Things:
        def method(self):
            local = [1, 2, 3]
            gate.recv_ok()
            return sum(local) + self.other()

        def other(self):
            return 10

    def replacement(gate):
        return "replaced"

    def plain(gate):
        gate.recv_ok()
        return "as before"

    handles = [gort.go(Things().method) for _ in range(20)]
    plains = [gort.go(plain, gate) for _ in range(20)]
    for _ in range(20):
        gort.yield_now()
    gort.sleep(0.01)
    del Things.method
    plain.__code__ = replacement.__code__
    for _ in range(3):
        gc.collect()
    junk = [[object() for _ in range(100)] for _ in range(100)]
    gate.close()
    assert {handle.join() for handle in handles} == {16}
    assert {handle.join() for handle in plains} <= {"as before", "replaced"}
    assert len(junk) == 100


def test_an_asynchronous_exception_does_no_harm():
    """It reaches at most one goroutine of the thread, and the runtime goes on."""
    source = """
    import ctypes, threading, gort
    class Async(Exception):
        pass
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    def spins(ident, stop):
        ident.send(threading.get_ident())
        try:
            while True:
                gort.yield_now()
                if len(stop):
                    return "stopped"
        except Async:
            return "hit"
    def main():
        ident, stop = gort.Chan(), gort.Chan(1)
        handles = [gort.go(spins, ident, stop) for _ in range(5)]
        threads = {ident.recv() for _ in range(5)}
        try:
            for thread in threads:
                raise_in(ctypes.c_ulong(thread), ctypes.py_object(Async))
            for _ in range(1000):
                gort.yield_now()
        except Async:
            pass
        stop.send(1)
        results = []
        for handle in handles:
            while True:
                try:
                    results.append(handle.join())
                    break
                except Async:
                    pass
        return len(results)
    print(gort.run(main), gort.run(lambda: gort.go(lambda: 5).join()))
    """
    assert child(source).out == "5 5\n"


SUBINTERPRETER = """
import gort
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
def runs(code):
    ident = interpreters.create()
    try:
        error = interpreters.run_string(ident, code)
    except Exception as raised:
        error = raised
    interpreters.destroy(ident)
    return error
"""


def test_a_subinterpreter_inside_a_goroutine():
    source = SUBINTERPRETER + """
def main():
    handles = [gort.go(runs, "import json; assert json.loads('[1]') == [1]") for _ in range(3)]
    beside = gort.go(lambda: [gort.yield_now() for _ in range(100)])
    assert [handle.join() for handle in handles] == [None] * 3
    return len(beside.join())
print(gort.run(main))
"""
    assert child(source, flags=["-W", "ignore"]).out == "100\n"


def test_a_subinterpreter_may_not_import_gort():
    source = SUBINTERPRETER + """
error = runs("import gort")
assert "ImportError" in repr(error) + str(error), error
print(gort.run(lambda: 5))
"""
    assert child(source, flags=["-W", "ignore"]).out == "5\n"
