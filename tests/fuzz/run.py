"""Differential fuzzing: random programs, printed as Go and as C, must come to the same.

    python3 tests/fuzz/run.py [-n N] [--seed SEED] [--batch B] [--depth D] [--misuse N]
    python3 tests/fuzz/run.py --tree '(pipeline items=3 ...)'     one tree, as a failure prints it

Many programs go into one Go binary and one C binary. gort's is run at 1, 2 and 8 Ps, one
program after the other, and once with all of them at the same time. A program whose result
differs, or that ends or hangs its binary, is made smaller as long as it still fails; then its
tree and its C source are printed. The seed of program k of a run is SEED + k.

Beside that, misuse.c calls the API with random arguments, with as many seeds as --misuse says,
built with the undefined behaviour sanitizer. --sanitize takes others.

A test like the other runners: closes with "N passed, M failed", one for each program and each
seed. Without Go (benches/toolchain.py gets it) gort is compared with itself at one P, when asked
to with --without-go.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple, Optional

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "benches")]

import patterns  # noqa: E402
import toolchain  # noqa: E402
from ir import CPrinter, GoPrinter  # noqa: E402
from tree import Node, grow, parse, smaller  # noqa: E402

BUILD = ROOT / "target" / "fuzz"
CFLAGS = ["-std=gnu11", "-O1", "-g", "-Wall", "-Werror", "-Wno-unused-variable", "-Wno-unused-but-set-variable",
    "-Wno-unused-function"]
RUN_SECONDS = 60
SHRINK_SECONDS = 120
SHRINK_RUNS = 5  # what fails only now and then gets this many chances to fail again
WAYS = [("serial", 1), ("serial", 2), ("serial", 8), ("together", 2), ("together", 8)]


class Outcome(NamedTuple):
    """What a binary printed, and what there is to say when it did not end well."""

    out: str
    problem: str

    @property
    def results(self) -> dict[int, str]:
        """What each program came to."""
        pairs = (line.partition(" ") for line in self.out.splitlines())
        return {int(number): value for number, _, value in pairs if number.isdigit()}


def printed(trees: list[Node]) -> tuple[str, str]:
    """The C and the Go source of these programs."""
    c, go = ['#include "support.h"\n'], ["package main\n"]
    go.append('import (\n\t"context"\n\t"runtime"\n\t"sync"\n\t"time"\n)\n')
    go.append("var _, _, _ = context.Background, runtime.Gosched, time.Second\nvar _ sync.Mutex\n")
    for k, tree in enumerate(trees):
        count = 0

        def emit(node: Node) -> str:
            nonlocal count
            calls = [f"{emit(child)}()" for child in node.children]
            name = f"p{k}_{count}"
            count += 1
            scope = patterns.BUILD[node.kind](node, calls)
            c.append(CPrinter(name).scope(scope))
            go.append(GoPrinter(name).scope(scope))
            return name

        root = emit(tree)
        c.append(f"static uint64_t p{k}(void)\n{{\n    return {root}();\n}}\n")
        go.append(f"func p{k}() uint64 {{ return {root}() }}\n")
    names = ", ".join(f"p{k}" for k in range(len(trees)))
    c.append(f"int main(int argc, char **argv)\n{{\n    static const fuzz_program programs[] = {{{names}}};")
    c.append("    return fuzz_main(argc, argv, programs, sizeof programs / sizeof programs[0]);\n}")
    go.append(f"var programs = []func() uint64{{{names}}}")
    return "\n".join(c), "\n".join(go) + "\n"


def compiled(command: list[str], env: Optional[dict[str, str]] = None, cwd: Optional[Path] = None) -> None:
    done = subprocess.run(command, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stdout[-3000:]}")


class Batch:
    """Some programs, built in a directory of their own."""

    def __init__(self, trees: list[Node], directory: Path, goroot: Optional[Path], library: Path) -> None:
        self.trees = trees
        self.directory = directory
        self.library = library
        self.goroot = goroot
        directory.mkdir(parents=True, exist_ok=True)
        c, go = printed(trees)
        (directory / "main.c").write_text(c)
        compiled([
            os.environ.get("CC", "cc"), *CFLAGS, f"-I{HERE}", f"-I{ROOT / 'include'}", str(directory / "main.c"), "-o",
            str(directory / "c"), f"-L{library}", "-lgort", f"-Wl,-rpath,{library}", "-lpthread",
        ])
        if goroot is not None:
            (directory / "main.go").write_text(go)
            (directory / "go.mod").write_text("module fuzz\n\ngo 1.25\n")
            shutil.copy(HERE / "support.go", directory / "support.go")
            env = dict(
                os.environ, GOROOT=str(goroot), GOCACHE=str(BUILD / "go-cache"), GOTOOLCHAIN="local",
                GOFLAGS="-mod=mod",
                GOPROXY="off", GOWORK="off", CGO_ENABLED="0",
            )
            compiled([str(goroot / "bin" / "go"), "build", "-p", "2", "-o", "go", "."], env, directory)

    def go(self) -> Outcome:
        return run([str(self.directory / "go")], {})

    def gort(self, way: tuple[str, int]) -> Outcome:
        return run([str(self.directory / "c"), way[0]], {"GORT_MAXPROCS": str(way[1])})


def run(command: list[str], more: dict[str, str]) -> Outcome:
    env = {key: value for key, value in os.environ.items() if key != "GOMAXPROCS" and not key.startswith("GORT")}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
        env={**env, **more}, start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=RUN_SECONDS)
            problem = "" if process.returncode == 0 else f"ended with status {process.returncode}: {err[-3000:]}"
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            problem = f"hangs: {err[-3000:]}"
    return Outcome(out, problem)


# Sizes that cannot be are refused, as without a sanitizer.
MISUSE_ENVIRONMENT = {"GORT_TEST_DUMP": "1", "ASAN_OPTIONS": "allocator_may_return_null=1 max_allocation_size_mb=256"}


def misuse(seeds: range, library: Path, sanitize: str) -> int:
    """How many seeds of misuse.c fail; each is run at one of the numbers of Ps."""
    binary = BUILD / "misuse"
    binary.parent.mkdir(parents=True, exist_ok=True)
    compiled([
        os.environ.get("CC", "cc"), "-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", f"-fsanitize={sanitize}",
        f"-DWATCHDOG_SECONDS={RUN_SECONDS // 2}", f"-I{ROOT / 'include'}", str(HERE / "misuse.c"), "-o", str(binary),
        f"-L{library}", "-lgort", f"-Wl,-rpath,{library}", "-lpthread",
    ])
    failed = 0
    for seed in seeds:
        procs = (1, 2, 8)[seed % 3]
        got = run([str(binary), str(seed)], {"GORT_MAXPROCS": str(procs), **MISUSE_ENVIRONMENT})
        if got.problem or got.out:
            failed += 1
            print(f"FAIL misuse seed {seed} at {procs} Ps: {got.problem}\n{got.out[-3000:]}", flush=True)
    return failed


class Fuzzer:
    def __init__(self, goroot: Optional[Path], library: Path) -> None:
        self.goroot = goroot
        self.library = library
        self.runs = 0

    def failures(self, trees: list[Node], name: str, times: int = 1) -> dict[int, str]:
        """Which of these programs fail, and how; a binary that ends early tells of one."""
        batch = Batch(trees, BUILD / name, self.goroot, self.library)
        wanted = batch.go() if self.goroot is not None else batch.gort(("serial", 1))
        if wanted.problem:
            raise RuntimeError(f"the program to compare with {wanted.problem}")
        found: dict[int, str] = {}
        for way in WAYS * times:
            got = batch.gort(way)
            self.runs += 1
            label = f"{way[0]} at {way[1]} Ps"
            for k in range(len(trees)):
                if k in got.results and got.results[k] != wanted.results[k]:
                    found.setdefault(k, f"{label}: {got.results[k]}, not {wanted.results[k]}")
            if got.problem:
                first = next((k for k in range(len(trees)) if k not in got.results), len(trees) - 1)
                found.setdefault(first, f"{label}: {got.problem}")
        return found

    def shrink(self, tree: Node, why: str) -> tuple[Node, str]:
        """The smallest tree next to this one, step by step, that still fails."""
        end = time.monotonic() + SHRINK_SECONDS
        moved = True
        while moved and time.monotonic() < end:
            moved = False
            for less in smaller(tree, patterns.KINDS):
                if time.monotonic() > end:
                    break
                found = self.failures([less], "shrink", SHRINK_RUNS)
                if found:
                    tree, why, moved = less, found[0], True
                    break
        return tree, why


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Random programs must come to the same in Go and in gort.")
    parser.add_argument("-n", type=int, default=30, help="programs (default 30)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=50, help="programs in one binary (default 50)")
    parser.add_argument("--depth", type=int, default=4, help="of the trees (default 4)")
    parser.add_argument("--tree", help="this tree instead of random ones")
    parser.add_argument("--library", type=Path, default=ROOT / "target" / "release", help="where libgort.so is")
    parser.add_argument("--without-go", action="store_true", help="compare gort with itself at one P")
    parser.add_argument("--no-shrink", action="store_true")
    parser.add_argument("--misuse", type=int, default=0, metavar="N", help="seeds of random misuse, too")
    parser.add_argument("--sanitize", default="undefined", help="for the misuse (default undefined)")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    library = arguments.library.resolve()
    try:
        goroot = None if arguments.without_go else toolchain.get_go()
    except RuntimeError as error:
        print(f"not run: {error}")
        return 2
    fuzzer = Fuzzer(goroot, library)
    if arguments.tree:
        seeds, trees = ["given"], [parse(arguments.tree)]
    else:
        seeds = list(range(arguments.seed, arguments.seed + arguments.n))
        trees = [grow(random.Random(seed), patterns.KINDS, arguments.depth) for seed in seeds]
    failed = 0
    for first in range(0, len(trees), arguments.batch):
        some = trees[first:first + arguments.batch]
        for k, why in sorted(fuzzer.failures(some, "batch").items()):
            failed += 1
            tree = some[k]
            print(f"FAIL seed {seeds[first + k]}: {why}\n  {tree}", flush=True)
            if not arguments.no_shrink:
                tree, why = fuzzer.shrink(tree, why)
                print(f"  smaller: {tree}\n  {why}\n{printed([tree])[0]}", flush=True)
    failed += misuse(range(arguments.seed, arguments.seed + arguments.misuse), library, arguments.sanitize)
    print(f"{sum(1 for tree in trees for _ in tree.walk())} scopes, {fuzzer.runs} runs of gort's binaries")
    print(f"{len(trees) + arguments.misuse - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
