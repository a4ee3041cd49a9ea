"""atomic: 100 goroutines add one to an AtomicInt, four times each: 400. For a single number this is all the
protection it takes.

    atomic.py
"""

import argparse

import gort

GOROUTINES = 100
TIMES = 4


def add(counter: gort.AtomicInt) -> None:
    for _ in range(TIMES):
        counter.add(1)
        gort.yield_now()


def main() -> None:
    counter = gort.AtomicInt()
    group = gort.WaitGroup()
    for _ in range(GOROUTINES):
        group.go(add, counter)
    group.wait()
    print(counter.load())


if __name__ == "__main__":
    argparse.ArgumentParser(description="Count with an atomic integer.").parse_args()
    gort.run(main)
