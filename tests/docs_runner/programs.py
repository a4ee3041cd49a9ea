"""Programs out of code blocks.

A block is what the words after its language say:

    ```c                 a complete program
    ```c definitions     file-scope code for the fragments that follow on the page
    ```c fragment        statements; they become the body of the main goroutine
    ```cpp               a complete program in C++17; definitions and fragments as in C
    ```python            a complete program

and `exit=N` in the same place is the status it ends with (0 when nothing is said). A text
block that directly follows is its output:

    ```text              all of standard output
    ```text unordered    the same, in any order of lines
    ```text stderr       the first lines of standard error
    ```text excerpt      lines of standard error, in this order; "..." is anything
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .pages import Block, Page

STANDARD = {"c": "c11", "cpp": "c++17"}
PROGRAM = "program"
RACE = "race"
KINDS = {"definitions", "fragment", RACE}
OUTPUT_KINDS = {"", "unordered", "stderr", "excerpt"}

PRELUDE = """\
#define _POSIX_C_SOURCE 200809L
#include <gort.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
"""
FRAGMENT = "static void fragment(void *arg)\n{\n(void)arg;\n"
MAIN = """\
}
int main(void)
{
    return gort_run(fragment, NULL) == GORT_OK ? 0 : 1;
}
"""
CPP_PRELUDE = """\
#include <gort.hpp>
#include <cstdio>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <vector>
using namespace std::chrono_literals;
"""
# For each language: what stands before definitions, before a fragment, and after it.
AROUND = {"c": (PRELUDE, FRAGMENT, MAIN), "cpp": (CPP_PRELUDE, "int main()\n{\ngort::run([] {\n", "});\n}\n")}


class Program(NamedTuple):
    """One thing to compile, and how it should end."""

    block: Block
    source: str
    status: int
    output: str | None
    output_kind: str
    kind: str = PROGRAM

    @property
    def name(self) -> str:
        return f"{self.block.page.name}:{self.block.line}"


def at(block: Block) -> str:
    """Makes the compiler speak of the page's lines."""
    return f'#line {block.line} "{block.page.name}"\n'


def fragment_source(definitions: list[Block], block: Block) -> str:
    prelude, before, after = AROUND[block.language]
    own = [at(each) + each.code for each in definitions if each.language == block.language]
    return "".join([prelude, *own, before, at(block), block.code, after])


def programs_of(page: Page) -> list[Program]:
    programs: list[Program] = []
    definitions: list[Block] = []
    used = True
    for index, block in enumerate(page.blocks):
        if block.language not in ("c", "cpp", "python"):
            continue
        kind, status = PROGRAM, 0
        for word in block.words:
            if word.startswith("exit="):
                status = int(word[len("exit=") :])
            elif word in KINDS and block.language in AROUND:
                kind = word
            else:
                raise ValueError(f"{block.page}:{block.line - 1}: what does {word!r} mean?")
        if kind == "definitions":
            definitions.append(block)
            used = False
            continue
        source = block.code
        if kind == "fragment":
            source, used = fragment_source(definitions, block), True
        elif block.language == "c":
            source = at(block) + source
        output, output_kind = None, ""
        after = page.blocks[index + 1] if index + 1 < len(page.blocks) else None
        if after is not None and after.language == "text" and after.follows == 0:
            output, output_kind = after.code, " ".join(after.words)
            if output_kind not in OUTPUT_KINDS:
                raise ValueError(f"{after.page}:{after.line - 1}: what does {output_kind!r} mean?")
        programs.append(Program(block, source, status, output, output_kind, kind))
    if not used:  # nothing shows these definitions at work: compile them alone
        empty = definitions[-1]._replace(code="")
        programs.append(Program(empty, fragment_source(definitions, empty), 0, None, ""))
    return programs


def write(program: Program, folder: Path) -> Path:
    suffix = {"c": ".c", "cpp": ".cpp", "python": ".py"}[program.block.language]
    path = folder / (program.name.replace(":", "-") + suffix)
    path.write_text(program.source, encoding="utf-8")
    return path
