"""var_goroutines: N goroutines waited for with a WaitGroup: add before the go statement, done in a finally
clause of the goroutine, wait at the end. (WaitGroup.go does the three in one.)

    var_goroutines.py [N]      (default 10)
"""

import argparse

import gort


def print_number(number: int, group: gort.WaitGroup) -> None:
    try:
        print(f"{number} ", end="")
    finally:
        group.done()


def main(count: int) -> None:
    print(f"Going to create {count} goroutines.")
    group = gort.WaitGroup()
    for i in range(count):
        group.add(1)
        gort.go(print_number, i, group)
    group.wait()
    print("\nExiting...")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Start goroutines and wait for them.")
    parser.add_argument("count", nargs="?", type=int, default=10)
    gort.run(main, parser.parse_args().count)
