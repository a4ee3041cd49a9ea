"""Markdown as far as the tests need it: fenced code blocks, headings and links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

FENCE = "```"
HEADING = re.compile(r"^#{1,6} +(.*?) *#*$")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


class Block(NamedTuple):
    """A fenced code block."""

    page: Path
    line: int  # of its first line of code
    language: str
    words: list[str]  # what stands after the language
    code: str
    follows: int  # lines between the end of the block before and this one; blank ones do not count


class Page(NamedTuple):
    path: Path
    blocks: list[Block]
    anchors: set[str]
    links: list[tuple[int, str]]


def anchor(heading: str) -> str:
    """The fragment by which a heading is linked to, as GitHub makes it."""
    text = re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def read(path: Path) -> Page:
    page = Page(path, [], set(), [])
    block: tuple[int, str, list[str]] | None = None
    code: list[str] = []
    text_lines = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if block is not None:
            if line.strip() == FENCE:
                page.blocks.append(Block(path, *block, "\n".join(code) + "\n", text_lines))
                block, code, text_lines = None, [], 0
            else:
                code.append(line)
        elif line.startswith(FENCE):
            language, *words = line[len(FENCE) :].split() or [""]
            block = (number + 1, language, words)
        else:
            text_lines += bool(line.strip())
            if found := HEADING.match(line):
                page.anchors.add(anchor(found[1]))
            page.links.extend((number, target) for target in LINK.findall(line))
    if block is not None:
        raise ValueError(f"{path}:{block[0]}: the code block has no end")
    return page
