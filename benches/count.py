"""Counts the instructions of the hottest operations, so that none grows unnoticed.

    python3 benches/count.py [--update] [--only PATTERN]

Each operation of benches/count/ops.c runs TIMES and 2 * TIMES times under callgrind, on one
P; the difference is what TIMES of them cost, without start and end. That is compared with
benches/counts.json: over TOLERANCE more is a failure, --update takes what was counted as the
new baseline. Ends with "N passed, M failed".

Operations of benches/count/ops.cpp are those of the same name written with gort.hpp, and may cost no
more than TOLERANCE over what those in C are counted with.

The runtime's own threads run as well, and at moments that differ from run to run: they can
only add, so the least of ROUNDS runs is taken.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Optional

from toolchain import BENCHES, BUILD, INCLUDE, LIBRARY, Gort, compile_c, compile_cpp

BASELINE = BENCHES / "counts.json"
TIMES = 20_000
ROUNDS = 3
TOLERANCE = 0.05
WATCHDOG_SECONDS = 300


class Failure(Exception):
    """There is no count; the text says why."""


def instructions(program: Path, operation: str, times: int) -> int:
    """Of the whole process, all threads."""
    with tempfile.TemporaryDirectory(dir=BUILD) as directory:
        profile = Path(directory, "callgrind.out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", "-q"]
        try:
            done = subprocess.run(
                [*command, str(program), operation, str(times)],
                capture_output=True,
                text=True,
                timeout=WATCHDOG_SECONDS,
                env=dict(os.environ, GORT_MAXPROCS="1"),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failure(str(error)) from None
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise Failure(lines[-1])
        totals = re.search(r"^totals: (\d+)", profile.read_text(), re.MULTILINE)
    if totals is None:
        raise Failure("callgrind wrote no total")
    return int(totals.group(1))


def per_operation(program: Path, operation: str) -> float:
    """Instructions of one operation."""
    few, many = (min(instructions(program, operation, times) for _ in range(ROUNDS)) for times in (TIMES, 2 * TIMES))
    return round((many - few) / TIMES, 1)


def operations(program: Path) -> list[str]:
    """What it lists."""
    return subprocess.run([str(program)], stdout=subprocess.PIPE, text=True, check=True).stdout.split()


def verdict(count: float, baseline: Optional[float]) -> tuple[bool, str]:
    """Whether the count is good, and what to say about it."""
    if baseline is None:
        return False, "no baseline; count.py --update makes one"
    change = count / baseline - 1
    if change > TOLERANCE:
        return False, f"{change:+.1%} on {baseline:g}"
    return True, f"{change:+.1%}; worth --update" if change < -TOLERANCE else f"{change:+.1%}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--update", action="store_true", help="what is counted now is the baseline from now on")
    parser.add_argument("--only", metavar="PATTERN", default="", help="a regular expression for operations")
    parser.add_argument("--library", type=Path, default=LIBRARY, help="where libgort.so is")
    parser.add_argument("--include", type=Path, default=INCLUDE, help="where gort.h is")
    options = parser.parse_args()

    gort = Gort(options.library, options.include)
    program, twin = BUILD / "count" / "ops", BUILD / "count" / "ops++"
    problem = compile_c(BENCHES / "count" / "ops.c", program, gort)
    problem = problem or compile_cpp(BENCHES / "count" / "ops.cpp", twin, gort)
    if problem is not None:
        print(f"benches/count: {problem}\n0 passed, 1 failed")
        return 1
    names = operations(program)
    baseline = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    counted: dict[str, float] = {}
    failed = 0
    print(f"{'operation':<16} instructions")
    for name in names:
        if not re.search(options.only, name):
            continue
        try:
            counted[name] = per_operation(program, name)
            good, remark = (True, "") if options.update else verdict(counted[name], baseline.get(name))
            print(f"{name:<16} {counted[name]:>12} {remark}")
        except Failure as failure:
            good = False
            print(f"{name:<16} {'failed':>12} {failure}")
        failed += not good
    twins = [name for name in operations(twin) if re.search(options.only, name)]
    for name in twins:
        try:
            count = per_operation(twin, name)
            change = count / (counted.get(name) or per_operation(program, name)) - 1
            good = change <= TOLERANCE
            print(f"{name + ' C++':<16} {count:>12} {change:+.1%} on C")
        except Failure as failure:
            good = False
            print(f"{name + ' C++':<16} {'failed':>12} {failure}")
        failed += not good
    if options.update:
        kept = {name: count for name, count in {**baseline, **counted}.items() if name in names}
        BASELINE.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    passed = len([name for name in names if re.search(options.only, name)]) + len(twins) - failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
