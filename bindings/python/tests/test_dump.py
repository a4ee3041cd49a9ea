"""dump and stats: what every goroutine is doing, and what the runtime has done."""

from __future__ import annotations

import io

import gort
from support import child, eventually, goroutine


def waits_in_the_depths(gate, depth):
    return waits_in_the_depths(gate, depth - 1) if depth else gate.recv_ok()


@goroutine
def test_a_dump_shows_every_goroutine_and_its_python_frames():
    gate = gort.Chan()
    handles = [gort.go_named(f"waiter number {i}", waits_in_the_depths, gate, 3) for i in range(5)]
    eventually(lambda: gort.dump().count("in waits_in_the_depths") >= 5, "the parking of five")
    file = io.StringIO()
    text = gort.dump(file)
    assert isinstance(text, str) and file.getvalue() == text
    for i, handle in enumerate(handles):
        assert f"waiter number {i}" in text and f"goroutine {handle.id}" in text
    assert __file__ in text
    assert f"goroutine {gort.goroutine_id()}" in text
    gate.close()
    for handle in handles:
        handle.join()
    assert not any(handle.name in gort.dump() for handle in handles)


def test_a_dump_while_goroutines_come_and_go():
    source = """
    import sys, gort
    stop = []
    def recurse(depth):
        return recurse(depth - 1) if depth else gort.yield_now()
    def busy():
        while not stop:
            gort.go(recurse, 20).join()
    handles = [gort.go(busy) for _ in range(5)]
    for _ in range(100):
        assert isinstance(gort.dump(), str)
    assert isinstance(gort.run(gort.dump), str)
    stop.append(1)
    for handle in handles:
        handle.join()
    gort.dump(sys.stdout)
    """
    child(source)


def test_without_a_file_nothing_is_written():
    assert child("import gort; gort.run(gort.dump); text = gort.dump()").out == ""


@goroutine
def test_stats():
    before = gort.stats()
    assert all(isinstance(key, str) and isinstance(value, int) for key, value in before.items())
    for handle in [gort.go(gort.yield_now) for _ in range(100)]:
        handle.join()
    after = gort.stats()
    assert after.keys() == before.keys()
    assert sum(after[key] - before[key] >= 100 for key in after) >= 1  # the goroutines are counted somewhere
