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

import argparse
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import LIBRARY_DIR, ROOT, Outcome, Tally, expect, expect_equal, first_error, no_sanitizer, run

SOURCES = ROOT / "tests" / "race"
FLAGS = ["-std=c99", "-g", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsanitize=thread"]
REPORTED = 66
AT_A_TIME = 2
IN_PROGRAM = re.compile(r"/tests/race/\w+\.[ch]\b")
ACCESS = re.compile(r"^  (?:Previous )?(?:atomic )?(?:read|write) of size \d+ at .* by ", re.M | re.I)


def compile_program(source: Path, compiler: str, folder: Path) -> Path:
    binary = folder / source.stem
    library = [f"-L{LIBRARY_DIR}", f"-Wl,-rpath,{LIBRARY_DIR}", "-lgort", "-pthread"]
    outcome = run([*compiler.split(), *FLAGS, f"-I{ROOT / 'include'}", source, "-o", binary, *library])
    expect(outcome.status == 0, f"does not compile: {first_error(outcome)}")
    return binary


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


def chapter(source: Path, compiler: str, folder: Path) -> None:
    """The example programs with a race, and those without it any more."""
    outcome = detect(compile_program(source, compiler, folder))
    if source.stem.endswith("_fixed"):
        expect_equal(outcome.status, 0, "status", outcome)
        expect_equal(outcome.err, "", "reports", outcome)
    else:
        expect_equal(outcome.status, REPORTED, "status", outcome)
        expect("data race" in outcome.err, "no data race in the report", outcome)


def main() -> int:
    parser = argparse.ArgumentParser(description="Check every edge of the memory model under the race detector.")
    parser.add_argument("--filter", default="", metavar="NAME", help="edges whose name contains NAME")
    parser.add_argument("--compiler", default=os.environ.get("CC", "cc"), metavar="CC")
    parser.add_argument("--ask", action="store_true", help="only say whether it can run here")
    arguments = parser.parse_args()
    reason = no_sanitizer("thread", arguments.compiler)
    if reason is not None:
        print(reason)
        return 1
    if arguments.ask:
        return 0
    tally = Tally()
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(AT_A_TIME) as pool:
        checks = []
        for source in sorted(SOURCES.glob("*.c")):
            try:
                binary = compile_program(source, arguments.compiler, Path(name))
            except Exception as error:
                tally.fail(source.name, str(error))
                continue
            for edge in run([binary]).lines():
                if arguments.filter in edge:
                    checks += [(with_edge, binary, edge), (without_edge, binary, edge)]
        for source in sorted((ROOT / "examples" / "c").glob("race_*.c")):
            if arguments.filter in source.stem:
                tally.run(source.name, lambda: chapter(source, arguments.compiler, Path(name)))
        list(pool.map(lambda c: tally.run(f"{c[1].name} {c[2]} {c[0].__name__}", lambda: c[0](c[1], c[2])), checks))
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
