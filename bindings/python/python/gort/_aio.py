"""Channels and goroutines in asyncio: what is ready is had at once; else a future waits, and a
descriptor tells the event loop when goroutines have completed what was begun here.

A wait that is canceled has taken and given nothing. If it was completed just before, it ends as if
it had not been canceled: so no value is lost.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import Any, AsyncIterator

from ._errors import Closed
from ._gort import Case, Completions, recv, select, send

__all__ = ["aselect"]



class _Bridge:
    """The operations that one event loop waits for. It must not refer to the loop, which it is found by."""

    __slots__ = ("completions",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.completions = Completions()
        loop.add_reader(self.completions.fileno(), self.deliver)

    def deliver(self) -> None:
        for operation in self.completions.drain():
            if not operation.future.done():
                operation.future.set_result(None)


_bridges: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Bridge] = weakref.WeakKeyDictionary()


def _bridge(loop: asyncio.AbstractEventLoop) -> Completions:
    bridge = _bridges.get(loop)
    if bridge is None:
        bridge = _bridges[loop] = _Bridge(loop)
    return bridge.completions


async def aselect(*cases: Case) -> Any:
    """As select, in asyncio: `await gort.aselect(gort.recv(a), gort.recv(b))`.

    >>> import asyncio, gort
    >>> async def main():
    ...     ch = gort.Chan()
    ...     gort.go(ch.send, "from a goroutine")
    ...     return await gort.aselect(gort.recv(ch))
    >>> asyncio.run(main())
    Selected(index=0, value='from a goroutine', ok=True)
    """
    done = select(*cases, default=True)
    if done.index >= 0:
        return done
    loop = asyncio.get_running_loop()
    completions = _bridge(loop)
    key, operation = completions.begin(cases, loop.create_future())
    try:
        await operation.future
    except asyncio.CancelledError:
        if completions.cancel(key, operation):
            raise
    except BaseException:
        completions.cancel(key, operation)
        raise
    return operation.result()


async def asend(self: Any, value: Any) -> None:
    """As send, in asyncio.

    >>> import asyncio, gort
    >>> async def main():
    ...     ch = gort.Chan()
    ...     g = gort.go(ch.recv)
    ...     await ch.asend(42)
    ...     return await g
    >>> asyncio.run(main())
    42
    """
    await aselect(send(self, value))


async def arecv(self: Any) -> Any:
    """As recv, in asyncio.

    >>> import asyncio, gort
    >>> async def main():
    ...     ch = gort.Chan()
    ...     gort.go(ch.send, 42)
    ...     return await ch.arecv()
    >>> asyncio.run(main())
    42
    """
    _, value, ok = await aselect(recv(self))
    if not ok:
        raise Closed("receive on a channel that is closed and drained")
    return value


async def values(self: Any) -> AsyncIterator[Any]:
    """The values of a channel until it is closed: `async for value in ch`."""
    while True:
        _, value, ok = await aselect(recv(self))
        if not ok:
            return
        yield value


async def join(goroutine: Any) -> Any:
    """Wait until the goroutine is over: what `await goroutine` does."""
    if not goroutine.done:
        await aselect(recv(goroutine._over()))
    return goroutine.join()
