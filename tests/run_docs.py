"""Compiles and runs every code block of README.md and docs/*.md, and follows their links.

    python3 tests/run_docs.py [--filter PAGE] [--syntax-only] [--include DIR]

Needs include/gort.h and target/release/libgort.so (make build) unless --syntax-only.
What the words after a block's language mean: docs_runner/programs.py.

Invariants:
  - a block in C or C++ compiles without a warning and ends with the status it says;
  - where output is shown, it is what the program prints;
  - a block in Python is run when the binding is installed in target/venv, else parsed.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from docs_runner.links import broken
from docs_runner.pages import read
from docs_runner.programs import RACE, STANDARD, Program, programs_of, write
from harness import (
    LIBRARY_DIR,
    ROOT,
    Failure,
    Outcome,
    Tally,
    c_compiler,
    cpp_compiler,
    expect,
    expect_equal,
    first_error,
    run,
)
from sanitizers import no_sanitizer

VENV_PYTHON = ROOT / "target" / "venv" / "bin" / "python"
WARNINGS = ["-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-unused-function"]


class Runner:
    def __init__(self, folder: Path, include: Path, syntax_only: bool) -> None:
        self.folder = folder
        self.include = include
        self.syntax_only = syntax_only
        self.has_binding = VENV_PYTHON.exists() and run([VENV_PYTHON, "-c", "import gort"]).status == 0

    def check(self, program: Program) -> None:
        source = write(program, self.folder)
        if program.block.language == "python":
            ast.parse(program.source, program.name)
            if self.has_binding and not self.syntax_only:
                compare(program, run([VENV_PYTHON, source], cwd=self.folder))
        else:
            binary = self.compile(program, source)
            if binary is not None:
                compare(program, run([binary], cwd=self.folder))

    def compile(self, program: Program, source: Path) -> Path | None:
        """The binary, None with --syntax-only."""
        language = program.block.language
        compiler = c_compiler() if language == "c" else cpp_compiler()
        includes = [f"-I{self.include}", f"-I{ROOT / 'bindings' / 'cpp'}"]
        command: list[object] = [*compiler, f"-std={STANDARD[language]}", *WARNINGS, *includes, source]
        binary = None if self.syntax_only else source.with_suffix("")
        if program.kind == RACE:
            command += ["-g", "-fsanitize=thread"]
        if binary is None:
            command.append("-fsyntax-only")
        else:
            command += ["-o", binary, f"-L{LIBRARY_DIR}", f"-Wl,-rpath,{LIBRARY_DIR}", "-lgort", "-pthread"]
        outcome = run(command, {**os.environ, "LC_ALL": "C"})
        if outcome.status != 0:
            raise Failure(f"does not compile: {first_error(outcome)}")
        return binary


def compare(program: Program, outcome: Outcome) -> None:
    expect_equal(outcome.status, program.status, "exit status", outcome)
    if program.output is None:
        return
    if program.output_kind == "stderr":
        expect(outcome.err.startswith(program.output), f"standard error should begin with {program.output!r}", outcome)
    elif program.output_kind == "unordered":
        expect_equal(sorted(outcome.lines()), sorted(program.output.splitlines()), "the lines", outcome)
    elif program.output_kind == "excerpt":
        lines = iter(outcome.err.splitlines())
        for wanted in program.output.splitlines():
            pattern = re.compile(".*".join(map(re.escape, wanted.split("..."))))
            expect(any(pattern.match(line) for line in lines), f"no line {wanted!r} where it should be", outcome)
    else:
        expect_equal(outcome.out, program.output, "the output", outcome)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compile and run the code blocks of the documentation.")
    parser.add_argument("--filter", default="", metavar="PAGE", help="only pages whose name contains PAGE")
    parser.add_argument("--syntax-only", action="store_true", help="compile, but neither link nor run")
    parser.add_argument("--include", type=Path, default=ROOT / "include", metavar="DIR", help="where gort.h is")
    options = parser.parse_args()

    paths = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    pages = {path: read(path) for path in paths if options.filter in path.name}
    tally = Tally()
    no_races = no_sanitizer("thread", " ".join(c_compiler()))
    with tempfile.TemporaryDirectory(prefix="gort-docs-") as folder:
        runner = Runner(Path(folder), options.include, options.syntax_only)
        for page in pages.values():
            tally.run(f"links of {page.path.name}", broken(page, pages, ROOT))
            for program in programs_of(page):
                if program.block.language == "cpp" and not shutil.which(cpp_compiler()[0]):
                    print(f"not run: {program.name}: there is no C++ compiler")
                    continue
                if program.kind == RACE and no_races is not None:
                    print(f"not run: {program.name}: {no_races}")
                    continue
                if program.block.language == "python" and not runner.has_binding:
                    print(f"only parsed: {program.name}: the Python binding is not installed in target/venv")
                tally.run(program.name, lambda program=program: runner.check(program))
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
