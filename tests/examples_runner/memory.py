"""Shared memory, contexts and the semaphore. (The racy programs wait for the race detector.)"""

from __future__ import annotations

import re

from harness import DEADLOCK, expect, expect_equal

from .bench import Bench, check


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


@check("cache")
def cache_computes_each_answer_once(bench: Bench) -> None:
    lines = bench.run("cache", 2000).lines()
    counts = [1229, 2262, 3245, 4203, 5133, 6057, 6935, 7837]
    wanted = [f"{count} primes below {10000 * (i + 1)}" for i, count in enumerate(counts)]
    expect_equal(lines, [*wanted, "2000 questions, 2000 answers, 8 computed"], "lines")
    expect_equal(bench.run("cache", 0).lines(), ["0 questions, 0 answers, 0 computed"], "lines")


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


@check("use_context")
def use_context_both_ways(bench: Bench) -> None:
    lines = bench.run("use_context", 1, 600000).lines()
    names = ("WithCancel", "WithTimeout", "WithDeadline")
    expect_equal(lines, [f"{name}: the work was done first: {bench.word('no error')}" for name in names], "short work")
    outcome = bench.run("use_context", 600000, 1)
    statuses = (bench.word("canceled"), bench.word("deadline"), bench.word("deadline"))
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
