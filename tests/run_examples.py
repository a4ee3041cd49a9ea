"""Compiles every program of examples/c, runs it on real input and checks what it does.

    python3 tests/run_examples.py [--filter NAME]

Needs include/gort.h and target/release/libgort.so, a C compiler, and wc(1) to compare with.
Each check runs at GORT_MAXPROCS=2, all but the heavy ones at 1 and 8 too. A failed check
prints a line, the last line is "N passed, M failed", and the exit status says the same.

Invariants:
  - an example that does not compile fails all its checks, none is skipped;
  - an example without a check is a failure;
  - where the order of lines is up to the scheduler, they are compared as sorted lists;
  - nothing is timed; the watchdog only ends what hangs.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "examples" / "c"
BUILD = ROOT / "target" / "tests" / "examples"
LIBRARY_DIR = ROOT / "target" / "release"
WARNINGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
WATCHDOG_SECONDS = 180
USAGE_STATUS = 64
DEADLOCK = "fatal error: all goroutines are asleep - deadlock!"
SKIPPED_DIRECTORIES = {"target", ".git", "__pycache__", "node_modules", ".venv"}
# Racy on purpose; what the race detector says about them is checked elsewhere.
ONLY_COMPILED = {"race_channels", "race_counter"}


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


class Bench:
    """Runs the compiled programs at one value of GORT_MAXPROCS."""

    def __init__(self, procs: int, scratch: Path, tree: Path, wc_options: list[str]) -> None:
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
        command = [str(BUILD / name), *map(str, arguments)]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=WATCHDOG_SECONDS,
                env=env or self.environment(), cwd=self.scratch, check=False,
            )
        except subprocess.TimeoutExpired:
            raise Failure(f"{' '.join(command)[:200]} hangs") from None
        outcome = Outcome(done.returncode, decode(done.stdout), decode(done.stderr))
        expect_equal(outcome.status, status, f"exit status of {name} {' '.join(map(str, arguments))[:100]}", outcome)
        return outcome

    def start(self, name: str, *arguments: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(BUILD / name), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=self.environment(), cwd=self.scratch,
        )

    def wc(self, files: list[str]) -> Outcome:
        done = subprocess.run(
            ["wc", "--", *files], stdin=subprocess.DEVNULL, capture_output=True,
            env=self.environment(), cwd=self.scratch, check=False,
        )
        return Outcome(done.returncode, decode(done.stdout), decode(done.stderr))


def decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


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


# ---------------------------------------------------------------- goroutines and the scheduler


@check("maxprocs")
def maxprocs_shows_and_sets(bench: Bench) -> None:
    out = bench.run("maxprocs").out
    for what in ("compiler: ", " on ", "gort version: 0.1.0\n", f"GOMAXPROCS: {bench.procs}\n"):
        expect(what in out, f"{what!r} is missing in {out!r}")
    expect("set to" not in out, "without an argument nothing is set")
    out = bench.run("maxprocs", 3).out
    expect(f"set to 3, was {bench.procs}, now 3\n" in out, f"setting: {out!r}")


@check("maxprocs")
def maxprocs_takes_the_environment(bench: Bench) -> None:
    out = bench.run("maxprocs", env=bench.environment(GORT_MAXPROCS=None, GOMAXPROCS="100")).out
    expect("GOMAXPROCS: 100\n" in out, f"GOMAXPROCS=100: {out!r}")
    out = bench.run("maxprocs", env=bench.environment(GORT_MAXPROCS="7", GOMAXPROCS="100")).out
    expect("GOMAXPROCS: 7\n" in out, f"GORT_MAXPROCS=7 comes before GOMAXPROCS=100: {out!r}")


@check("create")
def create_runs_both(bench: Bench) -> None:
    lines = bench.run("create").lines()
    wanted = ["copied at the go statement: 10", "passed as a pointer: gort", "the variable is now: 99"]
    expect_equal(sorted(lines), sorted(wanted), "lines")
    expect_equal(lines[-1], wanted[-1], "the last line")


@check("multiple")
def multiple_prints_each_number_once(bench: Bench) -> None:
    numbers_once(bench, "multiple", 1000)


@check("var_goroutines")
def var_goroutines_prints_each_number_once(bench: Bench) -> None:
    numbers_once(bench, "var_goroutines", 1000)
    numbers_once(bench, "var_goroutines", 0)


def numbers_once(bench: Bench, name: str, count: int) -> None:
    outcome = bench.run(name, count)
    first, numbers, last = outcome.lines()
    expect_equal(first, f"Going to create {count} goroutines.", "first line", outcome)
    expect_equal(sorted(map(int, numbers.split())), list(range(count)), "the numbers")
    expect_equal(last, "Exiting...", "last line", outcome)


@check("add_done")
def add_done_equal(bench: Bench) -> None:
    expect_equal(bench.run("add_done", "equal").lines(), ["waited for 5 goroutines"], "lines")


@check("add_done")
def add_done_more_done_is_refused(bench: Bench) -> None:
    outcome = bench.run("add_done", "more-done", status=1)
    expect(outcome.err.startswith("done number 6: GORT_MISUSE: "), "the sixth Done is GORT_MISUSE", outcome)
    expect("negative WaitGroup counter" in outcome.err, "the error names the rule", outcome)
    expect_equal(outcome.lines(), ["waited for 5 goroutines"], "the refused Done changes nothing", outcome)


@check("add_done")
def add_done_more_add_is_a_deadlock(bench: Bench) -> None:
    outcome = bench.run("add_done", "more-add", status=2)
    expect(DEADLOCK in outcome.err, "the deadlock is reported", outcome)
    expect("waited for" not in outcome.out, "Wait has not returned", outcome)


@check("create_files")
def create_files_creates_all(bench: Bench) -> None:
    with tempfile.TemporaryDirectory(dir=bench.scratch) as directory:
        outcome = bench.run("create_files", 10, 109, directory, "made")
        names = sorted(f"made{i}" for i in range(10, 110))
        expect_equal(sorted(os.listdir(directory)), names, "the files", outcome)
        expect_equal(sorted(outcome.lines()), sorted(f"{directory}/{name} created!" for name in names), "the lines")


@check("create_files")
def create_files_reports_errors(bench: Bench) -> None:
    with tempfile.TemporaryDirectory(dir=bench.scratch) as directory:
        os.mkdir(f"{directory}/made2")  # in the way of one file
        outcome = bench.run("create_files", 1, 3, directory, "made", status=1)
        expect_equal(len(outcome.err.splitlines()), 1, "one error", outcome)
        expect(f"{directory}/made2: Is a directory" in outcome.err, "the error names the file and the reason", outcome)
        expect(os.path.isfile(f"{directory}/made1") and os.path.isfile(f"{directory}/made3"), "the others exist", outcome)
        outcome = bench.run("create_files", 1, 4, f"{directory}/absent", "made", status=1)
        expect_equal(outcome.err.count("No such file or directory"), 4, "four errors", outcome)


@check("skynet")
def skynet_small(bench: Bench) -> None:
    skynet(bench, 1, 1)
    skynet(bench, 7, 8)
    skynet(bench, 1000, 1111)


@check("skynet", heavy=True)
def skynet_hundred_thousand(bench: Bench) -> None:
    skynet(bench, 100000, 111111)


@check("skynet", heavy=True)
def skynet_million(bench: Bench) -> None:
    skynet(bench, 1000000, 1111111)


def skynet(bench: Bench, leaves: int, goroutines: int) -> None:
    outcome = bench.run("skynet", leaves)
    expect(outcome.out.startswith(f"sum: {leaves * (leaves - 1) // 2}\n"), "the sum", outcome)
    expect(f"\n{goroutines} goroutines in " in outcome.out, f"{goroutines} goroutines", outcome)


# ---------------------------------------------------------------- channels


@check("channels")
def channels_late_writers_find_it_closed(bench: Bench) -> None:
    outcome = bench.run("channels")
    lines = outcome.lines()
    expect_equal(lines[:2], ["Read: 10", "Channel is closed!"], "the first part", outcome)
    expect_equal(lines.count("received from a writer"), 3, "values received", outcome)
    expect_equal(lines.count("n: 3, closing"), 1, "closings", outcome)
    late = [line for line in lines if line.startswith("late writer: GORT_CLOSED: ") and line[25:].strip()]
    expect_equal(len(late), 2, "late writers", outcome)
    expect_equal(len(lines), 8, "lines in all", outcome)


@check("close_channel")
def close_channel_statuses(bench: Bench) -> None:
    outcome = bench.run("close_channel")
    patterns = [
        r"first: 5", r"second: 6", r"after the close: 0 \(GORT_CLOSED\)",
        r"send on a closed channel: GORT_CLOSED: \S.*", r"close of a closed channel: GORT_CLOSED: \S.*",
        r"close of a nil channel: GORT_INVALID: \S.*",
    ]
    expect_equal(len(outcome.lines()), len(patterns), "number of lines", outcome)
    for line, pattern in zip(outcome.lines(), patterns):
        expect(re.fullmatch(pattern, line), f"{line!r} should be {pattern!r}", outcome)


@check("func_parameters")
def func_parameters_passes_values(bench: Bench) -> None:
    expect_equal(bench.run("func_parameters").lines(), ["10", "20", "30", "40", "50"], "lines")


@check("func_parameters")
def func_parameters_wrong_directions_do_not_compile(_: Bench) -> None:
    for macro, function in (("WRONG_SEND", "number_send"), ("WRONG_RECV", "number_recv")):
        done = compile_example("func_parameters", [f"-D{macro}", "-fsyntax-only"], output=None)
        expect(done.returncode != 0, f"-D{macro} compiles")
        expect(function in done.stderr and "incompatible type" in done.stderr, f"-D{macro}: {done.stderr[-400:]!r}")


@check("range")
def range_ends_by_itself(bench: Bench) -> None:
    for count in (0, 5, 200):
        wanted = [str(i) for i in range(1, count + 1)] + ["the range is over"] + ["0 (GORT_CLOSED)"] * 3
        expect_equal(bench.run("range", count).lines(), wanted, "lines")


@check("buf_channel")
def buf_channel_holds_five(bench: Bench) -> None:
    wanted = [f"About to process {i}" for i in range(5)] + [f"No space for {i}" for i in range(5, 10)]
    wanted += ["5 of 5 places taken"] + [f"*{i * i}" for i in range(5)] + ["Nothing left to read"]
    expect_equal(bench.run("buf_channel").lines(), wanted, "lines")


@check("nil_channel")
def nil_channel_disables_the_branch(bench: Bench) -> None:
    outcome = bench.run("nil_channel", 100)
    found = re.fullmatch(r"received: (\d+), sum: (\d+)\nthe branch is disabled\n", outcome.out)
    expect(found, "the lines", outcome)
    count, total = map(int, found.groups())  # type: ignore[union-attr]
    expect_equal(total, count * (count + 1) // 2, "the sum of 1..received", outcome)


@check("wpools")
def wpools_does_every_job_once(bench: Bench) -> None:
    for jobs, workers in ((100, 1), (500, 8), (3, 50), (0, 2)):
        outcome = bench.run("wpools", jobs, workers)
        lines = outcome.lines()
        expect_equal(lines[-1], "finished", "the last line", outcome)
        wanted = [f"Job ID: {i} number: {i} square: {i * i}" for i in range(jobs)]
        expect_equal(sorted(lines[:-1]), sorted(wanted), f"{jobs} jobs, {workers} workers")


@check("define_order")
def define_order_is_defined(bench: Bench) -> None:
    for _ in range(5):
        expect_equal(bench.run("define_order").lines(), ["A()!", "B()!", "C()!", "D()!", "D()!", "D()!"], "lines")


@check("pipeline")
def pipeline_adds_up(bench: Bench) -> None:
    for stages, values in ((3, 10), (0, 5), (50, 200), (1, 0)):
        total = values * (values + 1) // 2 + values * stages
        wanted = [f"{values} values through {stages} stages, sum: {total}"]
        expect_equal(bench.run("pipeline", stages, values).lines(), wanted, "lines")


# ---------------------------------------------------------------- select and time-outs


@check("select")
def select_is_told_to_end(bench: Bench) -> None:
    outcome = bench.run("select", 100, 600000, 0)
    first, numbers, last = outcome.lines()
    expect_equal(first, "Going to create 100 random numbers.", "first line", outcome)
    expect_equal(len(numbers.split()), 100, "numbers", outcome)
    expect(all(0 <= int(number) < 100 for number in numbers.split()), "numbers out of range", outcome)
    expect(len(set(numbers.split())) > 1, "numbers that are all the same", outcome)
    expect_equal(last, "Ended!", "last line", outcome)


@check("select")
def select_times_out(bench: Bench) -> None:
    outcome = bench.run("select", 5, 100, 600000)
    expect_equal(outcome.lines()[-1], "Timed out!", "last line", outcome)


@check("timeout1")
def timeout1_first_too_late_then_in_time(bench: Bench) -> None:
    expect_equal(bench.run("timeout1", 1500, 1, 600000).lines(), ["timeout c1", "c2 OK"], "lines")


@check("timeout2")
def timeout2_both_ways(bench: Bench) -> None:
    expect_equal(bench.run("timeout2", 1, 600000).lines()[-1], "Timed out!", "1 ms against 600 s")
    expect_equal(bench.run("timeout2", 600000, 1).lines()[-1], "OK!", "600 s against 1 ms")


# ---------------------------------------------------------------- shared memory


@check("mutex")
def mutex_loses_nothing(bench: Bench) -> None:
    outcome = bench.run("mutex", 200)
    lines = outcome.lines()
    expect_equal(lines[-1], "final value: 400", "last line", outcome)
    values = [int(line.removeprefix("-> ")) for line in lines[:-1]]
    expect_equal(len(values), 200, "values read", outcome)
    expect(all(1 <= value <= 400 for value in values), "values out of range", outcome)


@check("forget_mutex")
def forget_mutex_is_a_deadlock(bench: Bench) -> None:
    outcome = bench.run("forget_mutex", status=2)
    expect(DEADLOCK in outcome.err, "the deadlock is reported", outcome)
    expect_equal(outcome.lines(), ["Locked!"], "one of the two got the lock", outcome)


@check("rwmutex")
def rwmutex_readers_together_writer_alone(bench: Bench) -> None:
    outcome = bench.run("rwmutex")
    lines = outcome.lines()
    wanted = ["4 readers at once", "try_lock beside them: false", "the writer waits: no new reader gets in"]
    wanted += ["reader sees: first"] * 4 + ["writer sees 0 readers", "main sees: changed"]
    expect_equal(lines, wanted, "lines")


@check("atomic")
def atomic_counts(bench: Bench) -> None:
    expect_equal(bench.run("atomic").lines(), ["400"], "lines")


@check("monitor")
def monitor_serves_all(bench: Bench) -> None:
    outcome = bench.run("monitor", 100)
    first, written, last = outcome.lines()
    expect_equal(first, "Going to write 100 numbers.", "first line", outcome)
    expect_equal(sorted(map(int, written.split())), list(range(1, 101)), "values written", outcome)
    expect_equal(last, f"Last value: {written.split()[-1]}", "the value read is the last one written", outcome)


@check("go_closure")
def go_closure_gives_each_its_value(bench: Bench) -> None:
    outcome = bench.run("go_closure", 500)
    expect_equal(sorted(map(int, outcome.out.split())), list(range(500)), "values", outcome)


@check("race_counter_fixed")
def race_counter_fixed_counts(bench: Bench) -> None:
    expect_equal(bench.run("race_counter_fixed").lines(), ["400 of 400"], "lines")


@check("race_channels_fixed")
def race_channels_fixed_ends(bench: Bench) -> None:
    wanted = ["not wanted"] * 2 + ["sent"] * 3 + ["the channel is closed"]
    expect_equal(sorted(bench.run("race_channels_fixed").lines()), wanted, "lines")


# ---------------------------------------------------------------- context and semaphore


@check("use_context")
def use_context_both_ways(bench: Bench) -> None:
    lines = bench.run("use_context", 1, 600000).lines()
    names = ("WithCancel", "WithTimeout", "WithDeadline")
    expect_equal(lines, [f"{name}: the work was done first: GORT_OK" for name in names], "short work")
    outcome = bench.run("use_context", 600000, 1)
    statuses = ("GORT_CANCELED", "GORT_DEADLINE_EXCEEDED", "GORT_DEADLINE_EXCEEDED")
    expect_equal(len(outcome.lines()), 3, "number of lines", outcome)
    for line, name, status in zip(outcome.lines(), names, statuses):
        expect(re.fullmatch(rf"{name}: {status}: \S.*", line), f"{name} should end with {status}", outcome)


@check("key_value")
def key_value_finds_what_is_there(bench: Bench) -> None:
    wanted = [
        "WithValue: found key user, value: mySecretValue", "WithValue: key not found: other",
        "its child: found key user, value: mySecretValue", "TODO: key not found: user",
    ]
    expect_equal(bench.run("key_value").lines(), wanted, "lines")


@check("semaphore")
def semaphore_limits_and_joins(bench: Bench) -> None:
    wanted = [f"{i} -> {i * i}" for i in range(60)] + ["never more than 4 workers"]
    expect_equal(bench.run("semaphore", 60).lines(), wanted, "lines")


# ---------------------------------------------------------------- wc


def regular_files(top: Path) -> list[str]:
    """The regular files below top, symbolic links not among them, in a fixed order."""
    found = []
    for directory, _, names in os.walk(top):
        for name in names:
            path = os.path.join(directory, name)
            if os.path.isfile(path) and not os.path.islink(path):
                found.append(path)
    return sorted(found)


def same_as_wc(bench: Bench, name: str, *before: object, saved: Path | None = None) -> None:
    """Byte for byte wc's table, for one file, many, a directory and a missing one among them."""
    files = regular_files(bench.tree)
    absent = str(bench.tree / "absent")
    for operands in ([files[0]], files, [files[-1], str(bench.tree), files[0]], [files[0], absent, files[1]], [absent]):
        reference = bench.wc(operands)
        outcome = bench.run(name, *bench.wc_options, *before, *operands, status=reference.status)
        got = decode(saved.read_bytes()) if saved is not None else outcome.out
        expect_equal(first_difference(got, reference.out), None, f"{name} on {len(operands)} files against wc")
        reasons = [line.split(": ", 1)[1] for line in outcome.err.splitlines()]
        wanted = [line.split(": ", 1)[1] for line in reference.err.splitlines()]
        expect_equal(reasons, wanted, "the errors", outcome)


def first_difference(got: str, wanted: str) -> str | None:
    if got == wanted:
        return None
    for one, other in zip(got.splitlines(), wanted.splitlines()):
        if one != other:
            return f"{one!r} instead of {other!r}"
    return f"{len(got.splitlines())} lines instead of {len(wanted.splitlines())}"


@check("wc_channel")
def wc_channel_is_wc(bench: Bench) -> None:
    same_as_wc(bench, "wc_channel")


@check("wc_mutex")
def wc_mutex_is_wc(bench: Bench) -> None:
    same_as_wc(bench, "wc_mutex")


@check("wc_semaphore")
def wc_semaphore_is_wc(bench: Bench) -> None:
    same_as_wc(bench, "wc_semaphore", 1)
    same_as_wc(bench, "wc_semaphore", 4)


@check("wc_file")
def wc_file_is_wc(bench: Bench) -> None:
    saved = bench.scratch / f"saved-{bench.procs}"
    same_as_wc(bench, "wc_file", saved, saved=saved)
    outcome = bench.run("wc_file", bench.scratch / "no" / "such", regular_files(bench.tree)[0], status=1)
    expect("No such file or directory" in outcome.err, "an output that cannot be written is reported", outcome)


@check("wpool_wc")
def wpool_wc_is_wc(bench: Bench) -> None:
    same_as_wc(bench, "wpool_wc", 1)
    same_as_wc(bench, "wpool_wc", 8)


Counts = tuple[int, int, int]
STATISTICS = re.compile(r"gort: (\d+) goroutines, (\d+) context switches, \d+ steals, (\d+) threads, \d+\.\d{3} s")


def parse_counts(line: str) -> tuple[str, Counts]:
    found = re.fullmatch(r" *(\d+) +(\d+) +(\d+) (.*)", line)
    expect(found, f"not a line of wc: {line!r}")
    lines, words, size, name = found.groups()  # type: ignore[union-attr]
    return name, (int(lines), int(words), int(size))


def parse_wc(outcome: Outcome) -> tuple[dict[str, Counts], Counts]:
    """The files' counts and the total of the concurrent wc, its statistics line checked."""
    *table, statistics = outcome.lines()
    found = STATISTICS.fullmatch(statistics)
    expect(found, f"not a line of statistics: {statistics!r}", outcome)
    expect(all(int(number) > 0 for number in found.groups()), f"zeros in {statistics!r}")  # type: ignore[union-attr]
    name, total = parse_counts(table[-1])
    expect_equal(name, "total", "the line before the statistics", outcome)
    files = dict(map(parse_counts, table[:-1]))
    expect_equal(len(files), len(table) - 1, "a file counted twice", outcome)
    return files, total


def add_up(counts: list[Counts]) -> Counts:
    return (sum(c[0] for c in counts), sum(c[1] for c in counts), sum(c[2] for c in counts))


def reference_counts(bench: Bench, files: list[str]) -> dict[str, Counts]:
    """What wc says about each file (and nothing about totals)."""
    counts: dict[str, Counts] = {}
    for start in range(0, len(files), 500):
        for line in bench.wc(files[start : start + 500]).lines():
            name, count = parse_counts(line)
            if name != "total":
                counts[name] = count
    return counts


@check("wc")
def wc_counts_a_tree(bench: Bench) -> None:
    wanted = reference_counts(bench, regular_files(bench.tree))
    for options in ([], ["-j", "1"], ["-j", "32"]):
        files, total = parse_wc(bench.run("wc", *bench.wc_options, *options, bench.tree))
        for path in sorted(wanted.keys() | files.keys()):
            expect_equal(files.get(path), wanted.get(path), f"counts of {path}")
        expect_equal(total, add_up(list(wanted.values())), "the total")


@check("wc")
def wc_total_only_and_several_operands(bench: Bench) -> None:
    some = regular_files(bench.tree)[:3]
    wanted = reference_counts(bench, regular_files(bench.tree))
    outcome = bench.run("wc", "-s", *bench.wc_options, bench.tree, *some)
    files, total = parse_wc(outcome)
    expect_equal(files, {}, "files shown with -s", outcome)
    expect_equal(total, add_up(list(wanted.values()) + [wanted[path] for path in some]), "the total", outcome)


@check("wc")
def wc_reports_what_it_cannot_read(bench: Bench) -> None:
    some = regular_files(bench.tree)[0]
    absent = str(bench.tree / "absent")
    outcome = bench.run("wc", *bench.wc_options, absent, some, status=1)
    files, total = parse_wc(outcome)
    expect(f"{absent}: No such file or directory" in outcome.err, "the missing file is reported", outcome)
    expect_equal(files, reference_counts(bench, [some]), "the other one is counted", outcome)
    expect_equal(total, files[some], "the total", outcome)


@check("wc")
def wc_stops_at_the_limit(bench: Bench) -> None:
    for limit in (1, 10):
        outcome = bench.run("wc", "-n", limit, bench.tree)
        files, total = parse_wc(outcome)
        expect_equal(len(files), limit, "files counted", outcome)
        expect_equal(total, add_up(list(files.values())), "the total", outcome)


@check("wc", heavy=True)
def wc_stops_at_sigint(bench: Bench) -> None:
    count = 6000
    with tempfile.TemporaryDirectory(dir=bench.scratch) as directory:
        for i in range(count):
            Path(directory, f"a-file-with-a-long-name-so-that-the-pipe-is-full-soon-{i}").write_text("one line\n")
        process = bench.start("wc", directory)
        assert process.stdout is not None
        # Once there is output the signal is being listened for; nobody reads the
        # output yet, so the program gets stuck with most of its files before it.
        expect(select.select([process.stdout], [], [], WATCHDOG_SECONDS)[0], "there is no output")
        process.send_signal(signal.SIGINT)
        select.select([], [], [], 0.5)
        outcome = finish(process, "wc", status=130)
    files, total = parse_wc(outcome)
    expect(0 < len(files) < count, f"{len(files)} of {count} files counted in spite of the signal")
    expect_equal(total, add_up(list(files.values())), "the total")


# ---------------------------------------------------------------- echo


class EchoServer:
    """A running echo_server; leaving the block stops it with SIGINT and checks how it ends."""

    def __init__(self, bench: Bench) -> None:
        self.process = bench.start("echo_server", 0)
        self.outcome: Outcome | None = None

    def __enter__(self) -> EchoServer:
        assert self.process.stdout is not None
        ready = select.select([self.process.stdout], [], [], WATCHDOG_SECONDS)[0]
        line = decode(self.process.stdout.readline()) if ready else ""
        found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        if not found:
            self.process.kill()
            self.process.communicate()
            raise Failure(f"the server's first line: {line!r}")
        self.port = int(found.group(1))
        return self

    def stop(self) -> Outcome:
        if self.outcome is None:
            self.process.send_signal(signal.SIGINT)
            self.outcome = finish(self.process, "echo_server", status=0)
            expect(self.outcome.out.startswith(f"signal {int(signal.SIGINT)}, stopping\n"), "the signal", self.outcome)
        return self.outcome

    def served(self) -> tuple[int, int]:
        outcome = self.stop()
        found = re.search(r"served (\d+) connections, (\d+) bytes\n$", outcome.out)
        expect(found, "the server's last line", outcome)
        return int(found.group(1)), int(found.group(2))  # type: ignore[union-attr]

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.stop()
        elif self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def load(bench: Bench, port: int, connections: int, size: int, *options: object) -> int:
    """One run of echo_load; the number of requests it made."""
    outcome = bench.run("echo_load", "-c", connections, "-s", size, *options, port)
    pattern = rf"{connections} connections, (\d+) requests of {size} bytes, 0 failed, \d+\.\d+ s\n(\d+) requests/s\n"
    found = re.fullmatch(pattern + r"p50 ([\d.]+) us, p99 ([\d.]+) us, p99\.9 ([\d.]+) us\n", outcome.out)
    expect(found, "the output", outcome)
    p50, p99, p999 = (float(text) for text in found.groups()[2:])  # type: ignore[union-attr]
    expect(0 < p50 <= p99 <= p999, "the quantiles' order", outcome)
    return int(found.group(1))  # type: ignore[union-attr]


@check("echo_load")
def echo_load_checks_every_message(bench: Bench) -> None:
    with EchoServer(bench) as server:
        expect_equal(load(bench, server.port, 1, 1, "-n", 20), 20, "requests")
        expect_equal(load(bench, server.port, 20, 64, "-n", 50), 1000, "requests")
        expect_equal(load(bench, server.port, 4, 65536, "-n", 20), 80, "requests")
        expect_equal(server.served(), (25, 20 + 1000 * 64 + 80 * 65536), "connections and bytes served")


@check("echo_load", heavy=True)
def echo_load_many_connections_and_seconds(bench: Bench) -> None:
    with EchoServer(bench) as server:
        expect_equal(load(bench, server.port, 400, 256, "-n", 20), 8000, "requests")
        timed = load(bench, server.port, 10, 64, "-t", 1)
        expect(timed > 0, "no request in a second")
        expect_equal(server.served(), (410, 8000 * 256 + timed * 64), "connections and bytes served")


@check("echo_load")
def echo_load_reports_a_dead_server(bench: Bench) -> None:
    with EchoServer(bench) as server:
        port = server.port
    outcome = bench.run("echo_load", "-c", 3, "-n", 1, port, status=1)
    expect_equal(outcome.err.count("Connection refused"), 3, "connections refused", outcome)
    expect("0 requests of 64 bytes, 3 failed" in outcome.out, "the failures are counted", outcome)


@check("echo_load")
def echo_load_notices_a_wrong_byte(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as liar, ThreadPoolExecutor(1) as pool:
        liar.settimeout(WATCHDOG_SECONDS)

        def answer_wrongly() -> None:
            connection, _ = liar.accept()
            with connection:
                data = bytearray(read_exactly(connection, 64))
                data[-1] ^= 1
                connection.sendall(data)
                connection.recv(1)

        lying = pool.submit(answer_wrongly)
        outcome = bench.run("echo_load", "-c", 1, "-n", 2, liar.getsockname()[1], status=1)
        lying.result()
    expect("differs" in outcome.err and "0 requests" in outcome.out, "the wrong byte is reported", outcome)


def read_exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        expect(piece, f"the connection ended after {len(data)} of {size} bytes")
        data += piece
    return data


@check("echo_server")
def echo_server_stops_with_grace(bench: Bench) -> None:
    payload = random.Random(1).randbytes(30000)
    with EchoServer(bench) as server:
        clients = [socket.create_connection(("127.0.0.1", server.port), WATCHDOG_SECONDS) for _ in range(10)]
        for client in clients[:5]:
            client.sendall(payload)
            expect_equal(read_exactly(client, len(payload)) == payload, True, "the echo")
        clients[0].close()
        clients[1].shutdown(socket.SHUT_WR)
        expect_equal(clients[1].recv(1), b"", "the answer to the end of the input")
        # The rest is idle, some of it was never heard of: the stop ends them all.
        connections, size = server.served()
        for client in clients[2:]:
            expect_equal(client.recv(1), b"", "what an idle client sees when the server stops")
        for client in clients:
            client.close()
    expect(5 <= connections <= 10, f"{connections} connections accepted")
    expect_equal(size, 5 * len(payload), "bytes served")


@check("echo_server")
def echo_server_refuses_a_port_in_use(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        outcome = bench.run("echo_server", other.getsockname()[1], status=1)
    expect("Address already in use" in outcome.err, "the reason is reported", outcome)


# ---------------------------------------------------------------- the runner


def compiler() -> list[str]:
    return os.environ.get("CC", "cc").split()


def compile_example(name: str, options: list[str], output: Path | None) -> subprocess.CompletedProcess[str]:
    command = [*compiler(), *WARNINGS, f"-I{ROOT / 'include'}", *options, str(SOURCES / f"{name}.c")]
    if output is not None:
        command += ["-o", str(output), f"-L{LIBRARY_DIR}", f"-Wl,-rpath,{LIBRARY_DIR}", "-lgort", "-pthread"]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})


def compile_problem(name: str) -> str | None:
    """Compiles one example; the first error line, None when there is none."""
    target = BUILD / name
    target.unlink(missing_ok=True)
    done = compile_example(name, [], target)
    if done.returncode == 0:
        return None
    errors = [line for line in done.stderr.splitlines() if "error" in line or "undefined" in line]
    return (errors or done.stderr.splitlines() or ["the compiler failed"])[0]


def make_tree(tree: Path) -> None:
    """A copy of the project's own text (it may change meanwhile), and files that are hard to count."""
    for directory, subdirectories, names in os.walk(ROOT):
        subdirectories[:] = sorted(set(subdirectories) - SKIPPED_DIRECTORIES)
        target = tree / "project" / Path(directory).relative_to(ROOT)
        target.mkdir(parents=True)
        for name in names:
            source = Path(directory, name)
            if source.is_file() and not source.is_symlink():
                try:
                    shutil.copyfile(source, target / name)
                except FileNotFoundError:
                    continue  # gone since the listing
    hard = tree / "hard"
    hard.mkdir()
    numbers = random.Random(7)
    (hard / "empty").write_bytes(b"")
    (hard / "no newline at the end").write_bytes(b"three words here")
    (hard / "white space only").write_bytes(b" \t\r\n\v\f\n  ")
    (hard / "utf-8").write_text("ein Wörterbuch — 漢字 · ¬\n\u00a0x\u2003y\n", encoding="utf-8")
    (hard / "random").write_bytes(numbers.randbytes(300001))
    (hard / "control").write_bytes(bytes(range(256)) * 5 + b"\x00 \x01 \x7f \x80 \xff")
    long_words = b"".join(b"w" * numbers.randrange(1, 200) + numbers.choice(b" \n\t").to_bytes(1, "big") for _ in range(30000))
    (hard / "several buffers").write_bytes(long_words)
    (hard / "one word over two buffers").write_bytes(b"x" * 65536 + b"y\n")
    (hard / "ends with a buffer").write_bytes(b"z" * 65535 + b"\n")
    os.symlink(hard / "empty", hard / "link to a file")
    os.symlink(tree, hard / "link to the tree")
    os.mkfifo(hard / "pipe")
    deep = hard.joinpath(*["d"] * 150)
    deep.mkdir(parents=True)
    (deep / "file").write_text("down here\n")


def word_options() -> list[str]:
    """The examples' option that makes their words the words of this machine's wc."""
    done = subprocess.run(["wc", "-w"], input=b"\x80 \x01\n", capture_output=True, check=True, env={**os.environ, "LC_ALL": "C"})
    return ["-a"] if int(done.stdout) == 2 else []


class Tally:
    """Counts, and says what failed as it happens."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def run(self, name: str, body: Callable[[], None]) -> None:
        try:
            body()
        except Failure as failure:
            self.fail(name, str(failure))
        except Exception as error:  # a check that breaks is a failed check
            self.fail(name, f"{type(error).__name__}: {error}")
        else:
            self.passed += 1

    def fail(self, name: str, why: str) -> None:
        self.failed += 1
        print(f"FAIL {name}: {why}", flush=True)


def check_usage(bench: Bench, name: str) -> None:
    outcome = bench.run(name, "--no-such-option", status=USAGE_STATUS)
    expect("usage: " in outcome.err and outcome.out == "", "a usage line on stderr and nothing else", outcome)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compile, run and check the examples in C.")
    parser.add_argument("--filter", default="", metavar="NAME", help="only examples whose name contains NAME")
    wanted = parser.parse_args().filter

    names = sorted({path.stem for path in SOURCES.glob("*.c")} | {each.example for each in CHECKS})
    names = [name for name in names if wanted in name]
    if not names:
        print(f"no example's name contains {wanted!r}")
        return 1
    BUILD.mkdir(parents=True, exist_ok=True)
    tally = Tally()

    # The echo examples need each other.
    to_compile = sorted(set(names) | ({"echo_server", "echo_load"} if any("echo" in name for name in names) else set()))
    with ThreadPoolExecutor(2) as pool:
        problems = dict(zip(to_compile, pool.map(compile_problem, to_compile)))
    for name in names:
        if problems[name] is None:
            tally.passed += 1
        else:
            tally.fail(name, f"does not compile: {problems[name]}")

    checked = {each.example for each in CHECKS}
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="scratch-") as scratch:
        tree = Path(scratch, "tree")
        make_tree(tree)
        options = word_options()
        for procs in (2, 1, 8):
            bench = Bench(procs, Path(scratch), tree, options)
            for each in CHECKS:
                if each.example not in names or (each.heavy and procs != 2):
                    continue
                label = f"{each.example} ({each.body.__name__}, GORT_MAXPROCS={procs})"
                if problems[each.example] is not None:
                    tally.fail(label, "not run: it does not compile")
                else:
                    tally.run(label, lambda body=each.body, bench=bench: body(bench))
        bench = Bench(2, Path(scratch), tree, options)
        for name in names:
            if problems[name] is not None:
                tally.fail(f"{name} (usage)", "not run: it does not compile")
            else:
                tally.run(f"{name} (usage)", lambda name=name: check_usage(bench, name))
            if name not in checked and name not in ONLY_COMPILED:
                tally.fail(name, "no check is written for it")

    print(f"{tally.passed} passed, {tally.failed} failed")
    return 0 if tally.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
