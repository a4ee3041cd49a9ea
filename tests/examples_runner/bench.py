"""Running one example, and the list of checks.

A check is a function that takes a Bench and raises when something does not hold. It is
registered under the name of the example that it is about:

    @check("skynet")
    def skynet_adds_up(bench): ...

An example prints the same in every language that has it, so one check does for all; where a word
differs, `bench.word` has it. `check(name, "python")` is for what shows in one language only.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Callable, NamedTuple

from harness import WATCHDOG_SECONDS, Failure, Outcome, decode, expect_equal, run

from .languages import Language


class Bench:
    """Runs the programs of one language at one value of GORT_MAXPROCS."""

    def __init__(self, language: Language, procs: int, scratch: Path, tree: Path, wc_options: list[str]) -> None:
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

    def command(self, name: str) -> list[str]:
        return self.language.command(name)

    def word(self, meaning: str) -> str:
        return self.language.words[meaning]

    def run(self, name: str, *arguments: object, status: int = 0, env: dict[str, str] | None = None) -> Outcome:
        outcome = run([*self.command(name), *arguments], env or self.environment(), self.scratch)
        expect_equal(outcome.status, status, f"exit status of {name} {' '.join(map(str, arguments))[:100]}", outcome)
        return outcome

    def start(self, name: str, *arguments: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self.command(name), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
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
    """One behaviour of one example, in all languages or in those named."""

    example: str
    body: Callable[[Bench], None]
    heavy: bool
    languages: tuple[str, ...]


CHECKS: list[Check] = []


Body = Callable[[Bench], None]


def check(example: str, *languages: str, heavy: bool = False) -> Callable[[Body], Body]:
    def register(body: Body) -> Body:
        CHECKS.append(Check(example, body, heavy, languages))
        return body

    return register
