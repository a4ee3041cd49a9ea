"""Channels, select and time-outs."""

from __future__ import annotations

import re

from harness import expect, expect_equal

from .bench import Bench, check
from .build import compile_example


@check("channels")
def channels_late_writers_find_it_closed(bench: Bench) -> None:
    outcome = bench.run("channels")
    lines = outcome.lines()
    expect_equal(lines[:2], ["Read: 10", "Channel is closed!"], "the first part", outcome)
    expect_equal(lines.count("received from a writer"), 3, "values received", outcome)
    expect_equal(lines.count("n: 3, closing"), 1, "closings", outcome)
    start = f"late writer: {bench.word('closed')}: "
    late = [line for line in lines if line.startswith(start) and line[len(start) :].strip()]
    expect_equal(len(late), 2, "late writers", outcome)
    expect_equal(len(lines), 8, "lines in all", outcome)


@check("close_channel")
def close_channel_statuses(bench: Bench) -> None:
    outcome = bench.run("close_channel")
    patterns = [
        r"first: 5", r"second: 6", rf"after the close: {bench.word('nothing')} \({bench.word('closed')}\)",
        rf"send on a closed channel: {bench.word('closed')}: \S.*",
        rf"close of a closed channel: {bench.word('closed')}: \S.*",
        rf"close of a nil channel: {bench.word('close of nil')}: \S.*",
    ]
    expect_equal(len(outcome.lines()), len(patterns), "number of lines", outcome)
    for line, pattern in zip(outcome.lines(), patterns):
        expect(re.fullmatch(pattern, line), f"{line!r} should be {pattern!r}", outcome)


@check("func_parameters")
def func_parameters_passes_values(bench: Bench) -> None:
    expect_equal(bench.run("func_parameters").lines(), ["10", "20", "30", "40", "50"], "lines")


@check("func_parameters", "c", "cpp")
def func_parameters_wrong_directions_do_not_compile(bench: Bench) -> None:
    refusals = {
        "c": (("WRONG_SEND", "number_send", "incompatible type"), ("WRONG_RECV", "number_recv", "incompatible type")),
        "cpp": (("WRONG_SEND", "recv_chan", "send"), ("WRONG_RECV", "send_chan", "recv")),
    }
    for macro, *words in refusals[bench.language.name]:
        done = compile_example(bench.language.name, "func_parameters", [f"-D{macro}", "-fsyntax-only"], output=None)
        expect(done.status != 0, f"-D{macro} compiles")
        expect(all(word in done.err for word in words), f"-D{macro}: {done.err[-400:]!r}")


@check("range")
def range_ends_by_itself(bench: Bench) -> None:
    after = f"{bench.word('nothing')} ({bench.word('closed')})"
    for count in (0, 5, 200):
        wanted = [str(i) for i in range(1, count + 1)] + ["the range is over"] + [after] * 3
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
