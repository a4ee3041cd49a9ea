"""create_files: one goroutine a file creates DIRECTORY/NAME<i> for i from START to END, END included. Each file
that cannot be created is reported, the others are created all the same, and the exit status is 1.

    create_files.py START END DIRECTORY NAME
    create_files.py 10 20 /tmp test
"""

import argparse
import os
import sys

import gort


def create_one(path: str, failures: gort.AtomicInt) -> None:
    # A line is one write: the lines of goroutines on different threads do not mix.
    try:
        with open(path, "w", encoding="utf-8"):
            sys.stdout.write(f"{path} created!\n")
    except OSError as error:
        sys.stderr.write(f"create_files: {path}: {error.strerror}\n")
        failures.add(1)


def main(first: int, last: int, directory: str, name: str) -> int:
    """The number of files that could not be created."""
    failures = gort.AtomicInt()
    group = gort.WaitGroup()
    for i in range(first, last + 1):
        group.go(create_one, os.path.join(directory, f"{name}{i}"), failures)
    group.wait()
    return failures.load()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Create many files at once.")
    parser.add_argument("start", type=int)
    parser.add_argument("end", type=int)
    parser.add_argument("directory")
    parser.add_argument("name")
    given = parser.parse_args()
    sys.exit(1 if gort.run(main, given.start, given.end, given.directory, given.name) else 0)
