"""Goroutines and the scheduler: how many Ps, go statements, WaitGroups, very many goroutines."""

from __future__ import annotations

import os
import tempfile

from harness import DEADLOCK, expect, expect_equal

from .bench import Bench, check


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
    expect(outcome.err.startswith(f"done number 6: {bench.word('misuse')}: "), "the sixth Done is a misuse", outcome)
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
