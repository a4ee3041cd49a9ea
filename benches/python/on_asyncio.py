"""The workloads on asyncio. It has no unbuffered channel: Queue(1) is the nearest."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Coroutine

import bench
from bench import check, clock, per_item


def workload(function: Callable[..., Coroutine[Any, Any, None]]) -> None:
    """As bench.workload, in an event loop."""

    def run(*arguments: Any) -> None:
        asyncio.run(function(*arguments))

    run.__name__ = function.__name__
    bench.workload(run)


async def through(capacity: int, key: str, n: int) -> None:
    """One task sends n numbers to another."""
    ch: asyncio.Queue[int] = asyncio.Queue(capacity)

    async def produce() -> None:
        for i in range(n):
            await ch.put(i)

    async def consume() -> int:
        total = 0
        for _ in range(n):
            total += await ch.get()
        return total

    since = clock()
    _, total = await asyncio.gather(produce(), consume())
    per_item(key, since, n)
    check(total, n * (n - 1) // 2)


@workload
async def spsc0(n: int) -> None:
    await through(1, "spsc0", n)


@workload
async def spsc128(n: int) -> None:
    await through(128, "spsc128", n)


@workload
async def pingpong(n: int) -> None:
    there: asyncio.Queue[int] = asyncio.Queue(1)
    back: asyncio.Queue[int] = asyncio.Queue(1)

    async def echo() -> None:
        for _ in range(n):
            await back.put(await there.get() + 1)

    async def ask() -> int:
        total = 0
        for i in range(n):
            await there.put(i)
            total += await back.get()
        return total

    since = clock()
    _, total = await asyncio.gather(echo(), ask())
    per_item("pingpong", since, 2 * n)
    check(total, n * (n + 1) // 2)


@workload
async def yield_(n: int) -> None:
    turns = []

    async def take_turns(which: int) -> None:
        for _ in range(n):
            turns.append(which)
            await asyncio.sleep(0)

    since = clock()
    await asyncio.gather(take_turns(0), take_turns(1))
    per_item("yield", since, 2 * n)
    check(turns[1::2].count(turns[1]), n)


@workload
async def spawn_join(n: int) -> None:
    async def zero() -> int:
        return int()

    since = clock()
    tasks = [asyncio.create_task(zero()) for _ in range(n)]
    done = 0
    for task in tasks:
        done += await task == 0
    per_item("spawn_join", since, n)
    check(done, n)


@workload
async def select3(n: int) -> None:
    queues: list[asyncio.Queue[int]] = [asyncio.Queue(1) for _ in range(3)]

    async def produce(ch: asyncio.Queue[int]) -> None:
        for i in range(n):
            await ch.put(i)

    since = clock()
    producers = [asyncio.create_task(produce(ch)) for ch in queues]
    waits = {asyncio.create_task(ch.get()): ch for ch in queues}
    total = count = 0
    while count < 3 * n:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            ch = waits.pop(task)
            total += task.result()
            count += 1
            waits[asyncio.create_task(ch.get())] = ch
    per_item("select3", since, 3 * n)
    for task in waits:
        task.cancel()
    await asyncio.gather(*producers)
    check(total, 3 * n * (n - 1) // 2)


@workload
async def sleepers(n: int) -> None:
    since = clock()
    tasks = [asyncio.create_task(asyncio.sleep(0.1)) for _ in range(n)]
    done = 0
    for task in tasks:
        done += await task is None
    bench.figure("sleepers", (clock() - since) * 1e3, "ms")
    check(done, n)


@workload
async def parked(n: int) -> None:
    gate = asyncio.Event()
    started: list[int] = []

    async def wait() -> int:
        started.append(1)
        return 1 if await gate.wait() else 0

    before = bench.resident()
    tasks = [asyncio.create_task(wait()) for _ in range(n)]
    while len(started) < n:
        await asyncio.sleep(0.01)
    bench.figure("parked_rss", (bench.resident() - before) / n, "B")
    gate.set()
    check(sum(await asyncio.gather(*tasks)), n)


@workload
async def pipeline(n: int) -> None:
    first, second, third = (asyncio.Queue[Any](128) for _ in range(3))

    async def source() -> None:
        for i in range(n):
            await first.put(i)
        await first.put(None)

    async def add() -> None:
        while (value := await first.get()) is not None:
            await second.put(value + 1)
        await second.put(None)

    async def double() -> None:
        while (value := await second.get()) is not None:
            await third.put(value * 2)
        await third.put(None)

    async def add_up() -> int:
        total = 0
        while (value := await third.get()) is not None:
            total += value
        return total

    since = clock()
    total = (await asyncio.gather(source(), add(), double(), add_up()))[-1]
    per_item("pipeline", since, n)
    check(total, n * (n + 1))


@workload
async def wc(folder: str) -> None:
    paths = bench.files(folder)
    expected = bench.total(map(bench.count, paths))
    slots = asyncio.Semaphore(8)

    async def count(path: str) -> tuple[int, int, int]:
        async with slots:
            return await asyncio.get_running_loop().run_in_executor(None, bench.count, path)

    since = clock()
    found = bench.total(await asyncio.gather(*map(count, paths)))
    bench.figure("wc", (clock() - since) * 1e3, "ms")
    check(found, expected)


if __name__ == "__main__":
    bench.main()
