"""The workloads on gevent. It has no select over queues."""

from __future__ import annotations

from typing import Any

import bench
import gevent
import gevent.event
import gevent.pool
import gevent.queue
from bench import check, clock, per_item, workload


def through(ch: Any, key: str, n: int) -> None:
    """One greenlet sends n numbers to another."""

    def produce() -> None:
        for i in range(n):
            ch.put(i)

    def consume() -> int:
        total = 0
        for _ in range(n):
            total += ch.get()
        return total

    since = clock()
    gevent.spawn(produce)
    total = gevent.spawn(consume).get()
    per_item(key, since, n)
    check(total, n * (n - 1) // 2)


@workload
def spsc0(n: int) -> None:
    through(gevent.queue.Channel(), "spsc0", n)


@workload
def spsc128(n: int) -> None:
    through(gevent.queue.Queue(128), "spsc128", n)


@workload
def pingpong(n: int) -> None:
    there, back = gevent.queue.Channel(), gevent.queue.Channel()

    def echo() -> None:
        for _ in range(n):
            back.put(there.get() + 1)

    def ask() -> int:
        total = 0
        for i in range(n):
            there.put(i)
            total += back.get()
        return total

    since = clock()
    gevent.spawn(echo)
    total = gevent.spawn(ask).get()
    per_item("pingpong", since, 2 * n)
    check(total, n * (n + 1) // 2)


@workload
def yield_(n: int) -> None:
    turns = []

    def take_turns(which: int) -> None:
        for _ in range(n):
            turns.append(which)
            gevent.sleep(0)

    since = clock()
    gevent.joinall([gevent.spawn(take_turns, 0), gevent.spawn(take_turns, 1)])
    per_item("yield", since, 2 * n)
    check(turns[1::2].count(turns[1]), n)


@workload
def spawn_join(n: int) -> None:
    def all_of_them() -> int:
        tasks = [gevent.spawn(int) for _ in range(n)]
        return sum(task.get() == 0 for task in tasks)

    since = clock()
    done = gevent.spawn(all_of_them).get()
    per_item("spawn_join", since, n)
    check(done, n)


@workload
def sleepers(n: int) -> None:
    since = clock()
    tasks = [gevent.spawn(gevent.sleep, 0.1) for _ in range(n)]
    done = sum(task.get() is None for task in tasks)
    bench.figure("sleepers", (clock() - since) * 1e3, "ms")
    check(done, n)


@workload
def parked(n: int) -> None:
    gate = gevent.event.Event()
    started: list[int] = []

    def wait() -> int:
        started.append(1)
        return 1 if gate.wait() else 0

    before = bench.resident()
    tasks = [gevent.spawn(wait) for _ in range(n)]
    while len(started) < n:
        gevent.sleep(0.01)
    bench.figure("parked_rss", (bench.resident() - before) / n, "B")
    gate.set()
    check(sum(task.get() for task in tasks), n)


@workload
def pipeline(n: int) -> None:
    first, second, third = (gevent.queue.Queue(128) for _ in range(3))

    def source() -> None:
        for i in range(n):
            first.put(i)
        first.put(StopIteration)

    def add() -> None:
        for value in first:
            second.put(value + 1)
        second.put(StopIteration)

    def double() -> None:
        for value in second:
            third.put(value * 2)
        third.put(StopIteration)

    since = clock()
    for stage in (source, add, double):
        gevent.spawn(stage)
    total = gevent.spawn(lambda: sum(third)).get()
    per_item("pipeline", since, n)
    check(total, n * (n + 1))


@workload
def wc(folder: str) -> None:
    paths = bench.files(folder)
    expected = bench.total(map(bench.count, paths))
    since = clock()
    found = bench.total(gevent.pool.Pool(8).imap_unordered(bench.count, paths))
    bench.figure("wc", (clock() - since) * 1e3, "ms")
    check(found, expected)


if __name__ == "__main__":
    bench.main()
