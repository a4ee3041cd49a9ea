"""The runtime as a whole: exceptions nobody joins, dumps, the end."""

from __future__ import annotations

import atexit
import sys
import threading
import traceback
from datetime import timedelta
from typing import Any, Optional, Union

from . import _gort
from ._gort import Goroutine

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


def dump(file: Any = None) -> str:
    """What every goroutine does, with its Python frames; written to file too, if one is given.

    >>> import gort
    >>> gort.go(gort.dump).join().startswith("goroutine")
    True
    """
    text = _gort._dump()
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
    if cancel:
        _gort._cancel_all()
    return _gort._shutdown(timeout)


atexit.register(_gort._report_failed)
