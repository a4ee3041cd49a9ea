"""Holds the binary interface against its record, and shows that the comparison notices what it must.

    python3 tests/run_abi.py

Needs target/release/libgort.so (make build). Copies of the header with one change each are given
to scripts/abi.py: what breaks programs must fail, what does not must pass.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from harness import ROOT, Tally, expect, expect_equal, run

HEADER = (ROOT / "include" / "gort.h").read_text(encoding="utf-8")
BREAKS = {
    "a function is gone": (r"^void gort_yield\(void\);$", ""),
    "a parameter has another type": (r"gort_chan_close\(gort_chan \*c\)", "gort_chan_close(const gort_chan *c)"),
    "a result has another type": (r"^size_t gort_chan_len\(", "uint32_t gort_chan_len("),
    "a constant has another value": (r"GORT_CLOSED = 1,", "GORT_CLOSED = 11,"),
    "a constant is gone": (r"^ *GORT_CANCELED = 3,.*$", ""),
    "a macro has another value": (r"^#define GORT_WRITABLE 2u$", "#define GORT_WRITABLE 4u"),
    "two fields change places": (r"(  gort_chan \*chan; .*\n)(  void \*elem; .*\n)", r"\2\1"),
    "a field has another type": (r"void \*user;  ", "char *user;  "),
    "a struct without struct_size grows": (r"(gort_status status; /\* set for .*\n)", r"\1  int more;\n"),
    "a struct with struct_size grows in the middle": (r"(  uint64_t steals;.*\n)", r"  uint64_t more;\n\1"),
    "an opaque struct grows": (r"opaque\[4\]; \} gort_rwmutex;", "opaque[5]; } gort_rwmutex;"),
    "a function type takes more": (r"\(\*gort_func\)\(void \*arg\)", "(*gort_func)(void *arg, int more)"),
    "a type is gone": (r"\bgort_drop_func\b", "gort_dropping"),
}
PASSES = {
    "a function is added": (r"^void gort_yield\(void\);$", "void gort_yield(void);\nvoid gort_more(int n);"),
    "a constant is added": (r"(  GORT_CLOSED = 1,)", r"  GORT_MORE = 99,\n\1"),
    "a struct with struct_size grows at its end": (r"(  uint64_t descriptors; .*\n)", r"\1  uint64_t more;\n"),
    "a parameter has another name": (r"gort_chan_close\(gort_chan \*c\)", "gort_chan_close(gort_chan *channel)"),
}


def compare(folder: Path, pattern: str, replacement: str, breaks: bool) -> None:
    changed, times = re.subn(pattern, replacement, HEADER, flags=re.M)
    expect(times > 0, "the header has nothing like that")
    header = folder / "gort.h"
    header.write_text(changed, encoding="utf-8")
    outcome = run([sys.executable, ROOT / "scripts" / "abi.py", "--header", header])
    expect(re.search(r"^\d+ passed, \d+ failed$", outcome.out, re.M), "the comparison does not end", outcome)
    expect_equal(outcome.status, int(breaks), "exit status", outcome)


def as_recorded() -> None:
    outcome = run([sys.executable, ROOT / "scripts" / "abi.py"])
    expect_equal(outcome.status, 0, "the interface is not the recorded one", outcome)


def main() -> int:
    tally = Tally()
    tally.run("the recorded interface", as_recorded)
    with tempfile.TemporaryDirectory(prefix="gort-abi-") as name:
        for cases, breaks in ((BREAKS, True), (PASSES, False)):
            for title, (pattern, replacement) in cases.items():
                tally.run(title, lambda p=pattern, r=replacement, b=breaks: compare(Path(name), p, r, b))
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
