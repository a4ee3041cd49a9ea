"""Runs the tests of the Python package on several CPythons, each in a virtual environment with the wheel.

    python3 tests/run_python.py [--all | --only 3.12] [PYTEST ARGUMENT...]

Needs the wheel, target/wheels/gort-*.whl (make wheel). By default: the CPython that `python3` is, in target/venv,
and where present the oldest and the newest that the package supports, with another number of Ps each; and one
that is free-threaded, for which a wheel of its own is built. They are looked for on PATH and where pyenv has them.

Invariants:
  - whatever fails says so: a step by its name and output, pytest by the test that it was in when a signal ended it;
  - of tests that pass nothing is printed but their number; of those that are skipped, their names;
  - the CPython that `python3` is must run; another, if it cannot be prepared here, is named with the reason.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from harness import ROOT, Failure, Tally, expect

TARGET = ROOT / "target"
TESTS = ROOT / "bindings" / "python" / "tests"
OLDEST, NEWEST = 9, 15  # minor versions
NUMPY = "numpy<2.5"  # which of them, each CPython says
PASSED = re.compile(r" PASSED +\[ *\d+%\]$")
PART = re.compile(r"\b(\d+) (passed|failed|errors?)\b")
ASK = "import sys, sysconfig, venv, ensurepip; print(sys.version_info[:2], bool(sysconfig.get_config_var('Py_GIL_DISABLED')))"


class Python(NamedTuple):
    """An interpreter, and how many Ps its tests have (empty: what the runtime chooses)."""

    name: str
    interpreter: str
    procs: str = ""

    @property
    def is_default(self) -> bool:
        return self.interpreter == "python3"

    @property
    def is_free_threaded(self) -> bool:
        return self.name.endswith("t")

    @property
    def venv(self) -> Path:
        return TARGET / ("venv" if self.is_default else f"venv-{self.name}")


def ending(status: int) -> str:
    """How a process ended."""
    return f"ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


def step(what: str, *command: object) -> None:
    """A preparation: silent, unless it fails."""
    done = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", cwd=ROOT,
    )
    if done.returncode != 0:
        raise Failure(f"{what}: {ending(done.returncode)}\n{done.stdout}")


def is_there(interpreter: str, minor: int, free_threaded: bool) -> bool:
    """It runs (pyenv's shims may not), and is what its name says."""
    try:
        done = subprocess.run([interpreter, "-c", ASK], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError:
        return False
    return done.stdout.strip() == f"{(3, minor)} {free_threaded}"


def find(minor: int, free_threaded: bool = False) -> str | None:
    """CPython 3.minor."""
    command = f"python3.{minor}{'t' if free_threaded else ''}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [command, *map(str, sorted(pyenv.glob(f"3.{minor}.*/bin/{command}")))]
    return next((c for c in candidates if is_there(c, minor, free_threaded)), None)


def all_pythons() -> list[Python]:
    """Every one that is there; the default first."""
    pythons = [Python(f"3.{sys.version_info[1]}", "python3")]
    for minor in range(OLDEST, NEWEST + 1):
        for free_threaded in (False, True):
            name = f"3.{minor}{'t' if free_threaded else ''}"
            found = find(minor, free_threaded) if name != pythons[0].name else None
            if found is not None:
                pythons.append(Python(name, found))
    return pythons


def chosen() -> list[Python]:
    """The default, the oldest, the newest, one that is free-threaded."""
    default, *others = all_pythons()
    ordinary = [p for p in others if not p.is_free_threaded]
    ends = [p._replace(procs=procs) for p, procs in zip([*ordinary[:1], *ordinary[1:][-1:]], ["1", "8"])]
    return [default, *ends, *[p for p in others if p.is_free_threaded][-1:]]


def requirements() -> str:
    pinned = (ROOT / "scripts" / "requirements.txt").read_text().split()
    return next(line for line in pinned if line.startswith("pytest=="))


def wheel_for(python: Python) -> Path:
    """There is one for all, except for free-threaded ones."""
    folder = TARGET / "wheels"
    pattern = "gort-*-abi3-*.whl"
    if python.is_free_threaded:
        folder = TARGET / f"wheels-{python.name}"
        shutil.rmtree(folder, ignore_errors=True)
        step("maturin", "scripts/python.sh", "wheel", shutil.which(python.interpreter) or python.interpreter, folder)
        pattern = "gort-*.whl"
    found = list(folder.glob(pattern))
    expect(len(found) == 1, f"not one wheel in {folder}, but {len(found)}")
    return found[0]


def has(python: Python, module: str) -> bool:
    return subprocess.run([python.venv / "bin" / "python", "-c", f"import {module}"], capture_output=True).returncode == 0


def prepare(python: Python) -> None:
    """The virtual environment, with what the tests need and the wheel."""
    if python.is_default:
        step("virtual environment", "scripts/venv.sh", "pytest", "mypy")
    pip = [python.venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not python.is_default:
        if not (python.venv / "bin" / "pip").exists():
            step("virtual environment", python.interpreter, "-m", "venv", python.venv)
        if not has(python, "pytest"):
            step("pip", *pip, requirements())
    if not has(python, "numpy"):
        # Where there is no wheel of it, or no network, the tests that need it are skipped.
        command = [*pip, "--retries=1", "--only-binary=:all:", NUMPY]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    step("pip", *pip, "--force-reinstall", "--no-deps", wheel_for(python))


def run_tests(python: Python, arguments: list[str]) -> tuple[int, int]:
    """How many tests have passed and failed."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", **({"GORT_MAXPROCS": python.procs} if python.procs else {})}
    command = [python.venv / "bin" / "python", "-m", "pytest", "-v", "--no-header", "-p", "no:cacheprovider", "-c",
               TESTS.parent / "pyproject.toml", *(arguments or [TESTS])]
    # Not from the top: the tests are to import what was installed.
    process = subprocess.Popen(
        command, cwd=TARGET, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace",
    )
    assert process.stdout is not None
    last = ""
    for line in process.stdout:
        if not PASSED.search(line.rstrip()):
            print(line, end="", flush=True)
        last = line.strip() or last
    status = process.wait()
    counts = {word.rstrip("s"): int(number) for number, word in PART.findall(last)}
    passed, failed = counts.get("passed", 0), counts.get("failed", 0) + counts.get("error", 0)
    if status != 0 and failed == 0:
        print(f"FAIL {python.name}: pytest {ending(status)}; its last line: {last}", flush=True)
        failed = 1
    return passed, failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--all", action="store_true", help="on every CPython there is")
    parser.add_argument("--only", metavar="3.X", help="on this one")
    parser.add_argument("arguments", nargs="*", metavar="PYTEST ARGUMENT")
    options, more = parser.parse_known_args()
    pythons = all_pythons() if options.all or options.only else chosen()
    if options.only:
        pythons = [p for p in pythons if p.name == options.only]
    tally = Tally()
    for python in pythons:
        procs = f" with GORT_MAXPROCS={python.procs}" if python.procs else ""
        print(f"-- CPython {python.name}{procs}", flush=True)
        try:
            prepare(python)
        except Failure as failure:
            if python.is_default:
                tally.fail(python.name, str(failure))
            else:
                print(f"not run: {failure}", flush=True)
            continue
        passed, failed = run_tests(python, options.arguments + more)
        tally.passed += passed
        tally.failed += failed
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
