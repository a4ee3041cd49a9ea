"""pipeline: a chain of goroutines, each reading one channel and writing the next. A source sends 1..VALUES, every
stage adds 1, main sums what comes out. Closing travels down the chain: a stage closes its output when its input is
closed.

    pipeline.py [STAGES [VALUES]]      (default 3 stages, 10 values)
"""

import argparse

import gort


def source(out: gort.SendChan[int], values: int) -> None:
    for i in range(1, values + 1):
        out.send(i)
    out.close()


def add_one(before: gort.RecvChan[int], after: gort.SendChan[int]) -> None:
    for value in before:
        after.send(value + 1)
    after.close()


def main(stages: int, values: int) -> None:
    last: gort.Chan[int] = gort.Chan()
    gort.go(source, last.sender(), values)
    for _ in range(stages):
        following: gort.Chan[int] = gort.Chan()
        gort.go(add_one, last.receiver(), following.sender())
        last = following

    count = total = 0
    for value in last:
        count += 1
        total += value
    print(f"{count} values through {stages} stages, sum: {total}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Send numbers through a chain of goroutines.")
    parser.add_argument("stages", nargs="?", type=int, default=3)
    parser.add_argument("values", nargs="?", type=int, default=10)
    given = parser.parse_args()
    gort.run(main, given.stages, given.values)
