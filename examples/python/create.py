"""create: two ways to start a goroutine, from an anonymous function and from a named one. The arguments are
evaluated at the go statement, so what happens to the variable afterwards does not matter.

    create.py
"""

import argparse
import sys

import gort


def print_name(name: str) -> None:
    sys.stdout.write(f"passed as a pointer: {name}\n")


def main() -> None:
    number = 10
    gort.go(lambda n: sys.stdout.write(f"copied at the go statement: {n}\n"), number)
    number = 99

    gort.go(print_name, "gort")

    # The program ends with its main goroutine, so give the others time: this is the crude
    # way, var_goroutines shows the right one.
    while gort.num_goroutine() > 1:
        gort.sleep(0.001)
    print(f"the variable is now: {number}")


if __name__ == "__main__":
    argparse.ArgumentParser(description="Start two goroutines.").parse_args()
    gort.run(main)
