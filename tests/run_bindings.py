"""Runs the wrappers for other languages against goroutines written in C.

    python3 tests/run_bindings.py [--only LANGUAGE]

Needs include/gort.h, target/release/libgort.so (make build) and a C compiler. Each language has a
program (squares) and a test of its own in bindings/; what they have in common is checked here: they
end by themselves, with their own status while goroutines and operations wait, and by a signal.

Invariants:
  - a language that is not installed is not run, and that is said;
  - nothing is timed; the watchdog only ends what hangs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Callable, NamedTuple

from harness import LIBRARY_DIR, ROOT, WATCHDOG_SECONDS, Failure, Tally, c_compiler, decode, expect, expect_equal, first_error
from harness import run as run_command

BINDINGS = ROOT / "bindings"
BUILD = ROOT / "target" / "tests" / "bindings"
SQUARES = BUILD / "squares.so"
LIBRARY = LIBRARY_DIR / "libgort.so"
JNA = "/usr/share/java/jna.jar"
MODULES = ROOT / "target" / "node_modules"


class Language(NamedTuple):
    name: str
    missing: Callable[[], str | None]  # why it cannot be run, after it was prepared as far as possible
    command: Callable[[str], list[object]]  # how "squares" and "test" are run
    ends_by_exit: bool  # it has a way to end its process while others of its threads wait
    terminated: tuple[int, ...]  # the status after SIGTERM


def not_installed(*tools: str) -> str | None:
    return next((f"{tool} is not installed" for tool in tools if shutil.which(tool) is None), None)


def node_missing() -> str | None:
    if reason := not_installed("node", "npm"):
        return reason
    if not (MODULES / "koffi").exists():
        done = run_command(["npm", "install", "--prefix", MODULES.parent, "--no-save", "--no-package-lock", "koffi@3"])
        if done.status != 0:
            return "koffi could not be had from npm"
    return None


def java_missing() -> str | None:
    if reason := not_installed("java", "javac"):
        return reason
    if not Path(JNA).exists():
        return f"there is no {JNA} (libjna-java)"
    sources = [*(BINDINGS / "java").glob("*.java"), *(BINDINGS / "java" / "gort").glob("*.java")]
    done = run_command(["javac", "-nowarn", "-cp", JNA, "-d", BUILD / "java", *sources])
    if done.status != 0:
        raise Failure(f"does not compile: {first_error(done)}")
    return None


def java_command(name: str) -> list[object]:
    return ["java", "-cp", f"{JNA}:{BUILD / 'java'}", f"-Dgort.library={LIBRARY}", name.capitalize()]


LANGUAGES = [
    Language("luajit", lambda: not_installed("luajit"), lambda name: ["luajit", f"{name}.lua"], False, (-signal.SIGTERM,)),
    Language("node", node_missing, lambda name: ["node", f"{name}.js"], True, (-signal.SIGTERM,)),
    Language("ruby", lambda: not_installed("ruby"), lambda name: ["ruby", "-w", f"{name}.rb"], False, (-signal.SIGTERM,)),
    Language("java", java_missing, java_command, True, (128 + signal.SIGTERM,)),
]


def environment() -> dict[str, str]:
    return {**os.environ, "GORT_LIBRARY": str(LIBRARY), "NODE_PATH": str(MODULES), "LC_ALL": "C.UTF-8"}


class Runner:
    def __init__(self, language: Language) -> None:
        self.language = language
        self.folder = BINDINGS / language.name

    def run(self, name: str, *arguments: object, status: int = 0) -> str:
        outcome = run_command([*self.language.command(name), SQUARES, *arguments], environment(), self.folder)
        expect_equal(outcome.status, status, f"{name} {arguments}: exit status", outcome)
        expect_equal(outcome.err, "", f"{name} {arguments}: stderr")
        return outcome.out

    def squares(self) -> None:
        for numbers, workers in ((2000, 4), (10, 1), (0, 2), (100, 50)):
            total = sum(n * n for n in range(1, numbers + 1))
            expect_equal(self.run("squares", numbers, workers), f"{numbers} squares, sum {total}\n", "the squares")

    def test(self) -> None:
        expect_equal(self.run("test"), "ok\n", "the test")

    def exit(self) -> None:
        expect_equal(self.run("test", "exit", status=7), "ok\n", "the test, then exit")

    def terminated(self) -> None:
        command = [str(word) for word in [*self.language.command("test"), SQUARES, "wait"]]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
            cwd=self.folder,
        )
        try:
            assert process.stdout is not None
            line = decode(process.stdout.readline()) # then it waits, and the signal finds it
            process.terminate()
            process.communicate(timeout=WATCHDOG_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failure("does not end by SIGTERM") from None
        finally:
            process.kill()
            process.wait()
        expect_equal(line, "ok\n", "the test, then waiting")
        expect(process.returncode in self.language.terminated, f"status {process.returncode} after SIGTERM")


def build() -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    warnings = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    source = ROOT / "tests" / "bindings" / "squares.c"
    outcome = run_command([
        *c_compiler(), *warnings, "-fPIC", "-shared", f"-I{ROOT / 'include'}", source, "-o", SQUARES,
        f"-L{LIBRARY_DIR}", "-lgort", f"-Wl,-rpath,{LIBRARY_DIR}",
        "-Wl,-z,nodelete",  # LuaJIT unloads what it has loaded as it ends, and the goroutines may not have ended yet
    ])
    expect(outcome.status == 0, f"squares.c does not compile: {first_error(outcome)}")


def check(language: Language, tally: Tally) -> None:
    reasons: list[str | None] = []
    if not tally.run(f"{language.name} (prepared)", lambda: reasons.append(language.missing())):
        return
    if reasons[0] is not None:
        tally.passed -= 1
        print(f"not run: {language.name}: {reasons[0]}", flush=True)
        return
    runner = Runner(language)
    for body in (runner.squares, runner.test, runner.terminated):
        tally.run(f"{language.name} ({body.__name__})", body)
    if language.ends_by_exit:
        tally.run(f"{language.name} (exit)", runner.exit)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the wrappers for other languages.")
    parser.add_argument("--only", default="", metavar="LANGUAGE")
    only = parser.parse_args().only
    tally = Tally()
    if tally.run("squares.c", build):
        for language in LANGUAGES:
            if only in language.name:
                check(language, tally)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
