"""Links between the pages: every relative one leads to a file, and to a heading that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

from harness import Failure

from .pages import Page, read


def broken(page: Page, pages: dict[Path, Page], root: Path) -> Callable[[], None]:
    """A check that raises with the page's broken links."""

    def check() -> None:
        problems = []
        for number, target in page.links:
            if "://" in target or target.startswith("mailto:"):
                continue
            name, _, fragment = target.partition("#")
            path = (page.path.parent / name).resolve() if name else page.path
            if not path.exists():
                problems.append(f"line {number}: {target}: no such file")
            elif fragment and path.suffix == ".md":
                there = pages.get(path) or read(path)
                if fragment not in there.anchors:
                    problems.append(f"line {number}: {target}: no such heading in {path.relative_to(root)}")
        if problems:
            raise Failure("; ".join(problems))

    return check
