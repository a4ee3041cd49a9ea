"""What the wc examples share: counting one file, and a table that looks as wc(1) prints it, column widths and "total"
line included. Not a program.

Words: the older GNU wc wants a printable character in a word, the newer one (coreutils 9.5) and the standard take any
bytes that are not white space. The former is the default, any_bytes (option -a) gives the latter.
"""

import argparse
import errno
import os
import stat
import sys
from typing import Iterable, NamedTuple, Optional, TextIO

import gort

BUFFER_SIZE = 64 * 1024
UNKNOWN_SIZE_WIDTH = 7
WHITE_SPACE = b" \t\n\v\f\r"
NOT_IN_WORDS = bytes(byte for byte in range(256) if not 0x20 < byte < 0x7F and byte not in WHITE_SPACE)


class Counts(NamedTuple):
    lines: int = 0
    words: int = 0
    bytes: int = 0

    def plus(self, other: "Counts") -> "Counts":
        return Counts(*map(sum, zip(self, other)))

    def row(self, width: int, name: str) -> str:
        return " ".join(f"{number:{width}}" for number in self) + f" {name}"


class Counted(NamedTuple):
    """One file: what was counted as far as it could be read, None when it could not be opened; and what went wrong."""

    path: str
    counts: Optional[Counts]
    error: Optional[OSError]


def open_file(path: str) -> int:
    """A descriptor. When there are no more, some goroutine will close one soon."""
    while True:
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
        gort.sleep(0.001)


def count_file(path: str, any_bytes: bool = False) -> Counted:
    try:
        fd = open_file(path)
    except OSError as error:
        return Counted(path, None, error)
    lines = words = size = 0
    in_word = False
    try:
        while data := os.read(fd, BUFFER_SIZE):
            lines += data.count(b"\n")
            size += len(data)
            text = data if any_bytes else data.translate(None, NOT_IN_WORDS)
            if text:
                # A word that goes on from the buffer before has been counted there.
                words += len(text.split()) - (in_word and text[0] not in WHITE_SPACE)
                in_word = text[-1] not in WHITE_SPACE
    except OSError as error:
        return Counted(path, Counts(lines, words, size), error)
    finally:
        os.close(fd)
    return Counted(path, Counts(lines, words, size), None)


def column_width(paths: Iterable[str]) -> int:
    """As wide as the sum of the sizes, and at least 7 when a size says nothing (a pipe, a directory)."""
    width, total = 1, 0
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            total += status.st_size
        else:
            width = UNKNOWN_SIZE_WIDTH
    return max(width, len(str(total)))


def report(path: str, error: OSError) -> None:
    print(f"{sys.argv[0]}: {path}: {error.strerror}", file=sys.stderr)


def print_table(files: list[Counted], out: TextIO) -> int:
    """The whole table in the order of the files, errors to stderr; the exit status."""
    width = column_width(file.path for file in files)
    total = Counts()
    for file in files:
        if file.error is not None:
            report(file.path, file.error)
        if file.counts is not None:
            print(file.counts.row(width, file.path), file=out)
            total = total.plus(file.counts)
    if len(files) > 1:
        print(total.row(width, "total"), file=out)
    return 1 if any(file.error for file in files) else 0


def options(description: str) -> argparse.ArgumentParser:
    """What every wc example understands; FILE... is for it to add, last."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("-a", action="store_true", help="words are made of any bytes but white space")
    return parser
