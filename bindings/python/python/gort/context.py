"""Contexts, as in Go: a tree along which the end of a piece of work is told to all its parts.

>>> import gort
>>> with gort.context.with_timeout(gort.context.background(), 60) as ctx:
...     ctx.err() is None
True
>>> ctx.err()
Canceled('context canceled')
"""

from __future__ import annotations

import math
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from . import _errors, _gort
from ._gort import Ctx

if TYPE_CHECKING:
    from . import RecvChan

__all__ = [
    "Cancelable", "Context", "after_func", "background", "todo", "with_cancel", "with_deadline", "with_timeout", "with_value",
    "without_cancel",
]

Seconds = Union[float, timedelta]
_lock = threading.Lock()


class Context(Ctx):
    """A context: made by the functions of this module.

    >>> from gort import context
    >>> ctx = context.with_value(context.background(), "user", "gopher")
    >>> ctx.value("user")
    'gopher'
    """

    __slots__ = ("_parent", "_cause", "_entry")
    _parent: Optional[Context]
    _cause: Optional[BaseException]
    _entry: Optional[tuple[Any, Any]]

    def __new__(
        cls, kind: str, parent: Optional[Context] = None, when: Optional[float] = None, entry: Any = None
    ) -> Context:
        self = super().__new__(cls, kind, parent, when)
        self._parent = parent
        self._cause = None
        self._entry = entry
        return self

    def __init__(self, *args: Any) -> None:
        pass

    if TYPE_CHECKING:

        def done(self) -> RecvChan[None]: ...

    def err(self) -> Optional[_errors.Error]:
        """None while the context goes on; then Canceled or DeadlineExceeded.

        >>> from gort import context
        >>> ctx = context.with_timeout(context.background(), 0)
        >>> type(ctx.err()).__name__
        'DeadlineExceeded'
        """
        state = self._state()
        if state == 0:
            return None
        if state == 2:
            return _errors.DeadlineExceeded("context deadline exceeded")
        error = _errors.Canceled("context canceled")
        error.__cause__ = self._given_cause()
        return error

    def cause(self) -> Optional[BaseException]:
        """Why the context has ended: what was given to cancel, else what err() says; None before.

        >>> from gort import context
        >>> ctx = context.with_cancel(context.background())
        >>> ctx.cancel(ValueError("enough"))
        >>> ctx.cause()
        ValueError('enough')
        """
        return self._given_cause() or self.err()

    def value(self, key: Any, default: Any = None) -> Any:
        """The value of key in the nearest context that has one.

        >>> from gort import context
        >>> context.background().value("user", "nobody")
        'nobody'
        """
        ctx: Optional[Context] = self
        while ctx is not None:
            if ctx._entry is not None and ctx._entry[0] == key:
                return ctx._entry[1]
            ctx = ctx._parent
        return default

    def _given_cause(self) -> Optional[BaseException]:
        """The cause that was given where the end came from."""
        ctx: Optional[Context] = self
        while ctx is not None and ctx._state() != 0:
            if ctx._cause is not None:
                return ctx._cause
            ctx = ctx._parent
        return None

    def _reason(self) -> BaseException:
        """What a wait that this context has ended raises."""
        return self.err() or _errors.Canceled("context canceled")

    def __repr__(self) -> str:
        error = self.err()
        return f"<gort.context.Context{'' if error is None else f' {error}'}>"


class Cancelable(Context):
    """A context that can be canceled, and is when its with block is left.

    >>> from gort import context
    >>> with context.with_cancel(context.background()) as ctx:
    ...     pass
    >>> ctx.err()
    Canceled('context canceled')
    """

    __slots__ = ()

    def cancel(self, cause: Optional[BaseException] = None) -> None:
        """End the context, and all made from it. Only the first call counts.

        >>> from gort import context
        >>> ctx = context.with_cancel(context.background())
        >>> ctx.cancel()
        >>> ctx.err()
        Canceled('context canceled')
        """
        if cause is not None and not isinstance(cause, BaseException):
            raise TypeError(f"the cause must be an exception, not {type(cause).__name__}")
        with _lock:
            if self._state() == 0:
                self._cause = cause
                self._cancel()

    def __enter__(self) -> Cancelable:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.cancel()


_background = Context("background")
_todo = Context("todo")


def background() -> Context:
    """The root of all contexts: it never ends.

    >>> from gort import context
    >>> context.background().err() is None
    True
    """
    return _background


def todo() -> Context:
    """As background, where it is not clear yet which context to use.

    >>> from gort import context
    >>> context.todo().deadline() is None
    True
    """
    return _todo


def with_cancel(parent: Context) -> Cancelable:
    """A context that ends with its parent, or when its cancel is called.

    >>> from gort import context
    >>> ctx = context.with_cancel(context.background())
    >>> ctx.cancel()
    >>> ctx.done().recv_ok()
    (None, False)
    """
    return Cancelable("cancel", parent)


def with_timeout(parent: Context, d: Seconds) -> Cancelable:
    """A context that also ends after d seconds.

    >>> from gort import context
    >>> ctx = context.with_timeout(context.background(), 0.001)
    >>> ctx.done().recv_ok()
    (None, False)
    """
    return Cancelable("deadline", parent, _gort.from_now(d))


def with_deadline(parent: Context, when: float) -> Cancelable:
    """A context that also ends when time.monotonic() comes to when.

    >>> import time
    >>> from gort import context
    >>> ctx = context.with_deadline(context.background(), time.monotonic() + 60)
    >>> ctx.deadline() > time.monotonic()
    True
    """
    if math.isnan(when):
        raise ValueError("a time must not be NaN")
    return Cancelable("deadline", parent, when)


def with_value(parent: Context, key: Any, value: Any) -> Context:
    """A context in which key has the value.

    >>> from gort import context
    >>> context.with_value(context.background(), "n", 1).value("n")
    1
    """
    return Context("value", parent, None, (key, value))


def without_cancel(parent: Context) -> Context:
    """A context with the parent's values that does not end with it.

    >>> from gort import context
    >>> parent = context.with_cancel(context.background())
    >>> ctx = context.without_cancel(parent)
    >>> parent.cancel()
    >>> ctx.err() is None
    True
    """
    return Context("cut", parent)


def after_func(ctx: Context, fn: Callable[..., Any], *args: Any) -> Callable[[], bool]:
    """Call fn(*args) in a goroutine once ctx has ended. What is returned prevents that when called;
    True when that was in time.

    >>> import gort
    >>> ctx, ch = gort.context.with_cancel(gort.context.background()), gort.Chan(1)
    >>> stop = gort.context.after_func(ctx, ch.send, "over")
    >>> ctx.cancel()
    >>> ch.recv()
    'over'
    """
    if not isinstance(ctx, Context):
        raise TypeError(f"ctx must be a gort.context.Context, not {type(ctx).__name__}")
    return ctx._after_func(fn, *args)
