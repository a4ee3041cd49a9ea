"""The workloads on threads and queue.Queue. It has no unbuffered one: Queue(1) is the nearest; nor a select."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import bench
from bench import check, clock, per_item, workload


def together(*functions: Callable[[], Any]) -> list[Any]:
    """What the functions return, each called on a thread of its own."""
    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result() for future in [pool.submit(function) for function in functions]]


def through(capacity: int, key: str, n: int) -> None:
    """One thread sends n numbers to another."""
    ch: queue.Queue[int] = queue.Queue(capacity)

    def produce() -> None:
        for i in range(n):
            ch.put(i)

    def consume() -> int:
        total = 0
        for _ in range(n):
            total += ch.get()
        return total

    since = clock()
    _, total = together(produce, consume)
    per_item(key, since, n)
    check(total, n * (n - 1) // 2)


@workload
def spsc0(n: int) -> None:
    through(1, "spsc0", n)


@workload
def spsc128(n: int) -> None:
    through(128, "spsc128", n)


@workload
def pingpong(n: int) -> None:
    there: queue.Queue[int] = queue.Queue(1)
    back: queue.Queue[int] = queue.Queue(1)

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
    _, total = together(echo, ask)
    per_item("pingpong", since, 2 * n)
    check(total, n * (n + 1) // 2)


@workload
def yield_(n: int) -> None:
    turns = [0, 0]

    def take_turns(which: int) -> None:
        for _ in range(n):
            turns[which] += 1
            time.sleep(0)

    since = clock()
    together(lambda: take_turns(0), lambda: take_turns(1))
    per_item("yield", since, 2 * n)
    check(turns, [n, n])


@workload
def spawn_join(n: int) -> None:
    """In lots of a thousand: the system would not bear them all at once."""
    done = []
    since = clock()
    for start in range(0, n, 1000):
        threads = [threading.Thread(target=done.append, args=(0,)) for _ in range(min(1000, n - start))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    per_item("spawn_join", since, n)
    check(len(done), n)


@workload
def parked(n: int) -> None:
    """A tenth of them: the system would not bear more."""
    gate, done = threading.Event(), []

    def wait() -> None:
        gate.wait()
        done.append(1)

    n //= 10
    before = bench.resident()
    threads = [threading.Thread(target=wait) for _ in range(n)]
    for thread in threads:
        thread.start()
    bench.figure("parked_rss", (bench.resident() - before) / n, "B")
    gate.set()
    for thread in threads:
        thread.join()
    check(len(done), n)


@workload
def pipeline(n: int) -> None:
    first, second, third = (queue.Queue[Any](128) for _ in range(3))

    def source() -> None:
        for i in range(n):
            first.put(i)
        first.put(None)

    def add() -> None:
        while (value := first.get()) is not None:
            second.put(value + 1)
        second.put(None)

    def double() -> None:
        while (value := second.get()) is not None:
            third.put(value * 2)
        third.put(None)

    since = clock()
    total = together(source, add, double, lambda: sum(iter(third.get, None)))[-1]
    per_item("pipeline", since, n)
    check(total, n * (n + 1))


@workload
def wc(folder: str) -> None:
    paths = bench.files(folder)
    expected = bench.total(map(bench.count, paths))
    since = clock()
    with ThreadPoolExecutor(8) as pool:
        found = bench.total(pool.map(bench.count, paths))
    bench.figure("wc", (clock() - since) * 1e3, "ms")
    check(found, expected)


if __name__ == "__main__":
    bench.main()
