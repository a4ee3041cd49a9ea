"""The garbage collector: at tiny thresholds, cycles through goroutines and channels, prompt deallocation."""

from __future__ import annotations

import gc
import weakref

import gort
import pytest
from support import child, eventually, goroutine


class Thing:
    pass


@pytest.fixture
def tiny_thresholds():
    before = gc.get_threshold()
    gc.set_threshold(1, 1, 1)
    yield
    gc.set_threshold(*before)


def test_everything_at_tiny_thresholds(tiny_thresholds):
    chan, back = gort.Chan(2), gort.Chan()

    def passes():
        for item in chan:
            cycle = [item]
            cycle.append(cycle)
            gort.select(gort.send(back, cycle), gort.recv(gort.Chan()))

    group = gort.WaitGroup()
    for _ in range(10):
        group.go(passes)
    sender = gort.go(lambda: [chan.send({"i": i, "self": Thing()}) for i in range(300)] and chan.close())
    assert sorted(back.recv()[0]["i"] for _ in range(300)) == list(range(300))
    sender.join()
    group.wait()
    assert list(gort.imap(lambda i: [i], range(50), workers=3)) == [[i] for i in range(50)]
    for i in range(50):
        with pytest.raises(KeyError):
            gort.go({}.__getitem__, i).join()


@goroutine
def test_collecting_from_within_while_others_are_parked():
    gate = gort.Chan()

    def waits(depth):
        things = [Thing() for _ in range(5)]
        if depth:
            return waits(depth - 1)
        gate.recv_ok()
        return len(things)

    handles = [gort.go(waits, 20) for _ in range(200)]
    gort.yield_now()
    for _ in range(3):
        gort.go(gc.collect).join()
        gc.collect()
    gate.close()
    assert {handle.join() for handle in handles} == {5}


@goroutine
def test_what_only_a_parked_frame_knows_stays_alive():
    gate, refs = gort.Chan(), []

    def waits():
        thing = Thing()
        thing.itself = thing
        refs.append(weakref.ref(thing))
        gate.recv_ok()
        return thing is refs[-1]()

    handles = [gort.go(waits) for _ in range(50)]
    eventually(lambda: len(refs) == 50)
    gc.collect()
    assert all(ref() is not None for ref in refs)
    gate.close()
    for handle in handles:
        assert handle.join() is not None
    del handles, handle
    gc.collect()
    eventually(lambda: not any(ref() for ref in refs))


@goroutine
def test_objects_go_promptly_inside_a_goroutine():
    def drops():
        gone = 0
        for _ in range(1000):
            thing = Thing()
            ref = weakref.ref(thing)
            del thing
            gone += ref() is None
        return gone

    assert gort.go(drops).join() == 1000


@goroutine
def test_deep_structures_are_freed_inside_a_goroutine():
    def builds():
        nested = None
        for _ in range(100_000):
            nested = [nested]
        thing = Thing()
        ref = weakref.ref(thing)
        nested.append(thing)
        del nested, thing
        return ref() is None

    assert gort.go(builds).join()


def test_a_value_in_a_channel_cycle_is_collected():
    chan, thing = gort.Chan(1), Thing()
    ref = weakref.ref(thing)
    thing.chan = chan
    chan.send(thing)
    del chan, thing
    gc.collect()
    assert ref() is None


def test_a_value_in_a_dropped_channel_is_dropped():
    chan, thing = gort.Chan(2), Thing()
    ref = weakref.ref(thing)
    chan.send(thing)
    chan.send(thing)
    del thing
    assert ref() is not None
    del chan
    gc.collect()
    assert ref() is None


def test_containers_take_part():
    thing = Thing()
    ref = weakref.ref(thing)
    thing.map, thing.pool, thing.local = gort.Map(), gort.Pool(lambda: thing), gort.Local()
    thing.map.store("me", thing)
    thing.pool.put(thing)
    thing.local.me = thing
    thing.case = gort.send(gort.Chan(), thing)
    del thing
    gc.collect()
    assert ref() is None


def test_a_finished_goroutine_lets_go():
    thing = Thing()
    ref = weakref.ref(thing)
    handle = gort.go(lambda t: None, thing)
    handle.join()
    del thing
    eventually(lambda: gc.collect() + 1 and ref() is None, "the end of the argument")
    thing = Thing()
    ref = weakref.ref(thing)
    handle = gort.go(lambda: thing)
    assert handle.join() is thing
    del thing, handle
    eventually(lambda: gc.collect() + 1 and ref() is None, "the end of the result")


def test_finalizers_that_switch():
    outcome = child(
        """
        import gc, gort
        chan = gort.Chan()
        class Switches:
            def __del__(self):
                gort.yield_now()
                chan.send("finalized")
                gort.sleep(0)
        def drops():
            thing = Switches()
            cycle = [thing]
            cycle.append(cycle)
        def main():
            for _ in range(50):
                gort.go(drops)
            got = 0
            while got < 50:
                gort.go(gc.collect)
                try:
                    chan.recv(timeout=0.01)
                    got += 1
                except gort.Timeout:
                    pass
            return got
        print(gort.run(main))
        """
    )
    assert outcome.out == "50\n"
