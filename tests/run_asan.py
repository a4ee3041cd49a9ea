"""Runs every case of tests/asan under the address sanitizer: what is wrong is reported, and nothing else.

    python3 tests/run_asan.py [--filter NAME] [--compiler CC]
    python3 tests/run_asan.py --ask      whether it can run here; the reason if not

Needs include/gort.h, target/release/libgort.so (make build) and a compiler that has -fsanitize=address.

Invariants:
  - a program without an argument lists its cases, each with what the report must say, or nothing;
  - a case that must be reported fails, and the report shows a line of the program;
  - any other ends with 0 and writes nothing;
  - locals live in the goroutine's stack, or in the sanitizer's fake one: each case is run both ways.
"""

from __future__ import annotations

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import ROOT, Tally, expect, expect_equal, run
from sanitizers import Sanitizer, asked

SOURCES = ROOT / "tests" / "asan"
AT_A_TIME = 2


def case_ends_as_it_should(binary: Path, source: Path, case: str, report: str, fake_stacks: int) -> None:
    options = f"detect_leaks=1 detect_stack_use_after_return={fake_stacks}"
    outcome = run([binary, case], env={**os.environ, "ASAN_OPTIONS": options, "GORT_MAXPROCS": "2"})
    if report:
        expect(outcome.status not in (0, 3), f"the status is {outcome.status}", outcome)
        expect(report in outcome.err, f"no {report!r} in the report", outcome)
        expect(f"/{source.name}:" in outcome.err, "no line of the program in the report", outcome)
    else:
        expect_equal(outcome.status, 0, "status", outcome)
        expect_equal(outcome.err, "", "reports", outcome)


def main() -> int:
    arguments = asked("address", "Check what the address sanitizer says about goroutines.")
    sanitizer = Sanitizer("address", arguments.compiler, ["-fno-omit-frame-pointer"])
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_A_TIME) as pool:
        checks = []
        for source, binary, line in sanitizer.cases(SOURCES, Path(folder), tally):
            case, _, report = line.partition(" ")
            if arguments.filter in case:
                checks += [(binary, source, case, report.strip(), fake_stacks) for fake_stacks in (0, 1)]
        list(pool.map(lambda c: tally.run(f"{c[1].name} {c[2]} {c[4]}", lambda: case_ends_as_it_should(*c)), checks))
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
