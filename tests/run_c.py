"""Compiles every program of tests/c, or of tests/cpp, against the headers and the libraries, and runs it.

    python3 tests/run_c.py [--suite c|cpp] [--only PATTERN] [--procs 1,2,8] [--lib so|a|both] [--section core|all] [-v]
    python3 tests/run_c.py --sanitize thread|address|both [--quick] [--only PATTERN]

Needs include/gort.h and what `make build` has put into target/release, which is LIBRARY_DIR.

A test is one C file that prints nothing and exits with 0. Tags, each a comment of its own
near the top of the file, say how it wants to be treated:
    /* run: once */        only once and not at every number of Ps
    /* needs: context */   beyond the core: rwmutex, once, cond, sem, group, context or io; --section core skips it
    /* also: c++ */        compiled and run as C++17 too
    /* link: dlopen */     not linked with the library; LIBRARY is the path of libgort.so
    /* sanitize: not NAME, not NAME */  not under these of SANITIZERS: no sense, or beyond their limits
    /* sanitize: races on purpose */    under the thread sanitizer, but its reports are not looked at
A .cpp file is a test that is C++ only; those of tests/cpp are of the C++ binding.

Invariants:
  - the shared library is tested as C99 at every number of Ps; the static one as C11 at one
    number of Ps, the C++ builds likewise: what they can break does not depend on it;
  - the binding is tested shared as C++17 at every number of Ps, and static as C++20; by clang++, where
    there is one, shared as C++20;
  - a file that does not compile fails, and output with exit status 0 is a failure as well;
  - the exported symbols are exactly the functions of the header;
  - nothing is timed; the watchdog only ends what hangs (the tests have one of their own).
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "tests" / "c"
SUITES = {"c": SOURCES, "cpp": ROOT / "tests" / "cpp"}
BINDING = ROOT / "bindings" / "cpp"
BUILD = ROOT / "target" / "tests-c"
HEADER = ROOT / "include" / "gort.h"
LIBRARY_DIR = ROOT / "target" / "release"
LIBRARIES = {"so": LIBRARY_DIR / "libgort.so", "a": LIBRARY_DIR / "libgort.a"}
STRICT = ["-O2", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{HEADER.parent}", f"-I{BINDING}"]
STATIC_NEEDS = ["-lpthread", "-ldl", "-lm", "-lrt", "-lutil", "-lgcc_s", "-lc"]
# Flags and environment of --sanitize. What the tests try on purpose is theirs to see: faults, and sizes
# that cannot be. The thread sanitizer shall not wait at the end for threads that never end.
OURS = "handle_segv=0 handle_sigbus=0 allocator_may_return_null=1"
SANITIZERS = {
    "thread": (["-O1", "-fsanitize=thread"], {"TSAN_OPTIONS": f"atexit_sleep_ms=0 {OURS}"}),
    "address": (
        ["-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"],
        {"ASAN_OPTIONS": OURS, "UBSAN_OPTIONS": "print_stacktrace=1"},
    ),
}
# Of each part of the library what takes a moment.
QUICK = {
    "chan_unbuffered", "chan_refs", "select_many", "mutex", "rwmutex", "cond", "waitgroup", "sem", "ctx_after", "timer_func",
    "ticker", "io", "exit", "exception", "go_with", "run", "lock_os_thread", "signal", "plain_threads", "stack_overflow",
    "shutdown",  # with what it has not freed, which the address sanitizer reports
    "local",  # with what a shutdown forgets, likewise
}
WATCHDOG_SECONDS = 90
AT_A_TIME = 2
TAG = re.compile(r"/\*\s*(run|needs|also|link|sanitize):\s*([a-z+ ,]+?)\s*\*/")
HEAD_CHARACTERS = 3000


class Test(NamedTuple):
    source: Path
    tags: dict[str, str]

    @property
    def name(self) -> str:
        return self.source.stem


class Variant(NamedTuple):
    """One way of building one test, and the numbers of Ps to run it at."""

    test: Test
    library: str
    standard: str
    procs: list[int]
    compiler: str = ""  # "": gcc or g++, as the standard says
    sanitizer: str = ""

    @property
    def kind(self) -> list[str]:
        return [word for word in (self.library, self.standard, self.compiler, self.sanitizer) if word]

    @property
    def binary(self) -> Path:
        return BUILD / "-".join([self.test.source.parent.name, self.test.name, *self.kind])

    @property
    def label(self) -> str:
        return f"{self.test.source.name} [{' '.join(self.kind)}]"


class Result(NamedTuple):
    label: str
    problem: str | None
    seconds: float


def read_test(source: Path) -> Test:
    head = source.read_text()[:HEAD_CHARACTERS]
    return Test(source, dict(TAG.findall(head)))


def select_tests(suite: str, pattern: str, section: str) -> list[Test]:
    sources = sorted([*SUITES[suite].glob("*.c"), *SUITES[suite].glob("*.cpp")])
    wanted = pattern if any(sign in pattern for sign in "*?[") else f"*{pattern}*"
    tests = [read_test(source) for source in sources if fnmatch.fnmatch(source.stem, wanted)]
    return [test for test in tests if section == "all" or "needs" not in test.tags]


def variants_of(test: Test, libraries: list[str], procs: list[int]) -> list[Variant]:
    one = [procs[len(procs) // 2]]
    many = one if test.tags.get("run") == "once" else procs
    if test.source.parent == SUITES["cpp"]:
        made = [Variant(test, "so", "c++17", many), Variant(test, "a", "c++20", one)]
        if has_clang():
            made.append(Variant(test, "so", "c++20", one, "clang++"))
        return [variant for variant in made if variant.library in libraries]
    if test.source.suffix == ".cpp":
        return [Variant(test, library, "c++17", one) for library in libraries]
    if test.tags.get("link") == "dlopen":
        return [Variant(test, "so", "c99", one)] if "so" in libraries else []
    variants = []
    if "so" in libraries:
        variants.append(Variant(test, "so", "c99", many))
        if test.tags.get("also") == "c++":
            variants.append(Variant(test, "so", "c++17", one))
    if "a" in libraries:
        variants.append(Variant(test, "a", "c11", one if "so" in libraries else many))
    return variants


def sanitized_variants(test: Test, sanitizer: str, procs: list[int]) -> list[Variant]:
    standard = "c++17" if test.source.suffix == ".cpp" else "c99"
    if f"not {sanitizer}" in test.tags.get("sanitize", "").split(", "):
        return []
    return [Variant(test, "so", standard, procs, sanitizer=sanitizer)]


def has_clang() -> bool:
    return shutil.which("clang++") is not None


def compiler_for(standard: str, compiler: str = "") -> list[str]:
    language = [compiler or "g++", "-x", "c++"] if standard.startswith("c++") else [compiler or "gcc", "-x", "c"]
    return [*language, f"-std={standard}", *STRICT]


def compile_command(variant: Variant) -> list[str]:
    flags = SANITIZERS[variant.sanitizer][0] if variant.sanitizer else []
    command = [*compiler_for(variant.standard, variant.compiler), *flags, f'-DLIBRARY_DIR="{LIBRARY_DIR}"']
    command += [str(variant.test.source), "-x", "none", "-o", str(variant.binary)]
    if variant.test.tags.get("link") == "dlopen":
        return [*command, f'-DLIBRARY="{LIBRARIES["so"]}"', "-lpthread", "-ldl"]
    if variant.library == "so":
        return [*command, f"-L{LIBRARY_DIR}", "-lgort", f"-Wl,-rpath,{LIBRARY_DIR}", "-lpthread", "-lm"]
    return [*command, str(LIBRARIES["a"]), *STATIC_NEEDS]


def is_current(variant: Variant) -> bool:
    """Whether the program is newer than all it was made of. The shared library is none of that."""
    if not os.access(variant.binary, os.X_OK):  # not linked, or not to the end
        return False
    made_of = [variant.test.source, Path(__file__), HEADER, *SOURCES.glob("*.h")]
    made_of += [*SUITES["cpp"].glob("*.hpp"), *BINDING.rglob("*.hpp")] if variant.test.source.suffix == ".cpp" else []
    if variant.library == "a":
        made_of.append(LIBRARIES["a"])
    built = variant.binary.stat().st_mtime
    return all(path.stat().st_mtime < built for path in made_of)


def build(variant: Variant) -> Result:
    start = time.monotonic()
    problem = None
    if not is_current(variant):
        done = subprocess.run(compile_command(variant), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            problem = f"does not compile:\n{(done.stdout + done.stderr)[-3000:]}"
    return Result(f"build {variant.label}", problem, time.monotonic() - start)


def environment(variant: Variant, procs: int) -> dict[str, str]:
    env = {key: value for key, value in os.environ.items() if key != "GOMAXPROCS" and not key.startswith("GORT_")}
    for key in ("GORT_TEST_DUMP",):
        if key in os.environ:
            env[key] = os.environ[key]
    options = dict(SANITIZERS[variant.sanitizer][1]) if variant.sanitizer else {}
    if variant.sanitizer == "thread" and variant.test.tags.get("sanitize") == "races on purpose":
        options["TSAN_OPTIONS"] += " report_bugs=0"
    return {**env, **options, "LC_ALL": "C", "GORT_MAXPROCS": str(procs)}


def run(variant: Variant, procs: int) -> Result:
    start = time.monotonic()
    with subprocess.Popen(
        [str(variant.binary)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=environment(variant, procs), cwd=BUILD, start_new_session=True,
    ) as process:
        try:
            output = process.communicate(timeout=WATCHDOG_SECONDS)[0].decode("utf-8", "replace")
            problem = judge(process.returncode, output)
        except subprocess.TimeoutExpired:
            # The test has not been waited for, so its session is still its own.
            os.killpg(process.pid, signal.SIGKILL)
            output = process.communicate()[0].decode("utf-8", "replace")
            problem = f"still runs after {WATCHDOG_SECONDS} s\n{output[-6000:]}"
    return Result(f"{variant.label} at {procs} Ps", problem, time.monotonic() - start)


def judge(status: int, output: str) -> str | None:
    shown = output[-6000:].rstrip()
    if status < 0:
        return f"ended by {signal.Signals(-status).name}\n{shown}"
    if status > 0:
        return shown or f"exit status {status} without a word"
    return f"exit status 0, but it printed:\n{shown}" if output else None


def declared_functions() -> set[str]:
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", HEADER.read_text(), flags=re.S)
    text = re.sub(r"^\s*#.*?(?<!\\)$", " ", text, flags=re.M | re.S)
    text = re.sub(r"typedef[^;{]*\(\s*\*[^;]*;", " ", text)
    return set(re.findall(r"\b(gort_\w+)\s*\(", text))


def exported_matches_declared() -> str | None:
    done = subprocess.run(
        ["nm", "-D", "--defined-only", str(LIBRARIES["so"])], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return f"nm: {done.stderr.strip()}"
    exported = {line.split()[-1].split("@")[0] for line in done.stdout.splitlines() if line.split()[-2] != "A"}
    declared = declared_functions()
    problems = []
    if exported - declared:
        problems.append(f"exported, but not declared: {' '.join(sorted(exported - declared))}")
    if declared - exported:
        problems.append(f"declared, but not exported: {' '.join(sorted(declared - exported))}")
    return "\n".join(problems) or None


def syntax_problem(compiler: list[str], source: str) -> str | None:
    done = subprocess.run([*compiler, "-fsyntax-only", "-"], input=source, capture_output=True, text=True, check=False)
    return done.stderr[-3000:] if done.returncode != 0 else None


def header_stands_alone(standard: str) -> Callable[[], str | None]:
    """The header alone, and included twice, without the feature macros that the tests set."""

    def problem() -> str | None:
        return syntax_problem(compiler_for(standard), "#include <gort.h>\n#include <gort.h>\nint main(void) { return 0; }\n")

    return problem


def contract_compiles(standard: str) -> Callable[[], str | None]:
    def problem() -> str | None:
        source = SOURCES / "contract.c"
        done = subprocess.run(
            [*compiler_for(standard), "-fsyntax-only", str(source)], capture_output=True, text=True, check=False
        )
        return done.stderr[-3000:] if done.returncode != 0 else None

    return problem


def two_units_link() -> str | None:
    """Whatever the headers define may be in any number of translation units."""
    objects = []
    for number, code in enumerate(("int main() { return 0; }", "int other() { return 0; }")):
        objects.append(str(BUILD / f"unit-{number}.o"))
        done = subprocess.run(
            [*compiler_for("c++17"), "-O0", "-c", "-o", objects[-1], "-"],
            input=f"#include <gort.hpp>\n{code}\n", capture_output=True, text=True, check=False,
        )
        if done.returncode != 0:
            return done.stderr[-3000:]
    command = ["g++", *objects, "-o", str(BUILD / "two-units"), f"-L{LIBRARY_DIR}", "-lgort", "-pthread"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr[-3000:] if done.returncode != 0 else None


def binding_checks() -> list[tuple[str, Callable[[], str | None]]]:
    checks: list[tuple[str, Callable[[], str | None]]] = [("two translation units link", two_units_link)]
    if not has_clang():
        print("not run: clang++: not found")
    for header in sorted(BINDING.rglob("*.hpp")):
        name = header.relative_to(BINDING)
        source = f"#include <{name}>\n#include <{name}>\nint main() {{ return 0; }}\n"
        for compiler, standard in [("g++", "c++17")] + ([("clang++", "c++20")] if has_clang() else []):
            command = compiler_for(standard, compiler)
            checks.append((f"{name} alone as {standard} by {compiler}", lambda c=command, s=source: syntax_problem(c, s)))
    return checks


def interface_checks(libraries: list[str]) -> list[tuple[str, Callable[[], str | None]]]:
    checks: list[tuple[str, Callable[[], str | None]]] = []
    for standard in ("c99", "c11", "c++17"):
        checks.append((f"header alone as {standard}", header_stands_alone(standard)))
        checks.append((f"header against the contract as {standard}", contract_compiles(standard)))
    if "so" in libraries:
        checks.append(("exported symbols are the header's functions", exported_matches_declared))
    return checks


class Tally:
    def __init__(self, verbose: bool) -> None:
        self.passed = 0
        self.failed = 0
        self.verbose = verbose

    def add(self, result: Result) -> None:
        if result.problem is None:
            self.passed += 1
            if self.verbose:
                print(f"ok {result.label} ({result.seconds:.2f} s)", flush=True)
        else:
            self.failed += 1
            print(f"FAILED {result.label}", flush=True)
            for line in result.problem.splitlines():
                print(f"    {line}", flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compile and run the tests of the C API, or of the C++ binding.")
    parser.add_argument("--suite", default="c", choices=sorted(SUITES))
    parser.add_argument("--only", default="", metavar="PATTERN", help="tests whose name contains or matches PATTERN")
    parser.add_argument("--procs", default="1,2,8", metavar="LIST", help="values of GORT_MAXPROCS (default 1,2,8)")
    parser.add_argument("--lib", default="both", choices=("so", "a", "both"))
    parser.add_argument("--section", default="all", choices=("core", "all"))
    parser.add_argument("--sanitize", choices=(*SANITIZERS, "both"), help="the programs built so, with the ordinary library")
    parser.add_argument("--quick", action="store_true", help="with --sanitize: one test of each kind")
    parser.add_argument("-v", "--verbose", action="store_true", help="name what passes, too")
    arguments = parser.parse_args()
    arguments.procs = [int(number) for number in arguments.procs.split(",")]
    return arguments


def main() -> int:
    arguments = parse_arguments()
    libraries = ["so", "a"] if arguments.lib == "both" else [arguments.lib]
    missing = [path for path in (HEADER, *(LIBRARIES[library] for library in libraries)) if not path.exists()]
    if missing:
        print(f"missing: {' '.join(str(path.relative_to(ROOT)) for path in missing)}; build the library first")
        return 1
    tests = select_tests(arguments.suite, arguments.only, arguments.section)
    if not tests:
        print(f"no test of section {arguments.section} is called {arguments.only!r}")
        return 1
    BUILD.mkdir(parents=True, exist_ok=True)
    tally = Tally(arguments.verbose)

    if not arguments.only and arguments.section == "all" and not arguments.sanitize:
        for label, check in interface_checks(libraries) if arguments.suite == "c" else binding_checks():
            tally.add(Result(label, check(), 0.0))
    if arguments.sanitize:
        names = SANITIZERS if arguments.sanitize == "both" else [arguments.sanitize]
        if arguments.quick:
            tests = [test for test in tests if test.name in QUICK]
        each = [sanitized_variants(test, name, [2]) for name in names for test in tests]
    else:
        each = [variants_of(test, libraries, arguments.procs) for test in tests]
    variants = [variant for some in each for variant in some]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        built = []
        for variant, result in zip(variants, pool.map(build, variants)):
            tally.add(result)
            if result.problem is None:
                built.append(variant)
        runs = [(variant, procs) for variant in built for procs in variant.procs]
        for result in pool.map(lambda each: run(*each), runs):
            tally.add(result)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
