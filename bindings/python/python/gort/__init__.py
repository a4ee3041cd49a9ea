"""Goroutines, channels and select for Python, as in Go.

>>> import gort
>>> ch = gort.Chan()
>>> g = gort.go(ch.send, "hello from a goroutine")
>>> ch.recv()
'hello from a goroutine'

A goroutine costs a few kilobytes and runs any Python code: no async, no await, no patching. It is
switched away from only when it waits in gort. All of gort may be called from goroutines, from threads
and from the main thread, which itself runs no goroutines, so that Ctrl-C always arrives.
"""

from __future__ import annotations

from . import _gort, context
from ._aio import aselect
from ._blocking import blocking
from ._chan import Chan, RecvChan, Selected, SendChan
from ._errors import Canceled, Closed, Deadlock, DeadlineExceeded, Error, Misuse, Timeout, WouldBlock
from ._gort import (
    AtomicInt,
    Case,
    Goroutine,
    Mutex,
    RWMutex,
    Semaphore,
    Ticker,
    Timer,
    WaitGroup,
    after,
    after_func,
    exit,
    go,
    go_named,
    gomaxprocs,
    goroutine_id,
    lock_os_thread,
    num_cpu,
    num_goroutine,
    recv,
    run,
    select,
    send,
    sleep,
    stats,
    unlock_os_thread,
    yield_now,
)
from ._map import imap, imap_unordered
from ._runtime import Local, dump, excepthook, shutdown
from ._sync import Cond, Group, Map, Once, Pool, SingleFlight

__version__ = _gort.__version__
__all__ = [
    "AtomicInt", "Canceled", "Case", "Chan", "Closed", "Cond", "Deadlock", "DeadlineExceeded", "Error", "Goroutine",
    "Group", "Local", "Map", "Misuse", "Mutex", "Once", "Pool", "RWMutex", "RecvChan", "Selected", "Semaphore",
    "SendChan", "SingleFlight", "Ticker", "Timeout", "Timer", "WaitGroup", "WouldBlock", "after", "after_func",
    "aselect", "blocking", "context", "dump", "excepthook", "go", "go_named", "gomaxprocs", "goroutine_id", "imap",
    "imap_unordered", "lock_os_thread", "num_cpu", "num_goroutine", "recv", "run", "select", "send", "shutdown",
    "sleep", "stats", "unlock_os_thread", "yield_now",
]
