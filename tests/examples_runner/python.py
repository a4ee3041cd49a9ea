"""What only the examples in Python show: a wrong direction, a race without a detector, asyncio."""

from __future__ import annotations

import re

from harness import expect, expect_equal, run

from .bench import Bench, check


@check("func_parameters", "python")
def func_parameters_wrong_directions_have_no_method(bench: Bench) -> None:
    interpreter = bench.command("func_parameters")[0]
    for end, method in (("sender", "recv"), ("receiver", "send"), ("receiver", "close")):
        program = f"import gort; gort.Chan(1).{end}().{method}"
        outcome = run([interpreter, "-c", program], bench.environment(), bench.scratch)
        expect_equal(outcome.status, 1, f"{method} of a {end}", outcome)
        expect("AttributeError" in outcome.err and repr(method) in outcome.err, f"{method} of a {end}", outcome)


@check("race_counter", "python")
def race_counter_loses_additions(bench: Bench) -> None:
    outcome = bench.run("race_counter")
    found = re.fullmatch(r"(\d+) of 400\n", outcome.out)
    expect(found, "the line", outcome)
    expect(100 <= int(found.group(1)) <= 400, "more additions than were made", outcome)  # type: ignore[union-attr]


@check("race_channels", "python")
def race_channels_some_find_it_closed(bench: Bench) -> None:
    outcome = bench.run("race_channels")
    endings = [line.rpartition(" ")[2] for line in outcome.lines()]
    expect_equal(sorted(endings), ["Closed"] * 2 + ["OK"] * 3, "the sends", outcome)
    expect("looked closed, send: OK" not in outcome.out, "a send after the close", outcome)


@check("asyncio_bridge")
def asyncio_bridge_adds_up(bench: Bench) -> None:
    for numbers, workers in ((10, 3), (0, 1), (500, 20)):
        total = sum(number * number for number in range(numbers))
        wanted = [f"{numbers} numbers, sum of their squares: {total}"]
        expect_equal(bench.run("asyncio_bridge", numbers, workers).lines(), wanted, "lines")
