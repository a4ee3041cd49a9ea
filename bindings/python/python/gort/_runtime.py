"""The runtime as a whole: exceptions nobody joins, dumps, the end."""

from __future__ import annotations

import atexit
import math
import os
import re
import sys
import threading
import time
import traceback
from datetime import timedelta
from typing import Any, Optional, Union, cast

from . import _aio, _blocking, _gort
from ._gort import Goroutine

__all__ = ["Local", "dump", "excepthook", "shutdown"]

Seconds = Union[float, timedelta]


class Local(threading.local):
    """As threading.local: attributes of which each goroutine, and each thread, sees its own.

    >>> import gort
    >>> here = gort.Local()
    >>> here.x = 1
    >>> gort.go(lambda: hasattr(here, "x")).join()
    False
    """

    __module__ = "gort"


def excepthook(goroutine: Goroutine[Any], exception: BaseException, /) -> None:
    """Called with a failed goroutine that nobody has joined, and its exception; set gort.excepthook to
    your own. This one prints the traceback to stderr.

    >>> import gort
    >>> gort.excepthook.__name__
    'excepthook'
    """
    stderr = sys.stderr
    if stderr is None:
        return
    name = f" {goroutine.name!r}" if goroutine.name else ""
    lines = traceback.format_exception(type(exception), exception, exception.__traceback__)
    stderr.write(f"Exception in goroutine {goroutine.id}{name}:\n{''.join(lines)}")
    stderr.flush()


def with_frames(text: str) -> str:
    """A report of the runtime, with the Python frames of each goroutine in it."""
    frames = _gort._frames()

    def stack_of(header: re.Match[str]) -> str:
        frame = frames.get(int(header[1]))
        if frame is None:
            return header[0]
        # One by one: frames that are alike are not folded into one line.
        entries = traceback.extract_stack(frame)
        return header[0] + "".join(line for entry in entries for line in traceback.format_list([entry]))

    return re.sub(r"^goroutine (\d+).*:\n", stack_of, text, flags=re.M)


def dump(file: Any = None) -> str:
    """What every goroutine does, with its Python frames; written to file too, if one is given.

    >>> import gort
    >>> gort.go(gort.dump).join().startswith("goroutine")
    True
    """
    text = with_frames(_gort._dump())
    if file is not None:
        file.write(text)
    return text


def shutdown(timeout: Optional[Seconds] = None, *, cancel: bool = False) -> bool:
    """Wait until no goroutine is left, and end the runtime's threads; False when the timeout passes
    first. With cancel=True goroutines that wait are ended where they are: finally blocks run. gort can
    be used again afterwards.

    >>> import gort
    >>> gort.shutdown(timeout=60)
    True
    """
    if not cancel:
        return _gort._shutdown(timeout)
    until = math.inf if timeout is None else _gort.from_now(timeout)
    pause = 0.001
    while True:
        _gort._interrupt_all()
        left = until - time.monotonic()
        if _gort._shutdown(min(pause, max(left, 0.0))):
            return True
        if left <= 0:
            return False
        # One that computes, or waits again, is ended at its next wait.
        pause = min(2 * pause, 0.05)


def _after_fork() -> None:
    _gort._after_fork()
    main = threading.main_thread()
    # After a fork in a goroutine the main thread is one that threading has not started, and up to 3.12
    # it fails to shut down without the lock that it would have then.
    if getattr(main, "_tstate_lock", True) is None:
        cast(Any, main)._set_tstate_lock()
    _aio._bridges.clear()
    _blocking._idle.clear()


atexit.register(_gort._report_failed)
os.register_at_fork(after_in_child=_after_fork)
