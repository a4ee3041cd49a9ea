"""AtomicInt, Map, Pool, SingleFlight and Local."""

from __future__ import annotations

import threading

import gort
import pytest
from support import eventually, goroutine


@goroutine
def test_an_atomic_loses_nothing():
    counter = gort.AtomicInt()

    def adds():
        for _ in range(500):
            counter.add(1)

    threads = [threading.Thread(target=adds) for _ in range(4)]
    for thread in threads:
        thread.start()
    for handle in [gort.go(adds) for _ in range(4)]:
        handle.join()
    for thread in threads:
        gort.blocking(thread.join)
    assert counter.load() == 4000


def test_atomic_operations():
    number = gort.AtomicInt(5)
    assert number.add(-7) == -2
    assert number.swap(10) == -2
    assert number.compare_and_swap(9, 1) is False
    assert number.compare_and_swap(10, 1) is True
    number.store(3)
    assert number.load() == 3
    assert gort.AtomicInt().load() == 0


def test_an_atomic_wraps_at_64_bits():
    number = gort.AtomicInt(2**63 - 1)
    assert number.add(1) == -(2**63)
    assert number.add(-1) == 2**63 - 1


@goroutine
def test_map():
    table = gort.Map()
    assert table.load("a") is None
    assert table.load("a", 7) == 7
    table.store("a", 1)
    assert table.load("a") == 1
    assert table.load_or_store("a", 2) == (1, True)
    assert table.load_or_store("b", 2) == (2, False)
    assert sorted(table.range()) == [("a", 1), ("b", 2)]
    assert table.compare_and_swap("a", 5, 6) is False
    assert table.compare_and_swap("a", 1, 6) is True
    assert table.compare_and_swap("absent", None, 6) is False
    assert table.load_and_delete("a") == (6, True)
    assert table.load_and_delete("a") == (None, False)
    table.delete("b")
    table.delete("b")
    assert list(table.range()) == []


@goroutine
def test_a_map_may_change_while_it_is_ranged_over():
    table = gort.Map()
    for i in range(100):
        table.store(i, i)
    for key, _ in table.range():
        table.delete(key)
        table.store(key + 1000, key)
    assert not any(key < 1000 and key < 100 for key, _ in table.range())


@goroutine
def test_load_or_store_has_one_winner():
    for _ in range(50):
        table = gort.Map()
        handles = [gort.go(table.load_or_store, "key", i) for i in range(10)]
        results = [handle.join() for handle in handles]
        assert len({value for value, _ in results}) == 1
        assert sum(not loaded for _, loaded in results) == 1


def test_an_unhashable_key():
    table = gort.Map()
    table.store(1, 1)
    for call in (table.load, table.delete, table.load_and_delete, lambda k: table.store(k, 1)):
        with pytest.raises(TypeError):
            call([])
    with pytest.raises(TypeError):
        gort.SingleFlight().do([], lambda: 1)


@goroutine
def test_a_pool_gives_back_or_makes():
    made = gort.AtomicInt()

    def new():
        made.add(1)
        return bytearray(8)

    pool = gort.Pool(new)
    first, second = pool.get(), pool.get()
    assert first is not second and made.load() == 2
    pool.put(first)
    assert pool.get() is first or made.load() == 3
    with pytest.raises(ZeroDivisionError):
        gort.Pool(lambda: 1 // 0).get()


@goroutine
def test_a_pool_never_gives_one_object_to_two():
    pool, users = gort.Pool(lambda: [0]), gort.WaitGroup()

    def uses():
        for _ in range(100):
            item = pool.get()
            item[0] += 1
            assert item[0] == 1
            gort.yield_now()
            item[0] -= 1
            pool.put(item)

    handles = [users.go(uses) for _ in range(10)]
    users.wait()
    for handle in handles:
        handle.join()


@goroutine
def test_single_flight_shares_the_call():
    flight, gate, calls = gort.SingleFlight(), gort.Chan(), []

    def slow():
        calls.append(1)
        gate.recv()
        return object()

    handles = [gort.go(flight.do, "key", slow)]
    eventually(lambda: calls)
    handles += [gort.go(flight.do, "key", slow) for _ in range(5)]
    gort.sleep(0.01)
    assert flight.do("other key", lambda: 1) == (1, False)
    # Whoever came too late for the first call makes another.
    releaser = gort.go(lambda: [gate.send(1) for _ in iter(lambda: all(h.done for h in handles), True)])
    results = [handle.join() for handle in handles]
    gate.close()
    with pytest.raises(gort.Closed):
        releaser.join()
    assert len({id(value) for value, _ in results}) == len(calls)
    assert flight.do("key", lambda: "again") == ("again", False)


@goroutine
def test_single_flight_shares_the_exception():
    flight, gate, calls = gort.SingleFlight(), gort.Chan(), []

    def fails():
        calls.append(1)
        gate.recv_ok()
        raise KeyError("shared")

    handles = [gort.go(flight.do, 1, fails) for _ in range(3)]
    eventually(lambda: calls)
    gate.close()
    for handle in handles:
        with pytest.raises(KeyError):
            handle.join()
    assert flight.do(1, lambda: "fine") == ("fine", False)


@goroutine
def test_a_local_belongs_to_a_goroutine():
    local = gort.Local()
    local.value = "main"

    def sets(value):
        assert not hasattr(local, "value")
        local.value = value
        for _ in range(5):
            gort.yield_now()
        return local.value

    handles = [gort.go(sets, i) for i in range(50)]
    assert [handle.join() for handle in handles] == list(range(50))
    assert local.value == "main"
    del local.value
    with pytest.raises(AttributeError):
        local.value
    with pytest.raises(AttributeError):
        del local.value


def test_a_local_on_plain_threads():
    local, seen = gort.Local(), []
    local.value = 1
    thread = threading.Thread(target=lambda: seen.append(hasattr(local, "value")))
    thread.start()
    thread.join()
    assert seen == [False]
    assert gort.run(lambda: hasattr(local, "value")) is False
    assert local.value == 1
