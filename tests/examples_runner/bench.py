"""Running one example, and the list of checks.

A check is a function that takes a Bench and raises when something does not hold. It is
registered under the name of the example that it is about:

    @check("skynet")
    def skynet_adds_up(bench): ...
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Callable, NamedTuple

from harness import ROOT, WATCHDOG_SECONDS, Failure, Outcome, decode, expect_equal, run

BUILD = ROOT / "target" / "tests" / "examples"


class Bench:
    """Runs the compiled programs of one language at one value of GORT_MAXPROCS."""

    def __init__(self, language: str, procs: int, scratch: Path, tree: Path, wc_options: list[str]) -> None:
        self.language = language
        self.procs = procs
        self.scratch = scratch
        self.tree = tree
        self.wc_options = wc_options

    def environment(self, **changes: str | None) -> dict[str, str]:
        env = {key: value for key, value in os.environ.items() if key != "GOMAXPROCS" and not key.startswith("GORT")}
        env.update(LC_ALL="C", GORT_MAXPROCS=str(self.procs))
        for key, value in changes.items():
            if value is None:
                env.pop(key, None)
            else:
                env[key] = value
        return env

    def run(self, name: str, *arguments: object, status: int = 0, env: dict[str, str] | None = None) -> Outcome:
        outcome = run([BUILD / self.language / name, *arguments], env or self.environment(), self.scratch)
        expect_equal(outcome.status, status, f"exit status of {name} {' '.join(map(str, arguments))[:100]}", outcome)
        return outcome

    def start(self, name: str, *arguments: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(BUILD / self.language / name), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=self.environment(), cwd=self.scratch,
        )

    def wc(self, files: list[str]) -> Outcome:
        return run(["wc", "--", *files], self.environment(), self.scratch)


def finish(process: subprocess.Popen[bytes], name: str, status: int) -> Outcome:
    """Waits for a started program, with the watchdog."""
    try:
        out, err = process.communicate(timeout=WATCHDOG_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise Failure(f"{name} hangs") from None
    outcome = Outcome(process.returncode, decode(out), decode(err))
    expect_equal(outcome.status, status, f"exit status of {name}", outcome)
    return outcome


class Check(NamedTuple):
    """One behaviour of one example."""

    example: str
    body: Callable[[Bench], None]
    heavy: bool


CHECKS: list[Check] = []


def check(example: str, heavy: bool = False) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    def register(body: Callable[[Bench], None]) -> Callable[[Bench], None]:
        CHECKS.append(Check(example, body, heavy))
        return body

    return register
