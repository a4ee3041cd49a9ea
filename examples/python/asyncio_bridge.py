"""asyncio_bridge: goroutines and an event loop in one program. Coroutines send to a channel that goroutines range over,
iterate over the one the goroutines send to, and await a goroutine's result.

    asyncio_bridge.py [NUMBERS [WORKERS]]      (default 10 and 3)
"""

import argparse
import asyncio

import gort


def square(numbers: gort.RecvChan[int], squares: gort.SendChan[int]) -> int:
    """How many numbers this goroutine got."""
    count = 0
    for number in numbers:
        squares.send(number * number)
        count += 1
    return count


async def produce(numbers: gort.SendChan[int], count: int) -> None:
    for number in range(count):
        await numbers.asend(number)
    numbers.close()


async def main(count: int, workers: int) -> None:
    numbers: gort.Chan[int] = gort.Chan()
    squares: gort.Chan[int] = gort.Chan()
    goroutines = [gort.go(square, numbers.receiver(), squares.sender()) for _ in range(workers)]

    async def close_after_workers() -> int:
        counts = [await goroutine for goroutine in goroutines]
        squares.close()
        return sum(counts)

    producer = asyncio.ensure_future(produce(numbers, count))
    closer = asyncio.ensure_future(close_after_workers())
    total = 0
    async for number in squares:
        total += number
    await producer
    print(f"{await closer} numbers, sum of their squares: {total}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Let coroutines talk to goroutines.")
    parser.add_argument("numbers", nargs="?", type=int, default=10)
    parser.add_argument("workers", nargs="?", type=int, default=3)
    given = parser.parse_args()
    asyncio.run(main(given.numbers, given.workers))
