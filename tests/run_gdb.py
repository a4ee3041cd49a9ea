"""gort-gdb.py in gdb's batch mode: on a live process, on core files, without symbols, in a static program.

    python3 tests/run_gdb.py

Needs gdb with Python, and target/release/libgort.so and libgort.a (make build). What cannot be run
here is named with the reason.
"""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import LIBRARY_DIR, ROOT, WATCHDOG_SECONDS, Outcome, Tally, c_compiler
from harness import expect, expect_equal, first_error, run

SOURCE = ROOT / "tests" / "gdb" / "goroutines.c"
SCRIPT = ROOT / "scripts" / "package" / "gort-gdb.py"
COMMANDS = ["info goroutines", "goroutine 2 bt", "goroutine 2 frame function wait_inside", "goroutine 4 bt",
            "goroutine all bt", "goroutine 77 bt"]  # fmt: skip


def gdb(program: Path, *arguments: object, commands: list[str]) -> Outcome:
    executed = [word for command in commands for word in ("-ex", command)]
    return run(["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", *executed, program, *arguments])


def compile_program(folder: Path, *libraries: object) -> Path:
    program = folder / "goroutines"
    command = [*c_compiler(), "-std=c99", "-g", "-O0", f"-I{ROOT}/include", SOURCE, "-o", program, *libraries]
    outcome = run(command)
    expect_equal(outcome.status, 0, f"does not compile: {first_error(outcome)}")
    return program


def check(outcome: Outcome) -> None:
    """What the commands print, in whatever order the goroutines have come to rest."""
    made = r"made by start(\+\d+)? in goroutine 1$"
    for line in (
        r"1  running \(thread \d+\) +\S.*, made by",
        rf'2  chan receive +wait_inside in gort_chan_recv "the receiver", {made}',
        rf"3  select +selector in gort_select, {made}",
        rf"4  running \(thread \d+\) +spinner, {made}",
    ):
        expect(re.search(rf"^ *{line}", outcome.out, re.M), f"no line {line!r}", outcome)
    user = r"#\d+ +0x\w+ in wait_inside .*\n#\d+ +0x\w+ in receiver .*\n"
    receiver = rf"^#0 .*\n(#\d+ .*\n)*?{user}(#.*\n)*#\d+ .* in (gort_goroutine_start|\?\?) \(\)"
    stacks = len(re.findall(receiver, outcome.out, re.M))
    expect(stacks >= 2, f"{stacks} stacks of the receiver, of one by its number and one among all", outcome)
    expect(re.search(r"^#0 .*\bspinner \(", outcome.out, re.M), "no stack of the running goroutine", outcome)
    expect(re.search(r"gort_chan_recv\(never, &value\)", outcome.out), "no source of the chosen frame", outcome)
    expect("there is no goroutine 77" in outcome.err, "an unknown goroutine is not refused", outcome)


def live(program: Path) -> None:
    check(gdb(program, commands=["run", f"source {SCRIPT}", *COMMANDS]))


def write_core(program: Path) -> Path:
    """Of a process that has aborted, by the kernel."""
    folder = program.parent / "dumped"
    folder.mkdir(exist_ok=True)
    unlimited = resource.getrlimit(resource.RLIMIT_CORE)[1]
    subprocess.run([program], cwd=folder, timeout=WATCHDOG_SECONDS, check=False,
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (unlimited, unlimited)))  # fmt: skip
    files = list(folder.iterdir())
    expect(len(files) == 1 and files[0].stat().st_size > 0, "there is no core file")
    return files[0]


def no_core_files() -> str | None:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith(("|", "/")):
        return f"core files go to {pattern}"
    return None if resource.getrlimit(resource.RLIMIT_CORE)[1] != 0 else "core files are limited to 0 bytes"


def from_core(program: Path) -> None:
    core = write_core(program)
    try:
        check(gdb(program, core, commands=[f"source {SCRIPT}", *COMMANDS]))
    finally:
        core.unlink()


def before_start(program: Path) -> None:
    outcome = gdb(program, commands=[f"source {SCRIPT}", "info goroutines"])
    expect("there are no goroutines" in outcome.err, "no clear error", outcome)


def without_gort() -> None:
    outcome = gdb(Path("/bin/true"), commands=[f"source {SCRIPT}", "goroutine 1 bt"])
    expect("there is no gort in this process" in outcome.err, "no clear error", outcome)


def main() -> int:
    if shutil.which("gdb") is None:
        print("not run: gdb: not found")
        return 0
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="gort-gdb-") as name:
        folder = Path(name)
        stripped = folder / "stripped"
        stripped.mkdir()
        run(["strip", "-o", stripped / "libgort.so.0", LIBRARY_DIR / "libgort.so"])
        shared = ["-L", LIBRARY_DIR, "-lgort"]
        native = run([ROOT / "scripts" / "native-libs.sh"]).out.split()
        libraries = {
            "shared": [*shared, f"-Wl,-rpath,{LIBRARY_DIR}"],
            "stripped": [*shared, f"-Wl,-rpath,{stripped}"],
            "static": [LIBRARY_DIR / "libgort.a", "-Wl,--gc-sections", *native],
        }
        reason = no_core_files()
        if reason:
            print(f"not run: core files: {reason}")
        for kind, options in libraries.items():
            program = compile_program(folder, *options)
            tally.run(f"{kind}: live", lambda p=program: live(p))
            if not reason:
                tally.run(f"{kind}: core file", lambda p=program: from_core(p))
        tally.run("a program without gort", without_gort)
        tally.run("before the start", lambda: before_start(program))
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
