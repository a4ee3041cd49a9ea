"""The wc programs: byte for byte the table of wc(1) on the same files, and the concurrent walk of a tree."""

from __future__ import annotations

import os
import re
import select
import signal
import tempfile
from pathlib import Path

from harness import WATCHDOG_SECONDS, Outcome, decode, expect, expect_equal

from .bench import Bench, check, finish


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


@check("wc_imap")
def wc_imap_is_wc(bench: Bench) -> None:
    same_as_wc(bench, "wc_imap")
    same_as_wc(bench, "wc_imap", "-j", 3)


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
