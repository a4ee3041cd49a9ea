"""What the Python benchmarks share: the command line, the clock, checks, figures.

    on_LIBRARY.py WORKLOAD ARGUMENT...

A program ends with status 0 only when its answers were right.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Callable, Iterable

# Switches meanwhile must not matter: the time is that of the wall.
clock = time.perf_counter

FUNCTIONS: dict[str, Callable[..., None]] = {}


def workload(function: Callable[..., None]) -> Callable[..., None]:
    """Make the function a workload by its name; its arguments are numbers, or else words."""
    FUNCTIONS[function.__name__.rstrip("_")] = function
    return function


def main() -> None:
    """Run the workload that the command line names."""
    name, *words = sys.argv[1:]
    FUNCTIONS[name](*(int(word) if word.isdigit() else word for word in words))


def figure(key: str, amount: float, unit: str) -> None:
    """Print a figure."""
    print(f"RESULT {key} {amount:.6g} {unit}")


def per_item(key: str, since: float, items: int) -> None:
    """Print what one of so many items took."""
    figure(key, (clock() - since) / items * 1e9, "ns")


def check(found: object, expected: object) -> None:
    """End the program unless both are the same."""
    if found != expected:
        sys.exit(f"{found!r} is not {expected!r}")


def resident() -> int:
    """Bytes of memory the process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def files(folder: str) -> list[str]:
    """The files below a folder of this project, each several times."""
    root = Path(__file__).resolve().parent.parent.parent
    found = sorted(str(path) for path in (root / folder).rglob("*") if path.is_file())
    if not found:
        sys.exit(f"no files in {folder}")
    return found * 10


def count(path: str) -> tuple[int, int, int]:
    """Lines, words and bytes of a file."""
    with open(path, "rb") as file:
        text = file.read()
    return text.count(b"\n"), len(text.split()), len(text)


def total(counts: Iterable[tuple[int, int, int]]) -> tuple[int, ...]:
    """The sum of counts."""
    return tuple(map(sum, zip(*counts)))
