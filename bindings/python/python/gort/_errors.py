"""The exceptions of gort."""

from __future__ import annotations

__all__ = ["Canceled", "Closed", "Deadlock", "DeadlineExceeded", "Error", "GoroutineExit", "Misuse", "Timeout", "WouldBlock"]


class Error(Exception):
    """The base of gort's exceptions."""

    __module__ = "gort"


class Closed(Error):
    """Send or close on a closed channel; receive on one that is closed and drained."""

    __module__ = "gort"


class WouldBlock(Error):
    """A try_ call found nothing ready."""

    __module__ = "gort"


class Timeout(Error, TimeoutError):
    """What timeout= allowed has passed."""

    __module__ = "gort"


class Canceled(Error):
    """The context was canceled; __cause__ is its cause, if one was given."""

    __module__ = "gort"


class DeadlineExceeded(Error, TimeoutError):
    """The deadline of the context has passed."""

    __module__ = "gort"


class Deadlock(Error):
    """All goroutines are asleep; the text says where. Raised in run()."""

    __module__ = "gort"


class Misuse(Error):
    """A rule was broken, as by unlocking what is not locked. In Go this panics."""

    __module__ = "gort"


class GoroutineExit(BaseException):
    """What exit() raises: no Exception, so that nobody catches it by accident."""

    __module__ = "gort"
