"""mutex: a counter changed and read by many goroutines, each time under a Mutex.

    mutex.py [GOROUTINES]      (default 100; each adds one, twice)
"""

import argparse
import sys

import gort


class Counter:
    def __init__(self) -> None:
        self._mutex = gort.Mutex()
        self._value = 0

    def change(self) -> None:
        with self._mutex:
            value = self._value
            gort.yield_now()  # without the mutex, others would change it here
            self._value = value + 1

    def read(self) -> int:
        with self._mutex:
            return self._value


def change_twice(counter: Counter) -> None:
    counter.change()
    sys.stdout.write(f"-> {counter.read()}\n")
    counter.change()


def main(goroutines: int) -> None:
    counter = Counter()
    group = gort.WaitGroup()
    for _ in range(goroutines):
        group.go(change_twice, counter)
    group.wait()
    print(f"final value: {counter.read()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Count under a Mutex.")
    parser.add_argument("goroutines", nargs="?", type=int, default=100)
    gort.run(main, parser.parse_args().goroutines)
