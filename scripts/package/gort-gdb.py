"""gdb commands for programs that use gort, live or from a core file.

    (gdb) source gort-gdb.py
    (gdb) info goroutines             every goroutine: id, state, where it is, its name, who made it
    (gdb) goroutine N COMMAND         a command of gdb in goroutine N: bt, bt full, up, info locals, ...
    (gdb) goroutine all bt            in each of them

Needs no debug information of gort's: the library says in its section .gort_debugger where the
goroutines are and how to read them (rt-core/src/sched/debugger.rs), which is what `struct` below reads.

A goroutine that runs is on a thread, and the command is executed there. One that is parked has left
its registers on its stack: while the command runs, gdb is made to believe that the current thread's
innermost frame was called from there. Nothing of the process is written, so core files are as good.
"""

from __future__ import annotations

import re
import struct
from typing import Callable, Iterator, List, NamedTuple, Optional, Tuple

import gdb  # type: ignore[import-not-found]
from gdb.unwinder import Unwinder  # type: ignore[import-not-found]

VERSION = 1
FORMAT = struct.Struct("<12sIQQQ12I8s")
FREE, RUNNABLE, RUNNING, WAITING = range(4)
DWARF_REGISTERS = {3: "rbx", 6: "rbp", 16: "rip"}
WORD = 8


def read(address: int, size: int) -> bytes:
    return bytes(gdb.selected_inferior().read_memory(address, size))


def word_at(address: int) -> int:
    return int.from_bytes(read(address, WORD), "little")


def text_at(address: int, most: int = 80) -> str:
    """A C string, as far as it can be read."""
    text = b""
    while address and len(text) < most:
        byte = read(address + len(text), 1)
        if byte == b"\0":
            break
        text += byte
    return text.decode("utf-8", "replace")


class Goroutine(NamedTuple):
    id: int
    status: int
    reason: str
    stack_pointer: int  # 0: it has not run yet
    stack: range
    parent: int
    created_at: int
    name: str
    registers: List[int]  # DWARF's numbers of those that lie at the stack pointer

    def state(self, thread: Optional[int]) -> str:
        if thread is not None:
            return f"running (thread {thread})"
        return {RUNNABLE: "runnable", RUNNING: "running", WAITING: self.reason or "waiting"}[self.status]


class Records:
    """The goroutines of one copy of the library, found through its section."""

    def __init__(self, address: int) -> None:
        fields = FORMAT.unpack(read(address, FORMAT.size))
        magic, version, self.slabs, self.n_slabs, reasons, reasons_len, self.per_slab, self.size = fields[:8]
        (self.id, self.status, self.reason, self.context, self.stack, self.parent, self.created_at, self.name,
         n_saved, saved) = fields[8:]  # fmt: skip
        if magic != b"gort-records" or version != VERSION:
            raise gdb.GdbError(f"gort-gdb.py does not know this version of gort (records {version}, known {VERSION})")
        self.saved = list(saved[:n_saved])
        self.reasons = read(reasons, reasons_len).decode().split("\0") if self.slabs else []

    def goroutines(self) -> Iterator[Goroutine]:
        for number in range(self.n_slabs):
            slab = read(word_at(self.slabs + number * WORD), self.per_slab * self.size)
            for start in range(0, len(slab), self.size):
                record = slab[start : start + self.size]
                if record[self.status] != FREE:
                    yield self.goroutine(record)

    def goroutine(self, record: bytes) -> Goroutine:
        def word(offset: int) -> int:
            return int.from_bytes(record[offset : offset + WORD], "little")

        # Its limit and, in the lowest six bits, the logarithm of its size.
        stack = word(self.stack)
        limit = stack & ~63
        return Goroutine(
            word(self.id), record[self.status], self.reasons[record[self.reason]],
            word(self.context) if self.saved else 0,
            range(limit, limit + (1 << (stack & 63)) if stack else limit), word(self.parent), word(self.created_at),
            text_at(word(self.name)), self.saved,
        )  # fmt: skip


def all_goroutines() -> List[Goroutine]:
    """Of every copy of the library in the process, by id."""
    files = gdb.execute("info files", to_string=True)
    sections = re.findall(r"(0x[0-9a-f]+) - 0x[0-9a-f]+ is \.gort_debugger\b", files)
    if not sections:
        raise gdb.GdbError("there is no gort in this process")
    found = [goroutine for address in sections for goroutine in Records(int(address, 16)).goroutines()]
    if not found:
        raise gdb.GdbError("there are no goroutines")
    return sorted(found, key=lambda goroutine: goroutine.id)


def stack_pointer() -> int:
    return int(gdb.newest_frame().read_register("sp"))


def threads() -> List[Tuple[gdb.InferiorThread, int]]:
    """Every thread with its stack pointer."""
    selected = gdb.selected_thread()
    pairs = []
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        pairs.append((thread, stack_pointer()))
    if selected is not None:
        selected.switch()
    return pairs


def thread_of(goroutine: Goroutine, pairs: List[Tuple[gdb.InferiorThread, int]]) -> Optional[gdb.InferiorThread]:
    """The thread that is on its stack, whatever its status says just then."""
    return next((thread for thread, pointer in pairs if pointer in goroutine.stack), None)


class FrameId:
    def __init__(self, sp: int, pc: int) -> None:
        self.sp = gdb.Value(sp)
        self.pc = gdb.Value(pc)


class Bridge(Unwinder):
    """Leads from the current thread's innermost frame to the innermost frame of a parked goroutine."""

    def __init__(self) -> None:
        super().__init__("gort goroutines")
        self.goroutine: Optional[Goroutine] = None
        self.at = 0
        self.level = 0  # of the goroutine's innermost frame

    def __call__(self, pending: gdb.PendingFrame) -> Optional[gdb.UnwindInfo]:
        goroutine = self.goroutine
        if goroutine is None or int(pending.read_register("rsp")) != self.at:
            return None
        # Stacks grow down for gdb, so this frame pretends to be right below the goroutine's.
        info = pending.create_unwind_info(FrameId(goroutine.stack_pointer, int(pending.read_register("rip"))))
        for place, number in enumerate(goroutine.registers):
            value = word_at(goroutine.stack_pointer + place * WORD)
            info.add_saved_register(DWARF_REGISTERS[number], gdb.Value(value))
        info.add_saved_register("rsp", gdb.Value(goroutine.stack_pointer + len(goroutine.registers) * WORD))
        return info

    def within(self, goroutine: Goroutine, action: Callable[[], None]) -> None:
        """Do it with the goroutine's innermost frame selected, and forget that afterwards."""
        if not goroutine.stack_pointer:
            raise gdb.GdbError(f"goroutine {goroutine.id} has no stack that can be read")
        if not any(read(goroutine.stack_pointer, len(goroutine.registers) * WORD)):
            raise gdb.GdbError(f"goroutine {goroutine.id}: its stack is not in the core file")
        self.at, self.goroutine = stack_pointer(), goroutine
        gdb.invalidate_cached_frames()
        try:
            frame = gdb.newest_frame()
            while frame.type() == gdb.INLINE_FRAME:
                frame = frame.older()
            frame = frame.older()
            if frame is None:
                raise gdb.GdbError(f"goroutine {goroutine.id}: its stack cannot be unwound")
            frame.select()
            self.level = frame.level()
            action()
        finally:
            self.goroutine = None
            gdb.invalidate_cached_frames()


BRIDGE = Bridge()
gdb.unwinder.register_unwinder(None, BRIDGE, replace=True)


def run_parked(command: str) -> None:
    """A command in the bridged stack; a backtrace without the frames that are not the goroutine's."""
    if not re.match(r"(bt|backtrace|where)\b", command):
        gdb.execute(command)
        return
    lines = gdb.execute(command, to_string=True).splitlines()
    first = next((number for number, line in enumerate(lines) if line.startswith(f"#{BRIDGE.level} ")), len(lines))
    for line in lines[first:]:
        print(re.sub(r"^#(\d+) +", lambda found: f"#{int(found[1]) - BRIDGE.level:<2} ", line))


def on_thread(thread: gdb.InferiorThread, action: Callable[[], None]) -> None:
    selected = gdb.selected_thread()
    thread.switch()
    try:
        action()
    finally:
        selected.switch()


def symbol(address: int) -> str:
    found = re.match(r"(\S+)", gdb.execute(f"info symbol {address:#x}", to_string=True))
    return found[1] if address and found and found[1] != "No" else ""


def place() -> str:
    """Where the selected frame's user code is: behind what of gort it has called."""
    frame, inside = gdb.selected_frame(), None
    while frame is not None:
        name = frame.name() or "??"
        if inside is not None and not name.startswith("gort_"):
            return f"{name} in {inside}"
        inside = name if name.startswith("gort_") else inside
        frame = frame.older()
    return gdb.selected_frame().name() or "??"


class InfoGoroutines(gdb.Command):
    """List the goroutines: id, state, place, name, and who made them."""

    def __init__(self) -> None:
        super().__init__("info goroutines", gdb.COMMAND_STATUS)

    def invoke(self, _argument: str, _from_tty: bool) -> None:
        pairs = threads()
        for goroutine in all_goroutines():
            thread = thread_of(goroutine, pairs)
            where: List[str] = []
            try:
                if thread is not None:
                    on_thread(thread, lambda w=where: w.append(place()))
                elif goroutine.stack_pointer:
                    BRIDGE.within(goroutine, lambda w=where: w.append(place()))
            except gdb.error as error:
                where.append(f"({error})")
            name = f' "{goroutine.name}"' if goroutine.name else ""
            maker = symbol(goroutine.created_at - 1) if goroutine.created_at else ""
            made = f", made by {maker or '??'}" + (f" in goroutine {goroutine.parent}" if goroutine.parent else "")
            state = goroutine.state(thread.num if thread else None)
            print(f"{goroutine.id:6}  {state:24} {''.join(where)}{name}{made}")


class InGoroutine(gdb.Command):
    """goroutine N COMMAND, goroutine all COMMAND: execute a command, such as bt, in goroutines."""

    def __init__(self) -> None:
        super().__init__("goroutine", gdb.COMMAND_STACK)

    def invoke(self, argument: str, _from_tty: bool) -> None:
        which, _, command = argument.strip().partition(" ")
        command = command.strip()
        if not re.fullmatch(r"\d+|all", which) or not command:
            raise gdb.GdbError("usage: goroutine N COMMAND, or goroutine all COMMAND")
        pairs = threads()
        wanted = [goroutine for goroutine in all_goroutines() if which in ("all", str(goroutine.id))]
        if not wanted:
            raise gdb.GdbError(f"there is no goroutine {which}")
        for goroutine in wanted:
            if which == "all":
                print(f"goroutine {goroutine.id}:")
            try:
                self.execute(goroutine, thread_of(goroutine, pairs), command)
            except gdb.error as error:
                if which != "all":
                    raise
                print(error)

    def execute(self, goroutine: Goroutine, thread: Optional[gdb.InferiorThread], command: str) -> None:
        if thread is None:
            BRIDGE.within(goroutine, lambda: run_parked(command))
            return
        on_thread(thread, lambda: gdb.execute(command))


InfoGoroutines()
InGoroutine()
