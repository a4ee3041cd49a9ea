"""Runs every edge of tests/race under the race detector: silent with the edge, reported without.

    python3 tests/run_race.py [--filter NAME] [--compiler CC]
    python3 tests/run_race.py --ask      whether it can run here; the reason if not

Needs include/gort.h, target/release/libgort.so (make build) and a compiler that has
-fsanitize=thread.

Invariants:
  - with the edge a program ends with 0 and writes nothing;
  - without, it ends with 66, as `go run -race`, and the report names both goroutines, says where
    each was made, and shows a line of the program for each access;
  - of the example programs race_* are reported, race_*_fixed are silent.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import ROOT, Outcome, Tally, expect, expect_equal, run
from sanitizers import Sanitizer, asked

SOURCES = ROOT / "tests" / "race"
REPORTED = 66
AT_A_TIME = 2
IN_PROGRAM = re.compile(r"/tests/race/\w+\.[ch]\b")
ACCESS = re.compile(r"^  (?:Previous )?(?:atomic )?(?:read|write) of size \d+ at .* by ", re.M | re.I)


def detect(binary: Path, *arguments: str) -> Outcome:
    """At the end the sanitizer would wait a second for the runtime's threads."""
    return run([binary, *arguments], env={**os.environ, "TSAN_OPTIONS": "atexit_sleep_ms=0", "GORT_MAXPROCS": "2"})


def with_edge(binary: Path, name: str) -> None:
    outcome = detect(binary, name, "with")
    expect_equal(outcome.status, 0, "status with the edge", outcome)
    expect_equal(outcome.err, "", "reports with the edge")


def without_edge(binary: Path, name: str) -> None:
    outcome = detect(binary, name, "without")
    expect_equal(outcome.status, REPORTED, "status without the edge", outcome)
    report = outcome.err
    expect("data race" in report, "no data race in the report", outcome)
    accesses = ACCESS.split(report)[1:3]
    expect_equal(len(accesses), 2, "accesses in the first report", outcome)
    for access in accesses:
        expect(IN_PROGRAM.search(access), "an access without a line of the program", outcome)
    for thread in set(re.findall(r"^  .* of size .* by thread (T\d+)", report, re.M)):
        created = re.search(rf"^  Thread {thread} ('goroutine \d+|\().* created by .* at:\n((?:    .*\n)+)", report, re.M)
        known = created and (IN_PROGRAM.search(created[2]) or "the_runtime_itself" in created[2])
        expect(known, f"{thread} has no name, or was created nowhere", outcome)


def chapter(source: Path, sanitizer: Sanitizer, folder: Path) -> None:
    """The example programs with a race, and those without it any more."""
    outcome = detect(sanitizer.compile(source, folder))
    if source.stem.endswith("_fixed"):
        expect_equal(outcome.status, 0, "status", outcome)
        expect_equal(outcome.err, "", "reports", outcome)
    else:
        expect_equal(outcome.status, REPORTED, "status", outcome)
        expect("data race" in outcome.err, "no data race in the report", outcome)


def main() -> int:
    arguments = asked("thread", "Check every edge of the memory model under the race detector.")
    sanitizer = Sanitizer("thread", arguments.compiler)
    tally = Tally()
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(AT_A_TIME) as pool:
        checks = []
        for _, binary, edge in sanitizer.cases(SOURCES, Path(name), tally):
            if arguments.filter in edge:
                checks += [(with_edge, binary, edge), (without_edge, binary, edge)]
        for source in sorted((ROOT / "examples" / "c").glob("race_*.c")):
            if arguments.filter in source.stem:
                tally.run(source.name, lambda: chapter(source, sanitizer, Path(name)))
        list(pool.map(lambda c: tally.run(f"{c[1].name} {c[2]} {c[0].__name__}", lambda: c[0](c[1], c[2])), checks))
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
