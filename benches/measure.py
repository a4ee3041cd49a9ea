"""Runs workloads and collects what they print.

A sample counts only when the program ended with status 0, that is with the right
answer. A side that fails once at a workload is not run there again, and has no figure.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from statistics import median
from typing import Callable, NamedTuple, Optional

from workloads import ECHO, Workload

WATCHDOG_SECONDS = 180
RESULT = re.compile(r"^RESULT (\S+) (\S+) (\S+)$", re.MULTILINE)


class Failure(Exception):
    """A run gave no figures; the text says why."""


class Value(NamedTuple):
    """A figure with its unit."""

    amount: float
    unit: str


class Side(NamedTuple):
    """One of those that are compared."""

    name: str
    # The program and what comes before the workload's own arguments; None: there is none for it.
    command: Callable[[Workload], Optional[list[str]]]


def _environment(procs: int) -> dict[str, str]:
    count = str(procs)
    return dict(os.environ, GORT_MAXPROCS=count, GOMAXPROCS=count, BENCH_PROCS=count)


def _ended(status: int, err: str) -> str:
    how = f"exit status {status}" if status >= 0 else signal.Signals(-status).name
    lines = err.strip().splitlines()
    return f"{how}: {lines[0]}" if lines else how


def _run(command: list[str], procs: int) -> dict[str, Value]:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=WATCHDOG_SECONDS, env=_environment(procs)
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"not over after {WATCHDOG_SECONDS} s") from None
    except OSError as error:
        raise Failure(str(error)) from None
    if done.returncode != 0:
        raise Failure(_ended(done.returncode, done.stderr))
    return {key: Value(float(amount), unit) for key, amount, unit in RESULT.findall(done.stdout)}


def _run_echo(server: list[str], load: Path, arguments: list[str], procs: int) -> dict[str, Value]:
    process = subprocess.Popen(
        [*server, "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=_environment(procs)
    )
    try:
        assert process.stdout is not None
        announced = re.search(r":(\d+)$", process.stdout.readline().strip())
        if announced is None:
            raise Failure("the server did not start")
        return _run([str(load), announced.group(1), *arguments], procs)
    finally:
        process.kill()
        process.communicate()


class Samples:
    """All figures of a session: by side, workload, Ps and key."""

    def __init__(self, load: Optional[Path]) -> None:
        self.load = load
        self.values: dict[tuple[str, Workload, int, str], list[Value]] = {}
        self.failures: dict[tuple[str, Workload, int], str] = {}

    def take(self, side: Side, workload: Workload, procs: int, quick: bool) -> None:
        """One run, unless this side has failed here before or has no such program."""
        place = (side.name, workload, procs)
        command = side.command(workload)
        if command is None or place in self.failures:
            return
        arguments = workload.arguments(quick)
        try:
            if workload.program != ECHO:
                found = _run([*command, *arguments], procs)
            elif self.load is None:
                raise Failure("no load generator")
            else:
                found = _run_echo(command, self.load, arguments, procs)
            for figure in workload.figures:
                if figure.key in found:
                    self.values.setdefault((*place, figure.key), []).append(found[figure.key])
        except Failure as failure:
            self.failures[place] = str(failure)

    def middle(self, side: str, workload: Workload, procs: int, key: str) -> Optional[Value]:
        """The median, or None where there is no valid figure."""
        place = (side, workload, procs)
        values = self.values.get((*place, key))
        if not values or place in self.failures:
            return None
        return Value(median(value.amount for value in values), values[0].unit)

    def failure(self, side: str, workload: Workload, procs: int) -> Optional[str]:
        """Why there is none, if a run failed."""
        return self.failures.get((side, workload, procs))

