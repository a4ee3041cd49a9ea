"""Puts the figures of benches/RESULTS.md into README.md, between the bench marks.

    python3 scripts/readme-bench.py [--check]

Taken over is what stands between the title of RESULTS.md and the end of its first table: the
machine, the versions, the table. --check only says whether README.md has it as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
RESULTS = ROOT / "benches" / "RESULTS.md"
START, END = "<!-- bench:start -->\n", "<!-- bench:end -->\n"
NO_FIGURES = "No figures yet: `make bench` measures and writes benches/RESULTS.md.\n"


def figures(results: str) -> str:
    """The lead of the results: all lines but the title, up to the end of the first table."""
    lead: list[str] = []
    in_table = False
    for line in results.splitlines():
        if line.startswith("# ") and not lead:
            continue
        if in_table and not line.startswith("|"):
            break
        in_table = line.startswith("|")
        lead.append(line)
    if not any(line.startswith("|") for line in lead):
        raise SystemExit("benches/RESULTS.md has no table")
    return "\n".join(lead).strip("\n") + "\n"


def main() -> int:
    before = README.read_text(encoding="utf-8")
    head, start, rest = before.partition(START)
    old, end, tail = rest.partition(END)
    if not start or not end:
        print("README.md has no bench marks")
        return 1
    new = figures(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else NO_FIGURES
    if old == new:
        return 0
    if "--check" in sys.argv[1:]:
        print("README.md does not show what benches/RESULTS.md says; run make bench-readme")
        return 1
    README.write_text(head + start + new + end + tail, encoding="utf-8")
    print("README.md updated")
    return 0


if __name__ == "__main__":
    sys.exit(main())
