"""The workloads on gort."""

from __future__ import annotations

import bench
from bench import check, clock, per_item, workload

import gort


def through(capacity: int, key: str, n: int) -> None:
    """One goroutine sends n numbers to another."""
    ch: gort.Chan[int] = gort.Chan(capacity)

    def produce() -> None:
        for i in range(n):
            ch.send(i)

    def consume() -> int:
        total = 0
        for _ in range(n):
            total += ch.recv()
        return total

    since = clock()
    gort.go(produce)
    total = gort.go(consume).join()
    per_item(key, since, n)
    check(total, n * (n - 1) // 2)


@workload
def spsc0(n: int) -> None:
    through(0, "spsc0", n)


@workload
def spsc128(n: int) -> None:
    through(128, "spsc128", n)


@workload
def pingpong(n: int) -> None:
    there: gort.Chan[int] = gort.Chan()
    back: gort.Chan[int] = gort.Chan()

    def echo() -> None:
        for _ in range(n):
            back.send(there.recv() + 1)

    def ask() -> int:
        total = 0
        for i in range(n):
            there.send(i)
            total += back.recv()
        return total

    since = clock()
    gort.go(echo)
    total = gort.go(ask).join()
    per_item("pingpong", since, 2 * n)
    check(total, n * (n + 1) // 2)


@workload
def yield_(n: int) -> None:
    turns = []

    def take_turns(which: int) -> None:
        for _ in range(n):
            turns.append(which)
            gort.yield_now()

    def both() -> None:
        for task in [gort.go(take_turns, 0), gort.go(take_turns, 1)]:
            task.join()

    since = clock()
    gort.go(both).join()
    per_item("yield", since, 2 * n)
    check(turns[1::2].count(turns[1]), n)


@workload
def spawn_join(n: int) -> None:
    def all_of_them() -> int:
        tasks = [gort.go(int) for _ in range(n)]
        return sum(task.join() == 0 for task in tasks)

    since = clock()
    done = gort.go(all_of_them).join()
    per_item("spawn_join", since, n)
    check(done, n)


@workload
def select3(n: int) -> None:
    channels: list[gort.Chan[int]] = [gort.Chan() for _ in range(3)]

    def produce(ch: gort.Chan[int]) -> None:
        for i in range(n):
            ch.send(i)

    def consume() -> int:
        cases = [gort.recv(ch) for ch in channels]
        return sum(gort.select(*cases).value for _ in range(3 * n))

    since = clock()
    for ch in channels:
        gort.go(produce, ch)
    total = gort.go(consume).join()
    per_item("select3", since, 3 * n)
    check(total, 3 * n * (n - 1) // 2)


@workload
def sleepers(n: int) -> None:
    def all_of_them() -> int:
        tasks = [gort.go(gort.sleep, 0.1) for _ in range(n)]
        return sum(task.join() is None for task in tasks)

    since = clock()
    done = gort.go(all_of_them).join()
    bench.figure("sleepers", (clock() - since) * 1e3, "ms")
    check(done, n)


@workload
def parked(n: int) -> None:
    gate: gort.Chan[None] = gort.Chan()
    started: list[int] = []

    def wait() -> int:
        started.append(1)
        return 1 if gate.recv_ok()[1] is False else 0

    def all_of_them() -> int:
        before = bench.resident()
        tasks = [gort.go(wait) for _ in range(n)]
        while len(started) < n:
            gort.sleep(0.01)
        bench.figure("parked_rss", (bench.resident() - before) / n, "B")
        gate.close()
        return sum(task.join() for task in tasks)

    check(gort.go(all_of_them).join(), n)


@workload
def pipeline(n: int) -> None:
    first, second, third = (gort.Chan[int](128) for _ in range(3))

    def source() -> None:
        for i in range(n):
            first.send(i)
        first.close()

    def add() -> None:
        for value in first:
            second.send(value + 1)
        second.close()

    def double() -> None:
        for value in second:
            third.send(value * 2)
        third.close()

    since = clock()
    for stage in (source, add, double):
        gort.go(stage)
    total = gort.go(lambda: sum(third)).join()
    per_item("pipeline", since, n)
    check(total, n * (n + 1))


@workload
def wc(folder: str) -> None:
    paths = bench.files(folder)
    expected = bench.total(map(bench.count, paths))
    since = clock()
    found = gort.run(lambda: bench.total(gort.imap_unordered(bench.count, paths, workers=8)))
    bench.figure("wc", (clock() - since) * 1e3, "ms")
    check(found, expected)


if __name__ == "__main__":
    bench.main()
