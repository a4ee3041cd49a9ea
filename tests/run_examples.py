"""Compiles every program of examples/c, or of examples/cpp, runs it on real input and checks what it does.

    python3 tests/run_examples.py [--language c|cpp] [--filter NAME]

Needs include/gort.h and target/release/libgort.so (make build), a compiler, and wc(1) to
compare with. Each check runs at GORT_MAXPROCS=2, all but the heavy ones at 1 and 8 too. The
checks themselves are in examples_runner/.

Invariants:
  - an example that does not compile fails all its checks; one that needs a library which is not
    installed is not run, and that is said;
  - an example without a check is a failure; the checks are the same in both languages;
  - where the order of lines is up to the scheduler, they are compared as sorted lists.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from examples_runner.bench import BUILD, CHECKS, Bench
from examples_runner.build import compile_problem, make_tree, missing, sources, word_options
from harness import Tally, expect

USAGE_STATUS = 64
# Racy on purpose; what the race detector says about them is checked elsewhere.
ONLY_COMPILED = {"race_channels", "race_counter"}
# Of what the C++ binding has no form for, or would say nothing new about.
ONLY_IN_C = {"cache", "echo_load", "echo_server", "loop_epoll", "loop_uv"}


def check_usage(bench: Bench, name: str) -> None:
    outcome = bench.run(name, "--no-such-option", status=USAGE_STATUS)
    expect("usage: " in outcome.err and outcome.out == "", "a usage line on stderr and nothing else", outcome)


def compile_all(language: str, names: list[str], tally: Tally) -> dict[str, str | None]:
    """What is wrong with each program; counts those of `names`."""
    # The echo examples need each other.
    to_compile = sorted(set(names) | ({"echo_server", "echo_load"} if any("echo" in name for name in names) else set()))
    with ThreadPoolExecutor(2) as pool:
        problems = dict(zip(to_compile, pool.map(lambda name: compile_problem(language, name), to_compile)))
    for name in names:
        if problems[name] is None:
            tally.passed += 1
        else:
            tally.fail(name, f"does not compile: {problems[name]}")
    return problems


def run_checks(language: str, names: list[str], problems: dict[str, str | None], scratch: Path, tally: Tally) -> None:
    tree = scratch / "tree"
    make_tree(tree)
    benches = {procs: Bench(language, procs, scratch, tree, word_options()) for procs in (2, 1, 8)}
    for procs, bench in benches.items():
        for each in CHECKS:
            if each.example not in names or (each.heavy and procs != 2):
                continue
            label = f"{each.example} ({each.body.__name__}, GORT_MAXPROCS={procs})"
            if problems[each.example] is not None:
                tally.fail(label, "not run: it does not compile")
            else:
                tally.run(label, lambda body=each.body, bench=bench: body(bench))
    checked = {each.example for each in CHECKS}
    for name in names:
        if problems[name] is not None:
            tally.fail(f"{name} (usage)", "not run: it does not compile")
        else:
            tally.run(f"{name} (usage)", lambda name=name: check_usage(benches[2], name))
        if name not in checked and name not in ONLY_COMPILED:
            tally.fail(name, "no check is written for it")


def main() -> int:
    parser = argparse.ArgumentParser(description="Compile, run and check the examples.")
    parser.add_argument("--language", default="c", choices=("c", "cpp"))
    parser.add_argument("--filter", default="", metavar="NAME", help="only examples whose name contains NAME")
    options = parser.parse_args()
    language, wanted = options.language, options.filter

    expected = {each.example for each in CHECKS} - (ONLY_IN_C if language == "cpp" else set())
    names = sorted(name for name in expected | set(sources(language)) if wanted in name)
    for name in list(names):
        if reason := missing(name):
            print(f"not run: {name}: {reason}", flush=True)
            names.remove(name)
    if not names:
        print(f"no example's name contains {wanted!r}")
        return 1
    (BUILD / language).mkdir(parents=True, exist_ok=True)
    tally = Tally()
    problems = compile_all(language, names, tally)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="scratch-") as scratch:
        run_checks(language, names, problems, Path(scratch), tally)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
