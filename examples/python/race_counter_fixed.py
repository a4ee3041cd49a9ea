"""race_counter_fixed: race_counter with a mutex around what belongs together, the reading and the writing. Nothing
gets lost.

    race_counter_fixed.py
"""

import argparse

import gort

GOROUTINES = 4
TIMES = 100

mutex = gort.Mutex()
counter = 0  # under mutex


def add() -> None:
    global counter
    for _ in range(TIMES):
        with mutex:
            value = counter
            gort.yield_now()
            counter = value + 1


def main() -> None:
    group = gort.WaitGroup()
    for _ in range(GOROUTINES):
        group.go(add)
    group.wait()
    print(f"{counter} of {GOROUTINES * TIMES}")


if __name__ == "__main__":
    argparse.ArgumentParser(description="Lose no additions.").parse_args()
    gort.run(main)
