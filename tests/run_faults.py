"""Lets every request of the library to the system fail once, one after the other.

    python3 tests/run_faults.py [--kind KIND] [--burst N]

Needs include/gort.h and target/release/libgort.so (make build). tests/faults/mixed.c does a bit of
everything; in its n-th round the n-th request of one kind fails, until a round comes to its end
without. See there and in faults.h what a round must leave behind. With --burst N the N - 1 requests after
it fail as well; the default is to try 1 and 10.

A check is one kind with one burst and number of Ps: it has failed if any round ends wrongly, by a signal, or never.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import LIBRARY_DIR, ROOT, Tally, c_compiler, expect, first_error, run

SOURCE = ROOT / "tests" / "faults" / "mixed.c"
KINDS = ("alloc", "map", "advise", "thread", "poll", "pipe", "key", "sleep", "new")
BURSTS = (1, 10)
PROCS = (1, 8)
AT_A_TIME = 2


def build(folder: Path) -> Path:
    program = folder / "mixed"
    flags = ["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'include'}"]
    library = [f"-L{LIBRARY_DIR}", f"-Wl,-rpath,{LIBRARY_DIR}", "-lgort", "-ldl", "-pthread"]
    outcome = run([*c_compiler(), *flags, SOURCE, "-o", program, *library])
    expect(outcome.status == 0, f"does not compile: {first_error(outcome)}")
    return program


def check(program: Path, kind: str, burst: int, procs: int) -> None:
    outcome = run([program, kind, "1", str(burst)], env=dict(os.environ, GORT_MAXPROCS=str(procs)))
    expect(outcome.status == 0, f"ends in {' '.join(outcome.lines()[-2:]) or 'no round'}", outcome)
    expect(int(outcome.lines()[-1]) > 0, "the library asked for nothing: does it call through the program?")


def main() -> int:
    parser = argparse.ArgumentParser(description="Let requests of the library to the system fail.")
    parser.add_argument("--kind", choices=KINDS, action="append", help="default: all")
    parser.add_argument("--burst", type=int, action="append", metavar="N", help="how many fail in a row")
    arguments = parser.parse_args()
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_A_TIME) as pool:
        program = build(Path(folder))
        cases = list(itertools.product(arguments.kind or KINDS, arguments.burst or BURSTS, PROCS))
        label = "{}, {} in a row, GORT_MAXPROCS={}".format
        list(pool.map(lambda case: tally.run(label(*case), lambda: check(program, *case)), cases))
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
