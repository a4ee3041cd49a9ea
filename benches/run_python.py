"""Measures the Python package beside gevent, asyncio and threads, in turn, and shows medians and ratios.

    python3 benches/run_python.py [--rounds N] [--only PATTERN] [--quick] [--write]

Needs the wheel (make wheel), and PyPI on first use, for gevent. The workloads are benches/python/on_*.py, one
file a library. What fails or gives a wrong answer has no figure; on gort the exit status is then 1. --write
puts the table into benches/RESULTS.md, as its last part.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from typing import NamedTuple, Optional

import report
import toolchain
from measure import Samples, Side, Value
from workloads import Figure, Workload

GEVENT = ["gevent==26.9.0", "greenlet==3.5.6"]
GORT, PEERS = "gort", ["gevent", "asyncio", "threads"]
# The runtime's own threads; not how many of them run Python.
PROCS = 2
SOURCES = "rt-core/src"


class Goals(NamedTuple):
    """What a figure of gort is to be at most: of gevent's, of asyncio's, and as a number."""

    gevent: Optional[float] = None
    asyncio: Optional[float] = None
    amount: Optional[float] = None


def _one(label: str, args: str, quick: str, key: str = "", program: str = "") -> Workload:
    program = program or label
    return Workload(program, args, quick, (Figure(label, key or program),))


WORKLOADS: list[tuple[Workload, Goals]] = [
    (_one("yield", "100000", "5000"), Goals()),
    (_one("pingpong", "50000", "2000"), Goals()),
    (_one("spsc0", "100000", "5000"), Goals(gevent=0.10, asyncio=1 / 15)),
    (_one("spsc128", "300000", "5000"), Goals(gevent=1.0)),
    (_one("spawn_join", "100000", "2000"), Goals(gevent=0.125, asyncio=0.25)),
    (_one("select3", "30000", "2000"), Goals()),
    (_one("sleepers", "100000", "2000"), Goals()),
    (_one("parked: memory", "20000", "1000", "parked_rss", "parked"), Goals(amount=10_000)),
    (_one("pipeline", "1000000", "5000"), Goals()),
    (_one("wc", SOURCES, SOURCES), Goals()),
]

LEAD = """\
- {versions}; the machine is that above.
- Medians of {rounds} rounds, in turn, each run a process of its own; the wrong answer is no time. Times of
  wc and sleepers are for all, others for one message, item, switch or goroutine; less is better. Where a library has
  no unbuffered channel it has a queue for one; a tenth of the threads are parked.
- A goal is the most that gort / gevent or gort / asyncio, or for memory gort, should be.
- Again on your machine: `make bench-python`.
"""


def install() -> str:
    """The interpreter that has all libraries; fetches gevent on first use."""
    python = toolchain.VENV / "bin" / "python"
    wheels = sorted((toolchain.ROOT / "target" / "wheels").glob("gort-*.whl"))
    if not wheels:
        raise SystemExit("there is no wheel in target/wheels: make wheel builds it")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(toolchain.VENV)], check=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    present = subprocess.run([*pip, "freeze"], capture_output=True, text=True).stdout.split()
    if not set(GEVENT) <= set(present):
        subprocess.run([*pip, "install", "--quiet", *GEVENT], check=False)
    subprocess.run([*pip, "install", "--quiet", "--force-reinstall", "--no-deps", str(wheels[-1])], check=True)
    return str(python)


def sides(python: str) -> list[Side]:
    """Each library, with what runs its workloads."""

    def side(name: str) -> Side:
        program = toolchain.BENCHES / "python" / f"on_{name}.py"
        text = program.read_text(encoding="utf-8")

        def command(workload: Workload) -> Optional[list[str]]:
            has = re.search(rf"^(async )?def {workload.program}_?\(", text, re.MULTILINE)
            return [python, str(program), workload.program] if has else None

        return Side(name, command)

    return [side(name) for name in [GORT, *PEERS]]


def row(workload: Workload, goals: Goals, samples: Samples) -> list[str]:
    """A workload's line."""
    figure = workload.figures[0]
    values = {who: samples.middle(who, workload, PROCS, figure.key) for who in [GORT, *PEERS]}
    cells = [report.shown(values[who], samples.failure(who, workload, PROCS)) for who in values]
    gort, reached = values[GORT], []
    for who, goal in [("gevent", goals.gevent), ("asyncio", goals.asyncio)]:
        peer = values[who]
        ratio = gort.amount / peer.amount if gort and peer else None
        cells += ["" if ratio is None else f"{ratio:.3f}", "" if goal is None else f"{goal:.3f}"]
        if goal is not None:
            reached.append(ratio is not None and ratio <= goal)
    if goals.amount is not None:
        reached.append(gort is not None and gort.amount <= goals.amount)
    mark = "" if not reached else "yes" if all(reached) else "no"
    most = f" (at most {report.shown(Value(goals.amount, gort.unit), None)})" if goals.amount and gort else ""
    return [figure.label + most, *cells, mark]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", metavar="PATTERN", default="", help="a regular expression for the workload")
    parser.add_argument("--quick", action="store_true", help="small workloads, one round: does it all work?")
    parser.add_argument("--write", action="store_true", help="write the last part of benches/RESULTS.md")
    options = parser.parse_args()
    if options.write and (options.quick or options.only):
        parser.error("only all of it is written down")
    rounds = 1 if options.quick else options.rounds
    python = install()
    libraries = sides(python)
    chosen = [pair for pair in WORKLOADS if re.search(options.only, pair[0].figures[0].label)]
    samples = Samples(None)
    for number in range(rounds):
        for workload, _ in chosen:
            for side in libraries if number % 2 == 0 else reversed(libraries):
                samples.take(side, workload, PROCS, options.quick)
    head = ["workload", GORT, *PEERS, "/ gevent", "goal", "/ asyncio", "goal", "ok?"]
    table = report.Table("Python", head, [row(workload, goals, samples) for workload, goals in chosen])
    print(table.text())
    for (who, workload, _), failure in samples.failures.items():
        print(f"{who}: {workload.program} {workload.args}: {failure}")
    if options.write:
        versions = f"{report.measured()}, {report.first_line(python, '--version')}, {GEVENT[0].replace('==', ' ')}"
        report.write(python=LEAD.format(versions=versions, rounds=rounds) + "\n" + table.text())
    return 1 if any(who == GORT for who, _, _ in samples.failures) else 0


if __name__ == "__main__":
    sys.exit(main())
