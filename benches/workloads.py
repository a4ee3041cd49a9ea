"""The workloads: which program runs with which arguments, which figures it prints, and
the ratio gort / Go each is to reach.

A program is benches/c/NAME.c for gort and benches/go/NAME for Go, and takes the same
arguments in both; ECHO is the exception: two servers under one load generator. Every
workload has smaller arguments for a quick look. All of this is hashable: what was
measured is found by it.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

ECHO = "echo"

GOROUTINES = [1_000, 10_000, 100_000, 1_000_000]
QUICK_GOROUTINES = 10_000
SELECT_WIDTHS = [1, 2, 4, 8, 16, 32, 64]
PROCS = [1, 2, 4, 8]
CONNECTIONS = [1, 64, 1000]


class Figure(NamedTuple):
    """A row of a table."""

    label: str
    key: str  # what the program calls it
    goal: Optional[float] = None  # gort / Go, at most


class Workload(NamedTuple):
    """One program with its arguments."""

    program: str
    args: str
    quick: Optional[str]  # None: too large for a quick look
    figures: tuple[Figure, ...]

    def arguments(self, quick: bool) -> list[str]:
        """The command line after the program's name."""
        return ((self.quick or "") if quick else self.args).split()


class Section(NamedTuple):
    """Workloads that share a table."""

    title: str
    workloads: list[Workload]
    procs: Optional[list[int]] = None  # None: those the user asked for


def _one(label: str, args: str, quick: Optional[str], goal: Optional[float] = None, program: str = "") -> Workload:
    program = program or label
    return Workload(program, args, quick, (Figure(label, program, goal),))


MAIN = [
    _one("spawn_join", "1000000", "100000", 0.10),
    _one("spawn_one", "1000000", "100000", 0.35),
    _one("pingpong", "1000000", "100000", 0.25),
    _one("spsc0", "0 2000000", "0 200000", 0.35, "spsc"),
    _one("spsc1", "1 2000000", "1 200000", 0.40, "spsc"),
    _one("spsc128", "128 5000000", "128 500000", 0.50, "spsc"),
    _one("mpmc", "4 128 4000000", "4 128 400000", 0.60),
    _one("select3", "3 1000000", "3 100000", 0.35, "select"),
    _one("select_default", "5000000", "500000", 0.25),
    _one("mutex", "20000000", "2000000", 1.0),
    _one("mutex_contended", "8 5000000", "8 500000", 1.0),
    _one("rwmutex", "8 20000000", "8 2000000", 1.0),
    _one("skynet", "1000000", "100000", 0.20),
    _one("sieve", "2000", "500", 0.30),
    _one("ring", "503 2000000", "503 200000", 0.25),
    _one("yield", "8 4000000", "8 400000", 0.25),
    _one("fib", "25", "20", 0.20),
    _one("sleepers", "100000", "10000", 0.45),
    _one("timer_stop", "2000000", "200000", 0.30),
    Workload(
        "sleep_overshoot", "500", "50",
        (Figure("sleep_overshoot", "sleep_overshoot", 0.70), Figure("sleep_overshoot p99", "sleep_overshoot_p99")),
    ),
    _one("ctx_cancel", "2000000", "200000", 0.60),
    Workload(
        "ctx_tree", "100000", "10000",
        (Figure("ctx_tree", "ctx_tree", 0.30), Figure("ctx_tree, the cancel alone", "ctx_tree_cancel")),
    ),
    Workload(
        "parked", "1000000", "100000",
        (
            Figure("parked: spawn, park, wake", "parked", 0.60),
            Figure("parked: memory", "parked_rss", 2.0),
            Figure("parked: stack, of that", "parked_stack"),
            Figure("parked: page tables, besides", "parked_page_tables"),
        ),
    ),
    Workload(
        "thread_wake", "2000", "200",
        (Figure("thread_wake", "thread_wake"), Figure("thread_wake p99", "thread_wake_p99")),
    ),
    Workload(
        "starvation", "8 100", "8 20",
        (Figure("starvation: longest gap", "starvation"), Figure("starvation: median gap", "starvation_p50")),
    ),
]


def _by_goroutines() -> list[Workload]:
    workloads = []
    for count in GOROUTINES:
        name = f"{count:,}"

        def add(program: str, *figures: Figure, total: str = "", quick_total: str = "") -> None:
            quick = f"{count} {quick_total}" if count <= QUICK_GOROUTINES else None
            found = figures or (Figure(f"{program} {name}", program),)
            workloads.append(Workload(program, f"{count} {total}", quick, found))

        add("spawn_join", total="1000000", quick_total="100000")
        add("ring", total="2000000", quick_total="100000")
        add("yield", total="4000000", quick_total="100000")
        add("skynet")
        add("sleepers")
        add("parked", Figure(f"parked {name}: time", "parked"), Figure(f"parked {name}: memory", "parked_rss"))
    return sorted(workloads, key=lambda workload: workload.program)


def _by_procs() -> list[Workload]:
    wanted = ["spawn_join", "pingpong", "spsc128", "mpmc", "mutex_contended", "rwmutex", "skynet", "yield", "fib"]
    return [workload for workload in MAIN if workload.figures[0].label in wanted]


def _echo(connections: int) -> Workload:
    figures = tuple(Figure(f"echo {connections}: {what}", f"echo_{what}") for what in ("rate", "p50", "p99", "p99.9"))
    return Workload(ECHO, f"{connections} 2000", f"{connections} 300", figures)


SECTIONS = [
    Section("Workloads", MAIN),
    Section("Echo server, by connections", [_echo(connections) for connections in CONNECTIONS]),
    Section("By number of goroutines", _by_goroutines()),
    Section(
        "By number of channels in a select",
        [_one(f"select of {width}", f"{width} 300000", f"{width} 30000", program="select") for width in SELECT_WIDTHS],
    ),
    Section("By number of Ps", _by_procs(), PROCS),
]

# What else there is to compare with, and at which of the workloads above, by the label of
# the first figure: where a library has no such channel, or no room for so many tasks, there is
# nothing to compare.
PEERS = {
    "tokio": {"spawn_join", "spawn_one", "pingpong", "spsc1", "spsc128", "skynet", "ring", "yield"},
    "may": {"spawn_one", "pingpong", "ring", "yield"},
    "threads": {"pingpong", "spsc0", "spsc1", "spsc128", "mpmc"},
    "fiber": {"spawn_join", "spawn_one", "pingpong", "spsc0", "spsc128", "mpmc", "skynet", "ring", "yield"},
}
