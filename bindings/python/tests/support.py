"""What the tests share: running a test as the main goroutine, waiting for a condition, child processes.

Nothing is timed: WAIT only ends what hangs, and is far beyond what the slowest machine needs. What could take the
interpreter with it (signals, fork, exit, overflows) happens in a child process, see `child`.
"""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import textwrap
from typing import Any, Callable, NamedTuple, Optional, Sequence, TypeVar

import gort
import pytest
from gort import context

WAIT = float(os.environ.get("W", 60))
Test = TypeVar("Test", bound=Callable[..., Any])


def goroutine(test: Test) -> Test:
    """The test runs as the main goroutine, so that one that hangs on a channel ends with Deadlock."""

    @functools.wraps(test)
    def runs(*args: Any, **kwargs: Any) -> None:
        gort.run(test, *args, **kwargs)

    return runs  # type: ignore[return-value]


def eventually(condition: Callable[[], object], what: str = "the condition") -> None:
    """Returns once the condition holds; it must hold at some time."""
    limit = gort.after(WAIT)
    while not condition():
        assert len(limit) == 0, f"{what} never holds"
        gort.sleep(0.001)


def ends_early(wait: Callable[..., object]) -> None:
    """Its timeout and its context end a wait that nothing else does."""
    for timeout in (0, -1, 0.001):
        with pytest.raises(gort.Timeout):
            wait(timeout=timeout)
    with pytest.raises(gort.DeadlineExceeded):
        wait(ctx=context.with_timeout(context.background(), 0.001))
    ctx = context.with_cancel(context.background())
    gort.go(lambda: (gort.sleep(0.001), ctx.cancel()))
    with pytest.raises(gort.Canceled):
        wait(ctx=ctx)


def times(default: int) -> int:
    """How often a race is run: `default`, or GORT_TEST_TIMES when that is more."""
    return max(default, int(os.environ.get("GORT_TEST_TIMES", "0")))


class Outcome(NamedTuple):
    """What a finished child left behind."""

    status: int
    out: str
    err: str


class Child:
    """A Python program of its own. Its hanging is an abort, whose report shows every thread's stack."""

    def __init__(self, source: str, arguments: Sequence[object] = (), flags: Sequence[str] = (), **env: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", *flags, "-c", textwrap.dedent(source), *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
            env={**os.environ, **env}, start_new_session=True,
        )

    def line(self) -> str:
        """The next line of its output, and not a byte more: the rest is for `finish`."""
        assert self.process.stdout is not None
        line = b""
        while byte := os.read(self.process.stdout.fileno(), 1):
            if byte == b"\n":
                break
            line += byte
        return line.decode()

    def finish(self, status: Optional[int] = 0, send: Optional[int] = None) -> Outcome:
        """Waits for its end, having sent it the signal `send`."""
        if send is not None:
            self.process.send_signal(send)
        try:
            out, err = self.process.communicate(timeout=WAIT)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            try:
                out, err = self.process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)  # with the children it may have
                out, err = self.process.communicate()
            raise AssertionError(f"the child hangs; stdout {out[-2000:]!r}, stderr:\n{err[-6000:]}") from None
        outcome = Outcome(self.process.returncode, out, err)
        if status is not None:
            assert outcome.status == status, f"status {outcome.status}, stdout {out[-2000:]!r}, stderr:\n{err[-6000:]}"
        return outcome


def child(
    source: str, *arguments: object, status: Optional[int] = 0, flags: Sequence[str] = (), **env: str
) -> Outcome:
    """Runs a program to its end."""
    return Child(source, arguments, flags, **env).finish(status)
