"""Several libraries of one process, and several copies of the library in one.

    python3 tests/run_sharing.py

A program and two shared libraries that are linked with libgort.so have one runtime. One that opens it finds it
working with and without room beside its own thread-locals. The Python package, which
has a copy of its own, and libgort.so through ctypes have two, side by side; that is run if the wheel is in
target/venv, where scripts/python.sh puts it. Copies that C programs open: tests/c/two_copies.c.
"""

from __future__ import annotations

import sys

from harness import LIBRARY_DIR, ROOT, Tally, c_compiler, expect, expect_equal, first_error, run

SOURCES = ROOT / "tests" / "sharing"
BUILD = ROOT / "target" / "tests" / "sharing"
PYTHON = ROOT / "target" / "venv" / "bin" / "python"
LINKED = [f"-L{LIBRARY_DIR}", "-lgort", f"-Wl,-rpath,{LIBRARY_DIR}:{BUILD}"]


def build(*arguments: object) -> None:
    flags = ["-std=c99", "-D_DEFAULT_SOURCE", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{ROOT / 'include'}"]
    done = run([*c_compiler(), *flags, *arguments, *LINKED])
    expect(done.status == 0, f"does not compile: {first_error(done)}")


def libraries_share_a_runtime() -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    parts = [BUILD / f"lib{part}.so" for part in ("one", "two")]
    for part in parts:
        build("-fPIC", "-shared", f"-DPART={part.stem[3:]}", SOURCES / "part.c", "-o", part)
    program = BUILD / "program"
    build(SOURCES / "program.c", "-o", program, *parts)
    done = run([program])
    expect_equal((done.status, done.out), (0, ""), "the program", done)


def opened(room: int) -> None:
    """With so many bytes that glibc keeps for the thread-locals of libraries opened later: none is enough, too."""
    program = BUILD / "opened"
    build(SOURCES / "opened.c", "-o", program, "-ldl", "-pthread", "-Wl,--as-needed")
    done = run([program, LIBRARY_DIR / "libgort.so"], env={"GLIBC_TUNABLES": f"glibc.rtld.optional_static_tls={room}"})
    expect_equal((done.status, done.out), (0, "1\n"), "the program", done)


def python_beside_ctypes(order: str) -> None:
    done = run([PYTHON, SOURCES / "beside.py", LIBRARY_DIR / "libgort.so", order])
    expect_equal((done.status, done.out), (0, "ok\n"), f"{order} first", done)


def main() -> int:
    tally = Tally()
    tally.run("libraries share a runtime", libraries_share_a_runtime)
    for room in (0, 512):
        tally.run(f"opened, with {room} bytes for thread-locals", lambda room=room: opened(room))
    if PYTHON.exists() and run([PYTHON, "-c", "import gort"], cwd=BUILD).status == 0:
        for order in ("python", "ctypes"):
            tally.run(f"Python beside ctypes, {order} first", lambda order=order: python_beside_ctypes(order))
    else:
        print("not run: Python beside ctypes: there is no wheel in target/venv; scripts/python.sh test puts it there")
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
