"""imap and imap_unordered: order, laziness, exceptions, and iterators that are left."""

from __future__ import annotations

import gc
import itertools

import gort
import pytest
from support import eventually, goroutine

BOTH = pytest.mark.parametrize("imap", [gort.imap, gort.imap_unordered])
WORKERS = pytest.mark.parametrize("workers", [0, 1, 4, 100])


@WORKERS
def test_results_come_in_order(workers):
    def slow_at_times(i):
        if i % 7 == 0:
            gort.sleep(0.0005)
        return i * i

    assert list(gort.imap(slow_at_times, range(300), workers=workers)) == [i * i for i in range(300)]


@WORKERS
def test_unordered_results_are_all_there(workers):
    results = list(gort.imap_unordered(lambda i: i * i, range(300), workers=workers))
    assert sorted(results) == [i * i for i in range(300)]


@goroutine
def test_unordered_does_not_wait_for_the_slow():
    gate = gort.Chan()
    results = gort.imap_unordered(lambda i: gate.recv_ok() if i == 0 else i, range(3), workers=3)
    assert {next(results), next(results)} == {1, 2}
    gate.close()
    assert next(results) == (None, False)
    assert list(results) == []


@BOTH
@goroutine
def test_no_more_than_workers_at_once(imap):
    inside = gort.AtomicInt()

    def works(i):
        assert inside.add(1) <= 3
        gort.yield_now()
        inside.add(-1)
        return i

    assert sorted(imap(works, range(100), workers=3)) == list(range(100))


@BOTH
def test_nothing_to_do(imap):
    assert list(imap(len, [])) == []
    assert list(imap(len, iter(()), workers=3)) == []


@BOTH
def test_an_endless_iterable_is_read_only_a_few_items_ahead(imap):
    read = []

    def numbers():
        for i in itertools.count():
            read.append(i)
            yield i

    results = imap(lambda i: i, numbers(), workers=3)
    first = [next(results) for _ in range(50)]
    assert sorted(first) == first == list(range(50)) or imap is gort.imap_unordered
    assert len(set(first)) == 50
    assert len(read) < 50 + 3 * 20
    del results
    gc.collect()
    eventually(lambda: gort.num_goroutine() == 0)


@BOTH
def test_an_exception_of_the_function_comes_out(imap):
    def fails(i):
        if i == 5:
            raise KeyError(i)
        return i

    got = []
    with pytest.raises(KeyError):
        for result in imap(fails, range(10), workers=2):
            got.append(result)
    assert 5 not in got
    if imap is gort.imap:
        assert got == [0, 1, 2, 3, 4]


@BOTH
def test_an_exception_of_the_iterable_comes_out(imap):
    def numbers():
        yield 1
        raise ZeroDivisionError

    got = []
    with pytest.raises(ZeroDivisionError):
        for result in imap(lambda i: i, numbers(), workers=2):
            got.append(result)
    assert got in ([1], [])


@BOTH
def test_an_iterator_that_is_left_leaves_no_goroutine(imap):
    for taken in (0, 1, 5):
        results = imap(lambda i: (gort.sleep(0.0001), i)[1], range(1000), workers=4)
        for _ in range(taken):
            next(results)
        del results
        gc.collect()
        eventually(lambda: gort.num_goroutine() == 0)


@BOTH
def test_an_iterator_is_over_when_it_is_over(imap):
    results = imap(str, [1])
    assert next(results) == "1"
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(results)
    assert iter(results) is results


@BOTH
@goroutine
def test_nested(imap):
    assert sorted(sum(imap(lambda j: i * j, range(5), workers=2)) for i in imap(int, "12345", workers=2)) == [
        10 * i for i in range(1, 6)
    ]


@BOTH
def test_bad_input(imap):
    with pytest.raises(TypeError):
        imap(len, 5)
    with pytest.raises(TypeError):
        imap(5, [1])
    with pytest.raises(ValueError):
        imap(len, [], workers=-1)
