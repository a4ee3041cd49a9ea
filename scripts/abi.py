"""Holds the header and the built library against the recorded binary interface; `make abi`.

    python3 scripts/abi.py             compare: additions pass, what is gone or changed fails
    python3 scripts/abi.py --update    record what there is now, on purpose

The record of ABI number N is abi/gort-N.h, the header as it was. What it declares is turned into C
that is compiled against the header of today: each function and type declared once more, which C
allows only with the same type; sizes, offsets and types of fields, and constants as assertions.
abidiff (libabigail), where there is one, compares the same two headers in its own way.
Prints a line for each failure and "N passed, M failed".

Invariants:
  - a struct may grow only if it begins with struct_size, and only at its end;
  - every recorded function is exported by libgort.so, with the version of its ABI number.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parent.parent
HEADER = ROOT / "include" / "gort.h"
LIBRARY = ROOT / "target" / "release" / "libgort.so"
WORK = ROOT / "target" / "abi"
COMPILER = [*os.environ.get("CC", "cc").split(), "-std=c11", "-Wall", "-Wextra", "-Werror"]
FREE_TO_CHANGE = re.compile(r"GORT_(H|NORETURN|VERSION_\w+)$")


def abi_number() -> str:
    text = (ROOT / "rt-ffi" / "Cargo.toml").read_text(encoding="utf-8")
    found = re.search(r'^\[package\.metadata\.capi\.library\]\nversion = "(\d+)\.', text, re.M)
    if found is None:
        raise SystemExit("rt-ffi/Cargo.toml has no version of the library")
    return found[1]


class Interface:
    """What a header declares, as text."""

    def __init__(self, header: Path) -> None:
        text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", header.read_text(encoding="utf-8"), flags=re.S)
        macros = re.findall(r"^#define (\w+) (\S.*)$", text, re.M)
        self.macros: dict[str, str] = {name: value for name, value in macros if not FREE_TO_CHANGE.match(name)}
        code = re.sub(r"^\s*#.*$|^extern \"C\" \{|^\}$|GORT_NORETURN", "", text, flags=re.M)
        self.structs: dict[str, str] = {}
        self.enums: dict[str, list[str]] = {}
        self.typedefs: dict[str, str] = {}
        self.functions: dict[str, str] = {}

        def take_out(found: re.Match[str]) -> str:
            kind, body, name = found.groups()
            if kind == "struct":
                self.structs[name] = " ".join(body.split())
            else:
                self.enums[name] = [" ".join(constant.split()) for constant in body.split(",") if constant.strip()]
            return ""

        code = re.sub(r"typedef (struct|enum) \w+ \{([^}]*)\} (\w+);", take_out, code)
        for statement in (" ".join(part.split()) for part in code.split(";")):
            if statement.startswith("typedef "):
                name = re.search(r"\(\*(\w+)\)|(\w+)$", statement)
                self.typedefs[(name[1] or name[2]) if name else statement] = statement
            elif found := re.search(r"(gort_\w+)\s*\(", statement):
                self.functions[found[1]] = statement

    def fields(self, struct: str) -> list[str]:
        texts = self.structs[struct].split(";")[:-1]
        names = (re.search(r"\(\*(\w+)\)|(\w+)(?:\[\w+\])?$", text) for text in texts)
        return [found[1] or found[2] for found in names if found]

    def grows(self, struct: str) -> bool:
        return self.fields(struct)[0] == "struct_size"


def declarations(record: Interface) -> Iterator[str]:
    """Each line holds one thing of the record against the header that was included before."""
    yield from (f"extern {name} *still_{name}; {text};" for name, text in record.typedefs.items())
    yield from (f"extern __typeof__({name}) {name}; {text};" for name, text in record.functions.items())
    for name, value in record.macros.items():
        yield f'_Static_assert(({value}) == {name}, "{name} is no longer {value}");'
    for name, constants in record.enums.items():
        was = "enum { " + ", ".join(f"was_{constant}" for constant in constants) + " };"
        for constant in (text.partition(" ")[0] for text in constants):
            was += f' _Static_assert((int)was_{constant} == (int){constant}, "{constant} has another value");'
        yield f'{was} _Static_assert(sizeof(enum {name}) == sizeof(int), "{name} has another size");'
    for name, body in record.structs.items():
        was = f"was_{name}"
        yield f"struct {was} {{ {body} }};"
        sizes = "<=" if record.grows(name) else "=="
        yield f'_Static_assert(sizeof(struct {was}) {sizes} sizeof({name}), "{name} has another size");'
        for field in record.fields(name):
            offsets = f"offsetof(struct {was}, {field}) == offsetof({name}, {field})"
            yield f'_Static_assert({offsets}, "{name}.{field} has moved");'
            types = ", ".join(f"__typeof__((({struct} *)0)->{field})" for struct in (f"struct {was}", name))
            yield f'_Static_assert(__builtin_types_compatible_p({types}), "{name}.{field} has another type");'


def compiled(record: Interface, header: Path) -> tuple[int, list[str]]:
    lines = list(declarations(record))
    source = WORK / "against-record.c"
    source.write_text(f'#include "{header}"\n' + "\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run(
        [*COMPILER, "-fsyntax-only", "-fno-diagnostics-show-caret", str(source)],
        capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    problems = [line.partition(" error: ")[2] for line in done.stderr.splitlines() if " error: " in line]
    if done.returncode != 0 and not problems:
        problems = [done.stderr.strip()[-600:]]
    wrong = len(set(re.findall(r"against-record\.c:(\d+):\d+: error", done.stderr)))
    return len(lines) - wrong, problems


def exported(record: Interface, number: str) -> tuple[int, list[str]]:
    """The recorded functions that libgort.so has, and those that it has not."""
    done = subprocess.run(["nm", "-D", "--defined-only", str(LIBRARY)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return 0, [f"{LIBRARY}: {done.stderr.strip()}"]
    there = {line.split()[-1] for line in done.stdout.splitlines()}
    missing = [name for name in (f"{function}@@GORT_{number}" for function in record.functions) if name not in there]
    return len(record.functions) - len(missing), [f"libgort.so does not export {name}" for name in missing]


def stub(header: Path, interface: Interface, name: str) -> Path:
    """A library with the types and functions of a header and no code, with full debug information."""
    library = WORK / f"{name}.so"
    bodies = "\n".join(f"{text} {{ __builtin_trap(); }}" for text in interface.functions.values())
    subprocess.run(
        [*COMPILER, "-Wno-unused-parameter", "-g", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library)],
        input=f'#include "{header}"\n{bodies}\n', text=True, check=True,
    )  # fmt: skip
    return library


def abidiff(record_header: Path, record: Interface, header: Path) -> list[str]:
    suppressions = WORK / "may-grow"
    grows = [name for name in record.structs if record.grows(name)]
    rules = (f"[suppress_type]\nname = {name}\nhas_data_member_inserted_at = end\n" for name in grows)
    suppressions.write_text("".join(rules), encoding="utf-8")
    old, new = stub(record_header, record, "record"), stub(header, Interface(header), "today")
    command = ["abidiff", "--no-added-syms", "--suppressions", str(suppressions), str(old), str(new)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [f"abidiff:\n{(done.stdout + done.stderr).strip()[-3000:]}"]


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare with the recorded binary interface.")
    parser.add_argument("--update", action="store_true", help="record the header as it is")
    parser.add_argument("--header", type=Path, default=HEADER, help="compare this one instead")
    options = parser.parse_args()
    header = options.header.resolve()
    number = abi_number()
    record_header = ROOT / "abi" / f"gort-{number}.h"
    if options.update:
        record_header.parent.mkdir(exist_ok=True)
        shutil.copyfile(HEADER, record_header)
        print(f"recorded in {record_header.relative_to(ROOT)}")
    if not record_header.is_file():
        print(f"FAIL there is no record of ABI number {number}; --update makes it\n0 passed, 1 failed")
        return 1
    WORK.mkdir(parents=True, exist_ok=True)
    record = Interface(record_header)
    passed, problems = 0, []
    for count, found in (compiled(record, header), exported(record, number)):
        passed += count
        problems += found
    if shutil.which("abidiff") is None:
        print("not run: abidiff: not found (Debian: apt install abigail-tools)")
    elif not problems:
        problems += abidiff(record_header, record, header)
        passed += not problems
    for problem in problems:
        print(f"FAIL {problem}")
    print(f"{passed} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
