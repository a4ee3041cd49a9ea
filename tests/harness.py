"""What the test runners written in Python share: running programs, expecting, counting.

Used by run_examples.py, run_docs.py and run_install.py. Every runner prints a line for what
failed, ends with "N passed, M failed", and its exit status says the same; scripts/test.py
adds the runners up.

Invariants:
  - a check that raises anything is a failed check;
  - a program that hangs is ended by the watchdog and has failed: nothing else is timed.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Callable, Mapping, NamedTuple, Sequence

ROOT = Path(__file__).resolve().parent.parent
LIBRARY_DIR = ROOT / "target" / "release"
WATCHDOG_SECONDS = 90
DEADLOCK = "fatal error: all goroutines are asleep - deadlock!"


class Failure(Exception):
    """A check did not hold; the text says how."""


class Outcome(NamedTuple):
    """What a finished program left behind."""

    status: int
    out: str
    err: str

    def lines(self) -> list[str]:
        return self.out.splitlines()


def expect(condition: object, what: str, outcome: Outcome | None = None) -> None:
    if not condition:
        if outcome is not None:
            what += f" (status {outcome.status}, stdout {outcome.out[-600:]!r}, stderr {outcome.err[-600:]!r})"
        raise Failure(what)


def expect_equal(got: object, wanted: object, what: str, outcome: Outcome | None = None) -> None:
    expect(got == wanted, f"{what}: got {str(got)[:400]!r}, wanted {str(wanted)[:400]!r}", outcome)


def decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def run(
    command: Sequence[object],
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    seconds: int = WATCHDOG_SECONDS,
) -> Outcome:
    """Runs a program to its end, without input; whatever its status is, it is in the outcome."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, env=env, cwd=cwd, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"{' '.join(words)[:200]} hangs") from None
    return Outcome(done.returncode, decode(done.stdout), decode(done.stderr))


def c_compiler() -> list[str]:
    return os.environ.get("CC", "cc").split()


def cpp_compiler() -> list[str]:
    return os.environ.get("CXX", "c++").split()


def first_error(outcome: Outcome) -> str:
    """The line of a compiler's output that says most."""
    lines = outcome.err.splitlines()
    return next((line for line in lines if "error" in line or "undefined" in line), (lines or ["the compiler failed"])[0])


class Tally:
    """Counts, and says what failed as it happens."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def run(self, name: str, body: Callable[[], None]) -> bool:
        try:
            body()
        except Failure as failure:
            self.fail(name, str(failure))
        except Exception as error:  # a check that breaks is a failed check
            self.fail(name, f"{type(error).__name__}: {error}")
        else:
            self.passed += 1
            return True
        return False

    def fail(self, name: str, why: str) -> None:
        self.failed += 1
        print(f"FAIL {name}: {why}", flush=True)

    def close(self) -> int:
        """Prints the closing line; the exit status."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 0 if self.failed == 0 and self.passed > 0 else 1
