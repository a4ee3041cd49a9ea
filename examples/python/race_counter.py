"""race_counter: A RACE ON PURPOSE. Goroutines add to a plain variable: each reads it, lets the others run, and writes
back what it has read plus one. So additions get lost.

    race_counter.py

race_counter_fixed is the same program with the mutex it needs.
"""

import argparse

import gort

GOROUTINES = 4
TIMES = 100

counter = 0


def add() -> None:
    global counter
    for _ in range(TIMES):
        value = counter
        gort.yield_now()  # gives the others the chance to do harm
        counter = value + 1


def main() -> None:
    group = gort.WaitGroup()
    for _ in range(GOROUTINES):
        group.go(add)
    group.wait()
    print(f"{counter} of {GOROUTINES * TIMES}")


if __name__ == "__main__":
    argparse.ArgumentParser(description="Lose additions.").parse_args()
    gort.run(main)
