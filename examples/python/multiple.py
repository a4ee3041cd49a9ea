"""multiple: N goroutines, each printing its number. The order is nobody's promise.

    multiple.py [N]      (default 10)
"""

import argparse

import gort


def main(count: int) -> None:
    print(f"Going to create {count} goroutines.")
    for i in range(count):
        gort.go(print, f"{i} ", end="")

    # Waiting by looking: var_goroutines does the same with a WaitGroup.
    while gort.num_goroutine() > 1:
        gort.sleep(0.001)
    print("\nExiting...")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Start goroutines that print their numbers.")
    parser.add_argument("count", nargs="?", type=int, default=10)
    gort.run(main, parser.parse_args().count)
