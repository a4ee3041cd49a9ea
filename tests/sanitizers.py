"""What the runners of programs under a sanitizer share: whether there is one, building, the cases of a program.

Used by run_race.py and run_asan.py; run_docs.py asks whether there is one.

Invariants:
  - a program that is run without an argument lists its cases, a line each;
  - one that does not compile is a failed check, and the others run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator, NamedTuple, Sequence

from harness import LIBRARY_DIR, ROOT, Tally, expect, first_error, run

FLAGS = ["-std=c99", "-g", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def no_sanitizer(name: str, compiler: str) -> str | None:
    """Why programs with this sanitizer cannot be had here."""
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "empty.c"), Path(folder, "empty")
        source.write_text("int main(void) { return 0; }\n")
        try:
            made = subprocess.run([*compiler.split(), f"-fsanitize={name}", source, "-o", binary], capture_output=True)
            ran = made.returncode == 0 and subprocess.run([binary], capture_output=True).returncode == 0
        except OSError as error:
            return f"{compiler}: {error.strerror}"
    if made.returncode != 0:
        return f"{compiler} has no -fsanitize={name}"
    return None if ran else f"programs with -fsanitize={name} do not start here; see docs/race-detector.md"


class Sanitizer(NamedTuple):
    """How programs are built with it."""

    name: str
    compiler: str
    flags: Sequence[str] = ()

    def compile(self, source: Path, folder: Path) -> Path:
        binary = folder / source.stem
        library = [f"-L{LIBRARY_DIR}", f"-Wl,-rpath,{LIBRARY_DIR}", "-lgort", "-pthread"]
        flags = [*FLAGS, *self.flags, f"-fsanitize={self.name}", f"-I{ROOT / 'include'}"]
        outcome = run([*self.compiler.split(), *flags, source, "-o", binary, *library])
        expect(outcome.status == 0, f"does not compile: {first_error(outcome)}")
        return binary

    def cases(self, sources: Path, folder: Path, tally: Tally) -> Iterator[tuple[Path, Path, str]]:
        """Of each program in the folder of sources: the source, the program, and the line of a case."""
        for source in sorted(sources.glob("*.c")):
            try:
                binary = self.compile(source, folder)
            except Exception as error:
                tally.fail(source.name, str(error))
                continue
            for line in run([binary]).lines():
                yield source, binary, line


def asked(name: str, description: str) -> argparse.Namespace:
    """What the runner is asked for. Ends it when it is only to say whether it can run, or cannot."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--filter", default="", metavar="NAME", help="cases whose name contains NAME")
    parser.add_argument("--compiler", default=os.environ.get("CC", "cc"), metavar="CC")
    parser.add_argument("--ask", action="store_true", help="only say whether it can run here")
    arguments = parser.parse_args()
    reason = no_sanitizer(name, arguments.compiler)
    if reason is not None:
        print(reason)
        sys.exit(1)
    if arguments.ask:
        sys.exit(0)
    return arguments
