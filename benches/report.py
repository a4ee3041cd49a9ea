"""Turns samples into tables, and tables into benches/RESULTS.md."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import NamedTuple, Optional

from measure import Samples, Value
from toolchain import BENCHES, GO_VERSION, INCLUDE, ROOT
from workloads import Section

GORT, GO = "gort", "Go"
RESULTS = BENCHES / "RESULTS.md"
# Begins the part on Python.
PYTHON = "\n## Python\n\n"


class Table(NamedTuple):
    """A section at one number of Ps."""

    caption: str
    head: list[str]
    rows: list[list[str]]

    def text(self) -> str:
        """For the terminal, and just as well for a Markdown file."""
        widths = [max(len(row[i]) for row in [self.head, *self.rows]) for i in range(len(self.head))]

        def line(cells: list[str]) -> str:
            padded = [cell.ljust(widths[0]) if i == 0 else cell.rjust(widths[i]) for i, cell in enumerate(cells)]
            return "| " + " | ".join(padded) + " |"

        ruler = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
        return "\n".join([f"**{self.caption}**", "", line(self.head), line(ruler), *map(line, self.rows)])


def shown(value: Optional[Value], failure: Optional[str]) -> str:
    """A figure as a table has it."""
    if value is None:
        return "failed" if failure else ""
    if abs(value.amount) >= 100:
        return f"{value.amount:,.0f} {value.unit}"
    return f"{value.amount:#.3g}".rstrip(".") + f" {value.unit}"


def table(section: Section, procs: int, samples: Samples, sides: list[str]) -> Table:
    """The medians of a section, with ratio and goal. Goals are for the Ps the user asks for, not for a series."""
    peers = [side for side in sides if side not in (GORT, GO)]
    rows = []
    for workload in section.workloads:
        for figure in workload.figures:
            values = {side: samples.middle(side, workload, procs, figure.key) for side in sides}
            cells = {side: shown(values[side], samples.failure(side, workload, procs)) for side in sides}
            if not any(cells.values()):
                continue
            gort, go = values[GORT], values[GO]
            ratio = gort.amount / go.amount if gort and go and go.amount > 0 else None
            goal = figure.goal if section.procs is None else None
            reached = "" if ratio is None or goal is None else "yes" if ratio <= goal else "no"
            rows.append(
                [figure.label, cells[GORT], cells[GO]]
                + ["" if ratio is None else f"{ratio:.2f}", "" if goal is None else f"{goal:.2f}", reached]
                + [cells[peer] for peer in peers]
            )
    caption = f"{section.title}, {procs} P{'s' if procs > 1 else ''}"
    return Table(caption, ["workload", GORT, GO, "ratio", "goal", "ok?", *peers], rows)


def first_line(*command: str) -> str:
    """Of the command's output; empty when there is none, or no such command."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.partition("\n")[0]


def _found(path: Path, pattern: str) -> str:
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else "unknown"


def machine() -> str:
    """One line on what this was measured on."""
    model = _found(Path("/proc/cpuinfo"), r"^model name\s*:\s*(.+)$")
    memory = int(_found(Path("/proc/meminfo"), r"^MemTotal:\s*(\d+) kB$")) / 2**20
    hypervisor = ", virtual" if re.search(r"\bhypervisor\b", Path("/proc/cpuinfo").read_text()) else ""
    system = f"{platform.system()} {platform.release()}"
    return f"{model}, {len(os.sched_getaffinity(0))} CPUs{hypervisor}, {memory:.0f} GiB, {system}"


def measured(include: Path = INCLUDE) -> str:
    """Which gort."""
    header = include / "gort.h"
    gort = ".".join(_found(header, rf"^#define GORT_VERSION_{part} (\d+)") for part in ("MAJOR", "MINOR", "PATCH"))
    commit = first_line("git", "rev-parse", "--short=12", "HEAD")
    # These two are made from what is measured here.
    changes = first_line("git", "status", "--porcelain", "--", ".", ":!benches/RESULTS.md", ":!README.md")
    return f"gort {gort} at {commit or 'an unknown commit'}{' with local changes' if changes else ''}"


def versions(include: Path) -> str:
    """One line on what was measured, and what built it."""
    compilers = [first_line(os.environ.get("CC", "cc"), "--version"), first_line("rustc", "--version")]
    return ", ".join([measured(include), f"Go {GO_VERSION}", *filter(None, compilers)])


def write(*, go: Optional[str] = None, python: Optional[str] = None) -> None:
    """Write one part of benches/RESULTS.md and leave the other as it is."""
    old_go, _, old_python = RESULTS.read_text(encoding="utf-8").partition(PYTHON) if RESULTS.exists() else [""] * 3
    parts = [go or old_go or "# Results\n", python or old_python]
    RESULTS.write_text(PYTHON.join(part.strip("\n") + "\n" for part in parts if part), encoding="utf-8")


def document(tables: list[Table], include: Path, rounds: int) -> str:
    """The first part of benches/RESULTS.md."""
    lead = f"""\
# Results

- Machine: {machine()}.
- Versions: {versions(include)}.
- Medians of {rounds} rounds, gort and Go in turn, each run a process of its own; the wrong answer is no time.
  Ratio is gort / Go, goal the most it should be. For req/s more is better, for all else less.
- Again on your machine: `make bench`.
"""
    return lead + "\n" + "\n\n".join(table.text() for table in tables) + "\n"
