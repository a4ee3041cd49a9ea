"""Goroutines: starting, results, names and ids, ending, yielding, and the main goroutine."""

from __future__ import annotations

import functools
import threading

import gort
import pytest
from support import WAIT, eventually, goroutine


@goroutine
def test_join_gives_the_result():
    assert gort.go(lambda: 42).join() == 42
    assert gort.go(divmod, 17, 5).join() == (3, 2)
    assert gort.go(lambda: None).join() is None


@goroutine
def test_arguments_are_passed_whatever_their_names():
    def every(*args, **kwargs):
        return args, kwargs

    assert gort.go(every, 1, 2, fn=3, name=4, self=5).join() == ((1, 2), {"fn": 3, "name": 4, "self": 5})
    assert gort.go_named("n", every, 1, fn=3, name=4).join() == ((1,), {"fn": 3, "name": 4})


def test_run_gives_the_result_and_passes_arguments():
    assert gort.run(lambda a, b, *, c: (a, b, c), 1, 2, c=3) == (1, 2, 3)
    assert gort.run(lambda main: main, main=7) == 7


@goroutine
def test_arguments_are_evaluated_at_the_go_statement():
    value = 1
    handle = gort.go(lambda v: v, value)
    value = 2
    assert (handle.join(), value) == (1, 2)


@goroutine
def test_a_decorated_function_runs_decorated():
    def twice(fn):
        @functools.wraps(fn)
        def wrapper():
            return 2 * fn()

        return wrapper

    @twice
    def one():
        return 1

    assert gort.go(one).join() == 2


@goroutine
def test_join_again_gives_the_same():
    handle = gort.go(list)
    first = handle.join()
    assert handle.join() is first
    assert handle.done


@goroutine
def test_many_may_join_one():
    gate = gort.Chan()
    handle = gort.go(gate.recv)
    joiners = [gort.go(handle.join) for _ in range(50)]
    gort.yield_now()
    gate.send("value")
    assert {joiner.join() for joiner in joiners} == {"value"}


@goroutine
def test_join_with_a_timeout_may_be_tried_again():
    gate = gort.Chan()
    handle = gort.go(gate.recv)
    for timeout in (0, -1, 0.001):
        with pytest.raises(gort.Timeout):
            handle.join(timeout=timeout)
    with pytest.raises(gort.Timeout):
        handle.join(0.001)
    assert not handle.done
    gate.send(5)
    assert handle.join(timeout=WAIT) == 5
    assert handle.join(timeout=0) == 5
    assert handle.done


def test_ids_are_unique_and_zero_on_a_plain_thread():
    assert gort.goroutine_id() == 0

    def body():
        handles = [gort.go(gort.goroutine_id) for _ in range(200)]
        ids = [handle.join() for handle in handles]
        assert ids == [handle.id for handle in handles]
        assert len({*ids, gort.goroutine_id()}) == 201
        assert all(each > 0 for each in ids)

    gort.run(body)


@goroutine
def test_names():
    named = gort.go_named("the worker", lambda: None)
    assert named.name == "the worker"
    assert isinstance(gort.go(lambda: None).name, str)
    assert "the worker" in repr(named)
    named.join()


@goroutine
def test_ten_thousand_are_alive_at_once():
    count = 10_000
    gate, results = gort.Chan(), gort.Chan(count)

    def waits(number):
        gate.recv_ok()
        results.send(number)

    before = gort.num_goroutine()
    for i in range(count):
        gort.go(waits, i)
    assert gort.num_goroutine() == before + count
    gate.close()
    assert sorted(results.recv() for _ in range(count)) == list(range(count))


@goroutine
def test_exit_runs_the_finally_blocks_and_ends_nobody_else():
    seen = []

    def leaves():
        try:
            try:
                seen.append("in")
                gort.exit()
            except Exception:  # what carries the exit is not one
                seen.append("caught")
            seen.append("after")
        finally:
            seen.append("finally")

    assert gort.go(leaves).join() is None
    assert seen == ["in", "finally"]


@goroutine
def test_exit_passes_through_callbacks():
    def compare(_):
        gort.exit()

    assert gort.go(sorted, [3, 1, 2], key=compare).join() is None


def test_exit_is_not_exported_by_star():
    names: dict[str, object] = {}
    exec("from gort import *", names)
    assert "go" in names and "exit" not in names
    assert "exit" not in gort.__all__


@goroutine
def test_yield_lets_the_others_run():
    log = []

    def speaks(name):
        for _ in range(3):
            log.append(name)
            gort.yield_now()

    handles = [gort.go(speaks, name) for name in "ab"]
    for handle in handles:
        handle.join()
    assert sorted(log) == ["a"] * 3 + ["b"] * 3

    # One that only yields does not keep another from running.
    stop = []
    spinner = gort.go(lambda: [gort.yield_now() for _ in iter(lambda: bool(stop), True)])
    gort.go(stop.append, True).join()
    spinner.join()


def test_other_goroutines_live_on_after_run():
    gate, answer = gort.Chan(), gort.Chan(1)

    def waits():
        answer.send(gate.recv())

    gort.run(lambda: gort.go(waits) and None)
    assert gort.num_goroutine() == 1
    gate.send(1)
    assert answer.recv() == 1


def test_run_again_and_again():
    for i in range(100):
        assert gort.run(lambda i=i: gort.go(lambda: i).join()) == i


def test_the_main_thread_runs_no_goroutine():
    main = threading.main_thread().ident
    assert gort.run(threading.get_ident) != main
    assert main not in gort.run(lambda: {gort.go(threading.get_ident).join() for _ in range(100)})


def test_go_and_join_without_run():
    assert gort.go(lambda: gort.go(lambda: 3).join()).join() == 3
    handle = gort.go(gort.sleep, 0.001)
    eventually(lambda: handle.done)


def test_gomaxprocs_sets_and_gives_the_previous():
    before = gort.gomaxprocs()
    assert before >= 1
    assert gort.gomaxprocs(0) == before
    assert gort.gomaxprocs(3) == before
    assert gort.gomaxprocs(before) == 3
    assert gort.gomaxprocs() == before
    assert gort.num_cpu() >= 1


@goroutine
def test_a_locked_goroutine_stays_on_its_thread():
    def stays():
        gort.lock_os_thread()
        threads = set()
        for _ in range(20):
            threads.add(threading.get_ident())
            gort.sleep(0)
            gort.yield_now()
        gort.unlock_os_thread()
        return threads

    assert all(len(handle.join()) == 1 for handle in [gort.go(stays) for _ in range(3)])


@goroutine
def test_a_goroutine_never_changes_its_thread():
    def threads():
        seen = set()
        for _ in range(50):
            seen.add(threading.get_ident())
            gort.sleep(0.0001)
        return seen

    assert all(len(handle.join()) == 1 for handle in [gort.go(threads) for _ in range(20)])


@goroutine
def test_spawning_from_goroutines():
    def node(depth):
        return 1 if depth == 0 else sum(child.join() for child in [gort.go(node, depth - 1) for _ in range(4)])

    assert node(5) == 4**5


@goroutine
def test_a_goroutine_whose_handle_is_dropped_runs():
    answers = gort.Chan(100)
    for i in range(100):
        gort.go(answers.send, i)
    assert sorted(answers.recv() for _ in range(100)) == list(range(100))
