"""Runs every program of examples/c, examples/cpp or examples/python on real input and checks what it does.

    python3 tests/run_examples.py [--language c|cpp|python] [--filter NAME] [--python INTERPRETER]

C and C++ need include/gort.h, target/release/libgort.so (make build) and a compiler; Python an
interpreter with the gort package, target/venv's unless told otherwise; all of them wc(1) to compare
with. Each check runs at GORT_MAXPROCS=2, all but the heavy ones at 1 and 8 too. The checks
themselves are in examples_runner/.

Invariants:
  - an example that does not compile fails all its checks; one that needs a library which is not
    installed is not run, and that is said;
  - an example without a check is a failure; the checks are the same in all languages;
  - where the order of lines is up to the scheduler, they are compared as sorted lists.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from examples_runner.bench import CHECKS, Bench
from examples_runner.build import compile_problem, make_tree, missing, python_problem, word_options
from examples_runner.languages import BUILD, VENV_PYTHON, Language, language
from harness import Tally, expect

# Racy on purpose; what the race detector says about them is checked elsewhere.
ONLY_COMPILED = {"race_channels", "race_counter"}


def check_usage(bench: Bench, name: str) -> None:
    outcome = bench.run(name, "--no-such-option", status=bench.language.usage_status)
    expect("usage: " in outcome.err and outcome.out == "", "a usage line on stderr and nothing else", outcome)


def compile_all(spoken: Language, names: list[str], tally: Tally) -> dict[str, str | None]:
    """What is wrong with each program; counts those of `names`. Python is compiled as it runs."""
    if spoken.name == "python":
        return dict.fromkeys(names, python_problem(spoken.command("")[0]))
    # The echo examples need each other.
    to_compile = sorted(set(names) | ({"echo_server", "echo_load"} if any("echo" in name for name in names) else set()))
    with ThreadPoolExecutor(2) as pool:
        problems = dict(zip(to_compile, pool.map(lambda name: compile_problem(spoken.name, name), to_compile)))
    for name in names:
        if problems[name] is None:
            tally.passed += 1
        else:
            tally.fail(name, f"does not compile: {problems[name]}")
    return problems


def run_checks(
    spoken: Language, names: list[str], problems: dict[str, str | None], scratch: Path, tally: Tally
) -> None:
    tree = scratch / "tree"
    make_tree(tree)
    benches = {procs: Bench(spoken, procs, scratch, tree, word_options()) for procs in (2, 1, 8)}
    checks = [each for each in CHECKS if not each.languages or spoken.name in each.languages]
    for procs, bench in benches.items():
        for each in checks:
            if each.example not in names or (each.heavy and procs != 2):
                continue
            label = f"{each.example} ({each.body.__name__}, GORT_MAXPROCS={procs})"
            if problems[each.example] is not None:
                tally.fail(label, f"not run: {problems[each.example]}")
            else:
                tally.run(label, lambda body=each.body, bench=bench: body(bench))
    checked = {each.example for each in checks}
    for name in names:
        if problems[name] is not None:
            tally.fail(f"{name} (usage)", f"not run: {problems[name]}")
        else:
            tally.run(f"{name} (usage)", lambda name=name: check_usage(benches[2], name))
        if name not in checked and name not in ONLY_COMPILED:
            tally.fail(name, "no check is written for it")


def main() -> int:
    parser = argparse.ArgumentParser(description="Run and check the examples.")
    parser.add_argument("--language", default="c", choices=("c", "cpp", "python"))
    parser.add_argument("--filter", default="", metavar="NAME", help="only examples whose name contains NAME")
    parser.add_argument("--python", type=Path, default=VENV_PYTHON, metavar="INTERPRETER")
    options = parser.parse_args()
    spoken, wanted = language(options.language, options.python.absolute()), options.filter

    expected = {each.example for each in CHECKS} - spoken.lacks
    names = sorted(name for name in expected | spoken.programs() if wanted in name)
    for name in list(names):
        if reason := missing(name):
            print(f"not run: {name}: {reason}", flush=True)
            names.remove(name)
    if not names:
        print(f"no example's name contains {wanted!r}")
        return 1
    (BUILD / spoken.name).mkdir(parents=True, exist_ok=True)
    tally = Tally()
    problems = compile_all(spoken, names, tally)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="scratch-") as scratch:
        run_checks(spoken, names, problems, Path(scratch), tally)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
