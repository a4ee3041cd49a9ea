"""Measures every workload on gort and on Go, in turn, and shows medians and ratios.

    python3 benches/run.py [--procs 2,1] [--rounds N] [--only PATTERN] [--quick] [--peers all] [--write]

Needs libgort.so and gort.h (make build), a C compiler, and PyPI on first use, for Go. What
cannot be built or gives a wrong answer is named below the tables, and on gort or Go the exit status
is 1; a goal that is not reached is only shown. All samples go to target/bench/samples.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import Callable, Iterator, NamedTuple, Optional

import report
import toolchain
from measure import Samples, Side
from workloads import ECHO, PEERS, SECTIONS, Section, Workload

ROUNDS_OF_SERIES = 3
# A load average above this says that somebody else is at work.
QUIET = 0.7

Command = Callable[[Workload], Optional[list]]


class Step(NamedTuple):
    """A workload at one number of Ps, and in how many rounds."""

    workload: Workload
    procs: int
    rounds: int


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    numbers = lambda text: [int(word) for word in text.split(",")]  # noqa: E731
    parser.add_argument("--procs", type=numbers, default=[2, 1], help="values of GOMAXPROCS (default 2,1)")
    parser.add_argument("--rounds", type=int, help="default 5; at most 3 for all but the first section")
    parser.add_argument("--only", metavar="PATTERN", default="", help="a regular expression for 'section: figure'")
    parser.add_argument("--quick", action="store_true", help="small workloads, one round: does it all work?")
    parser.add_argument("--peers", choices=["go", "all"], default="go", help="all: tokio, may, threads, fiber too")
    parser.add_argument("--write", action="store_true", help="write the first part of benches/RESULTS.md")
    parser.add_argument("--library", type=Path, default=toolchain.LIBRARY, help="where libgort.so is")
    parser.add_argument("--include", type=Path, default=toolchain.INCLUDE, help="where gort.h is")
    options = parser.parse_args()
    if options.quick and options.write:
        parser.error("--quick measures too little to be written down")
    return options


def chosen(pattern: str, quick: bool) -> list[Section]:
    """The sections with the workloads the pattern matches."""
    wanted = re.compile(pattern)
    sections = []
    for section in SECTIONS:
        workloads = [
            workload
            for workload in section.workloads
            if (workload.quick is not None or not quick)
            and any(wanted.search(f"{section.title}: {figure.label}") for figure in workload.figures)
        ]
        if workloads:
            sections.append(section._replace(workloads=workloads))
    return sections


def steps(sections: list[Section], procs: list[int], rounds: int) -> list[Step]:
    """What to measure. What two sections share is measured once."""
    found: dict[tuple[Workload, int], Step] = {}
    for section in sections:
        of_section = rounds if section.title == SECTIONS[0].title else min(rounds, ROUNDS_OF_SERIES)
        for count in section.procs or procs:
            for workload in section.workloads:
                found.setdefault((workload, count), Step(workload, count, of_section))
    return list(found.values())


def problems_of(built: dict[str, toolchain.Built], samples: Samples) -> Iterator[tuple[str, str]]:
    """Whose and what, for everything that has no figure."""
    for side, programs in built.items():
        by_reason: dict[str, list[str]] = {}
        for program, reason in programs.problems.items():
            by_reason.setdefault(reason, []).append(program)
        for reason, names in by_reason.items():
            yield side, f"could not be built: {', '.join(names)}: {reason}"
    for (side, workload, procs), failure in samples.failures.items():
        yield side, f"{workload.program} {workload.args} at {procs} Ps: {failure}"


def dump(samples: Samples, path: Path) -> None:
    """Every single sample, for whoever wants more than medians."""
    rows = [
        {"side": side, "program": workload.program, "args": workload.args, "procs": procs, "figure": key}
        | {"unit": values[0].unit, "samples": [value.amount for value in values]}
        for (side, workload, procs, key), values in samples.values.items()
    ]
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def own_program(built: toolchain.Built) -> Command:
    """For a side with a program for each workload."""

    def command(workload: Workload) -> Optional[list[str]]:
        program = "echo_server" if workload.program == ECHO else workload.program
        return [str(built.programs[program])] if program in built.programs else None

    return command


def shared_program(built: toolchain.Built, peer: str) -> Command:
    """For a side with one program, whose first argument is the workload."""

    def command(workload: Workload) -> Optional[list[str]]:
        if peer not in built.programs or workload.figures[0].label not in PEERS[peer]:
            return None
        return [str(built.programs[peer]), workload.program]

    return command


def main() -> int:
    options = parse()
    rounds = 1 if options.quick else options.rounds or 5
    toolchain.BUILD.mkdir(parents=True, exist_ok=True)
    busy = os.getloadavg()[0]
    if busy > QUIET:
        print(f"the machine is busy (load average {busy:.1f}); the figures will be off", file=sys.stderr)

    built = {
        report.GORT: toolchain.build_c(toolchain.Gort(options.library, options.include)),
        report.GO: toolchain.build_go(),
    }
    load = built[report.GORT].programs.get("echo_load")
    sides = [Side(name, own_program(built[name])) for name in built]
    if options.peers == "all":
        peers = toolchain.build_peers()
        sides += [Side(name, shared_program(peers[name], name)) for name in peers]
        built.update(peers)

    samples = Samples(load)
    sections = chosen(options.only, options.quick)
    plan = steps(sections, options.procs, rounds)
    for number in range(rounds):
        for place, step in enumerate(plan):
            if number >= step.rounds:
                continue
            if sys.stderr.isatty():
                print(f"\rround {number + 1}/{rounds}, {place + 1}/{len(plan)} ", end="", file=sys.stderr, flush=True)
            # Who goes first changes, so that nobody always meets what the other has left behind.
            for side in sides if number % 2 == 0 else reversed(sides):
                samples.take(side, step.workload, step.procs, options.quick)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    dump(samples, toolchain.BUILD / "samples.json")

    names = [side.name for side in sides]
    tables = [
        report.table(section, procs, samples, names)
        for section in sections
        for procs in section.procs or options.procs
    ]
    tables = [table for table in tables if table.rows]
    if options.quick:
        print("Small arguments, one round: these figures say that it works, not how fast it is.\n")
    print("\n\n".join(table.text() for table in tables))
    problems = list(problems_of(built, samples))
    if problems:
        print("\n" + "\n".join(f"{side}: {what}" for side, what in problems))
    if options.write:
        report.write(go=report.document(tables, options.include, rounds))
    # A peer may well be unable to do what is asked of it here.
    return 1 if any(side in (report.GORT, report.GO) for side, _ in problems) else 0


if __name__ == "__main__":
    sys.exit(main())
