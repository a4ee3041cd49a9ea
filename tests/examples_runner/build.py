"""Compiling the examples, and making the tree of files that the wc programs count."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

from harness import LIBRARY_DIR, ROOT, Outcome, c_compiler, cpp_compiler, first_error, run

from .languages import BUILD

WARNINGS = ["-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{ROOT / 'include'}", f"-I{ROOT / 'bindings' / 'cpp'}"]
SKIPPED_DIRECTORIES = {"target", ".git", "__pycache__", "node_modules", ".venv"}

# pkg-config's name of what an example needs besides gort.
NEEDS = {"loop_uv": "libuv"}


def pkg_config(option: str, name: str) -> list[str]:
    return run(["pkg-config", option, NEEDS[name]]).out.split() if name in NEEDS else []


def missing(name: str) -> str | None:
    """Why an example cannot be compiled here."""
    if name not in NEEDS:
        return None
    if shutil.which("pkg-config") is None:
        return "pkg-config is not installed"
    known = run(["pkg-config", "--exists", NEEDS[name]]).status == 0
    return None if known else f"{NEEDS[name]} is not installed"


def compile_example(language: str, name: str, options: list[str], output: Path | None) -> Outcome:
    compiler = [*c_compiler(), "-std=c11"] if language == "c" else [*cpp_compiler(), "-std=c++17"]
    command: list[object] = [*compiler, *WARNINGS, *options, *pkg_config("--cflags", name)]
    command.append(ROOT / "examples" / language / f"{name}.{language}")
    if output is not None:
        command += ["-o", output, f"-L{LIBRARY_DIR}", f"-Wl,-rpath,{LIBRARY_DIR}", "-lgort", "-pthread"]
        command += pkg_config("--libs", name)
    return run(command, {**os.environ, "LC_ALL": "C"})


def compile_problem(language: str, name: str) -> str | None:
    """Compiles one example; the first error line, None when there is none."""
    target = BUILD / language / name
    target.unlink(missing_ok=True)
    outcome = compile_example(language, name, [], target)
    return None if outcome.status == 0 else first_error(outcome)


def python_problem(interpreter: str) -> str | None:
    """Why the examples in Python cannot run with it."""
    if not os.access(interpreter, os.X_OK):
        return f"there is no {interpreter}; scripts/python.sh test makes target/venv"
    outcome = run([interpreter, "-c", "import gort"])
    return None if outcome.status == 0 else f"{interpreter} cannot import gort: {outcome.err.strip()[-200:]}"


def make_tree(tree: Path) -> None:
    """A copy of the project's own text (it may change meanwhile), and files that are hard to count."""
    for directory, subdirectories, names in os.walk(ROOT):
        subdirectories[:] = sorted(set(subdirectories) - SKIPPED_DIRECTORIES)
        target = tree / "project" / Path(directory).relative_to(ROOT)
        target.mkdir(parents=True)
        for name in names:
            source = Path(directory, name)
            if source.is_file() and not source.is_symlink():
                try:
                    shutil.copyfile(source, target / name)
                except FileNotFoundError:
                    continue  # gone since the listing
    hard = tree / "hard"
    hard.mkdir()
    numbers = random.Random(7)
    (hard / "empty").write_bytes(b"")
    (hard / "no newline at the end").write_bytes(b"three words here")
    (hard / "white space only").write_bytes(b" \t\r\n\v\f\n  ")
    (hard / "utf-8").write_text("ein Wörterbuch — 漢字 · ¬\n\u00a0x\u2003y\n", encoding="utf-8")
    (hard / "random").write_bytes(numbers.randbytes(300001))
    (hard / "control").write_bytes(bytes(range(256)) * 5 + b"\x00 \x01 \x7f \x80 \xff")
    long_words = b"".join(b"w" * numbers.randrange(1, 200) + numbers.choice(b" \n\t").to_bytes(1, "big") for _ in range(30000))
    (hard / "several buffers").write_bytes(long_words)
    (hard / "one word over two buffers").write_bytes(b"x" * 65536 + b"y\n")
    (hard / "ends with a buffer").write_bytes(b"z" * 65535 + b"\n")
    os.symlink(hard / "empty", hard / "link to a file")
    os.symlink(tree, hard / "link to the tree")
    os.mkfifo(hard / "pipe")
    deep = hard.joinpath(*["d"] * 150)
    deep.mkdir(parents=True)
    (deep / "file").write_text("down here\n")


def word_options() -> list[str]:
    """The examples' option that makes their words the words of this machine's wc."""
    done = subprocess.run(["wc", "-w"], input=b"\x80 \x01\n", capture_output=True, check=True, env={**os.environ, "LC_ALL": "C"})
    return ["-a"] if int(done.stdout) == 2 else []
