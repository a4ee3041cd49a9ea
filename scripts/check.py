"""What can be said of the sources without running them; `make check`.

    python3 scripts/check.py

Formatting, lints, a stale header, figures or version numbers that differ from where they come
from, tools that no longer parse. Prints a line for each check and "N passed, M failed".
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
FOREIGN = {"target", "vendor", "node_modules", "__pycache__"}
OLDEST_PYTHON = (3, 9)


def sources(suffix: str) -> Iterator[Path]:
    """The project's own files with this suffix."""
    for directory, subdirectories, names in os.walk(ROOT):
        subdirectories[:] = sorted(name for name in subdirectories if name not in FOREIGN and not name.startswith("."))
        yield from (Path(directory, name) for name in sorted(names) if name.endswith(suffix))


def command(*words: str) -> Callable[[], str]:
    """A check that is a command: what it says when it fails."""

    def run() -> str:
        try:
            done = subprocess.run(words, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        except OSError as error:
            return f"{words[0]}: {error.strerror}"
        return "" if done.returncode == 0 else done.stdout.strip() or f"ended with status {done.returncode}"

    return run


def python_syntax() -> str:
    problems = []
    for path in sources(".py"):
        try:
            ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=OLDEST_PYTHON)
        except SyntaxError as error:
            problems.append(f"{path.relative_to(ROOT)}:{error.lineno}: {error.msg}")
    return "\n".join(problems)


def shell_syntax() -> str:
    problems = []
    scripts = [*sources(".sh"), ROOT / ".ci" / "run"]
    for path in scripts:
        shell = "bash" if "bash" in path.read_text(encoding="utf-8").partition("\n")[0] else "sh"
        problems.append(command(shell, "-n", str(path))())
    if shutil.which("shellcheck"):
        problems.append(command("shellcheck", *map(str, scripts))())
    return "\n".join(filter(None, problems))


def versions() -> str:
    """The workspace's version is the header's, and the changelog knows it."""
    cargo = re.search(r'^version = "(\d+)\.(\d+)\.(\d+)', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.M)
    header = (ROOT / "include" / "gort.h").read_text(encoding="utf-8")
    macros = [re.search(rf"^#define GORT_VERSION_{part} (\d+)$", header, re.M) for part in ("MAJOR", "MINOR", "PATCH")]
    if cargo is None or None in macros:
        return "no version in Cargo.toml, or no GORT_VERSION_ macros in include/gort.h"
    wanted, got = ".".join(cargo.groups()), ".".join(found[1] for found in macros if found)
    if got != wanted:
        return f"include/gort.h says {got}, Cargo.toml {wanted}"
    binding = re.search(r'^version = "([\d.]+)', (ROOT / "bindings/python/Cargo.toml").read_text(encoding="utf-8"), re.M)
    if binding is None or binding[1] != wanted:
        return f"bindings/python/Cargo.toml does not say {wanted}"
    if f"## [{wanted}]" not in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        return f"CHANGELOG.md has no section [{wanted}]"
    return ""


def claims() -> str:
    """Each section of docs/embedding.md has a claim in its table, and each claim a test that `make test` runs."""
    text = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
    sections = {heading.lower() for heading in re.findall(r"^## (.+)$", text, re.M)} - {"what proves it"}
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| `(tests/[^`]+)` \|$", text, re.M)
    stages = (ROOT / "scripts" / "test.py").read_text(encoding="utf-8")
    problems = [f"no claim of section {name!r}" for name in sorted(sections - {section for section, _ in rows})]
    problems += [f"there is no section {name!r}" for name in sorted({section for section, _ in rows} - sections)]
    for test in sorted({test for _, test in rows}):
        by_run_c = re.fullmatch(r"tests/c/\w+\.(c|cpp)", test)
        if not (ROOT / test).is_file() or not (by_run_c or f'"{test}"' in stages):
            problems.append(f"{test} is no test that is run")
    return "\n".join(problems)


def situations() -> str:
    """Each test that the table of bindings/python/tests names is there."""
    folder = ROOT / "bindings" / "python" / "tests"
    rows = re.findall(r"^\| [^|]+ \| (test_\w+\.py) \| (test_\w+) \|$", (folder / "README.md").read_text(encoding="utf-8"), re.M)
    missing = [f"{file} has no {test}" for file, test in rows if f"def {test}(" not in (folder / file).read_text(encoding="utf-8")]
    return "\n".join(missing if rows else ["the table is not read"])


CHECKS: list[tuple[str, Callable[[], str]]] = [
    ("cargo fmt", command("cargo", "fmt", "--all", "--check", "--", "--files-with-diff")),
    ("cargo fmt of the Python binding",
     command("cargo", "fmt", "--manifest-path", "bindings/python/Cargo.toml", "--check", "--", "--files-with-diff")),
    ("cargo clippy", command("cargo", "clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings")),
    ("the header is what rt-ffi says", command("scripts/header.sh", "--check")),
    ("one version everywhere", versions),
    ("the figures in README.md are those of benches/RESULTS.md", command(sys.executable, "scripts/readme-bench.py", "--check")),
    ("each claim of docs/embedding.md has its test", claims),
    ("each situation of the Python tests has its test", situations),
    ("the Python tools parse", python_syntax),
    ("the shell scripts parse", shell_syntax),
]


def main() -> int:
    failed = 0
    for name, check in CHECKS:
        try:
            problem = check()
        except OSError as error:
            problem = str(error)
        failed += bool(problem)
        print(f"FAIL {name}:\n{problem}" if problem else f"ok   {name}", flush=True)
    print(f"{len(CHECKS) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
