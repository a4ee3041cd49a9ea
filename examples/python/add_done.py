"""add_done: what happens when the adds and dones of a WaitGroup do not match.

    add_done.py equal       as it should be: exits with 0
    add_done.py more-done   the done too many is refused with Misuse; exits with 1
    add_done.py more-add    wait can never end: run raises Deadlock, whose text is the report; exits with 2
"""

import argparse
import sys

import gort

GOROUTINES = 5


def main(adds: int, dones: int) -> int:
    """The number of dones that were refused."""
    refused = 0
    group = gort.WaitGroup()
    group.add(adds)
    for i in range(dones):
        try:
            group.done()
        except gort.Misuse as error:
            print(f"done number {i + 1}: {type(error).__name__}: {error}", file=sys.stderr)
            refused += 1
    group.wait()
    print(f"waited for {adds} goroutines")
    return refused


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the adds and dones of a WaitGroup differ.")
    parser.add_argument("case", choices=["equal", "more-done", "more-add"])
    case = parser.parse_args().case
    try:
        refusals = gort.run(main, GOROUTINES + (case == "more-add"), GOROUTINES + (case == "more-done"))
    except gort.Deadlock as report:
        print(report, file=sys.stderr)
        sys.exit(2)
    sys.exit(1 if refusals else 0)
