"""Puts the figures of benches/RESULTS.md into README.md, between the marks of each of its parts.

    python3 scripts/readme-bench.py [--check]

Taken over is what stands between the title of a part and the end of its first table: the machine or
what it was compared with, the versions, the table. --check only says whether README.md has it as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
RESULTS = ROOT / "benches" / "RESULTS.md"
# The title of a part, and the name of its marks and of the verb that measures it.
PARTS = {"# Results\n": "bench", "## Python\n": "bench-python"}


def figures(part: str) -> str:
    """The lead of a part: all lines up to the end of the first table."""
    lead: list[str] = []
    in_table = False
    for line in part.splitlines():
        if in_table and not line.startswith("|"):
            break
        in_table = line.startswith("|")
        lead.append(line)
    if not any(line.startswith("|") for line in lead):
        raise SystemExit("benches/RESULTS.md has no table")
    return "\n".join(lead).strip("\n") + "\n"


def with_figures(readme: str, results: str) -> str:
    """README.md with the figures there are."""
    for title, name in PARTS.items():
        head, start, rest = readme.partition(f"<!-- {name}:start -->\n")
        _, end, tail = rest.partition(f"<!-- {name}:end -->\n")
        if not start or not end:
            raise SystemExit(f"README.md has no marks for {name}")
        _, _, part = ("\n" + results).partition("\n" + title)
        new = figures(part) if part else f"No figures yet: `make {name}` measures and writes benches/RESULTS.md.\n"
        readme = head + start + new + end + tail
    return readme


def main() -> int:
    before = README.read_text(encoding="utf-8")
    after = with_figures(before, RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "")
    if before == after:
        return 0
    if "--check" in sys.argv[1:]:
        print("README.md does not show what benches/RESULTS.md says; run make bench-readme")
        return 1
    README.write_text(after, encoding="utf-8")
    print("README.md updated")
    return 0


if __name__ == "__main__":
    sys.exit(main())
