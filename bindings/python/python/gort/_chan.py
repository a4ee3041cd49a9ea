"""The classes of channels: which of the channel's methods each side has.

The methods are those of the extension's ChanBase. They are moved here, not wrapped, so that a call of
one costs no Python frame, and a side does not have what it must not.
"""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

from . import _aio, _gort
from ._gort import ChanBase

__all__ = ["Chan", "RecvChan", "Selected", "SendChan"]

T = TypeVar("T")


class SendChan(ChanBase, Generic[T]):
    """The sending side of a channel; got from Chan.sender.

    >>> import gort
    >>> tx = gort.Chan(1).sender()
    >>> tx.send(1)
    >>> hasattr(tx, "recv")
    False
    """

    __slots__ = ()
    __module__ = "gort"
    send = ChanBase.send
    try_send = ChanBase.try_send
    close = ChanBase.close
    asend = _aio.asend


class RecvChan(ChanBase, Generic[T]):
    """The receiving side of a channel; got from Chan.receiver.

    >>> import gort
    >>> ch = gort.Chan(3)
    >>> for i in range(3):
    ...     ch.send(i)
    >>> ch.close()
    >>> [value for value in ch.receiver()]
    [0, 1, 2]
    """

    __slots__ = ()
    __module__ = "gort"
    recv = ChanBase.recv
    recv_ok = ChanBase.recv_ok
    try_recv = ChanBase.try_recv
    __iter__ = ChanBase._iter
    arecv = _aio.arecv
    __aiter__ = _aio.values


class Chan(SendChan[T], RecvChan[T]):
    """A channel for values of any kind. With a capacity of 0 each send waits for its receive.

    >>> import gort
    >>> ch = gort.Chan()
    >>> g = gort.go(ch.send, "ping")
    >>> ch.recv()
    'ping'
    """

    __slots__ = ()
    __module__ = "gort"
    nil = staticmethod(ChanBase.nil)
    sender = ChanBase.sender
    receiver = ChanBase.receiver


for _name in ("send", "try_send", "close", "recv", "recv_ok", "try_recv", "_iter", "nil", "sender", "receiver"):
    delattr(ChanBase, _name)


class Selected(NamedTuple):
    """What select did.

    >>> import gort
    >>> gort.select(default=True)
    Selected(index=-1, value=None, ok=False)
    """

    index: int
    value: Any
    ok: bool


Selected.__module__ = "gort"
_gort._register(SendChan, RecvChan, Chan, Selected)
