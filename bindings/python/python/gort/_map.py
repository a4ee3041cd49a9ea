"""imap and imap_unordered: a function over an iterable, by several goroutines."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, TypeVar

from . import context
from ._chan import Chan
from ._errors import Canceled
from ._gort import AtomicInt, go, gomaxprocs

__all__ = ["imap", "imap_unordered"]

T = TypeVar("T")
R = TypeVar("R")

# Items read ahead, a worker.
_AHEAD = 2


def _workers(workers: int) -> int:
    if workers < 0:
        raise ValueError("workers must not be negative")
    return workers or max(2, gomaxprocs())


def imap(fn: Callable[[T], R], iterable: Iterable[T], *, workers: int = 0) -> Iterator[R]:
    """fn(item) for each item, computed by several goroutines, in the order of the items. An exception
    of fn or of the iterable is raised where its result would have been.

    >>> import gort
    >>> list(gort.imap(abs, [3, -2, 1], workers=2))
    [3, 2, 1]
    """
    if not callable(fn):
        raise TypeError(f"fn must be callable, not {type(fn).__name__}")
    return _ordered(fn, iter(iterable), _workers(workers))


def _ordered(fn: Callable[[T], R], items: Iterator[T], workers: int) -> Iterator[R]:
    with context.with_cancel(context.background()) as ctx:
        jobs: Chan[Any] = Chan()
        order: Chan[Any] = Chan(workers * _AHEAD)

        def feed() -> None:
            try:
                for item in items:
                    answer: Chan[Any] = Chan(1)
                    order.send(answer, ctx=ctx)
                    jobs.send((item, answer), ctx=ctx)
            except Canceled:
                if ctx.err() is None:
                    raise
            except BaseException as error:
                failed: Chan[Any] = Chan(1)
                failed.send((False, error))
                _unless_canceled(ctx, order, failed)
            finally:
                jobs.close()
                order.close()

        def work() -> None:
            for item, answer in jobs:
                answer.send(_outcome(fn, item))

        _start(feed, work, workers)
        for answer in order:
            ok, value = answer.recv()
            if not ok:
                raise value
            yield value


def imap_unordered(fn: Callable[[T], R], iterable: Iterable[T], *, workers: int = 0) -> Iterator[R]:
    """As imap, but each result as soon as it is there.

    >>> import gort
    >>> sorted(gort.imap_unordered(abs, [3, -2, 1], workers=2))
    [1, 2, 3]
    """
    if not callable(fn):
        raise TypeError(f"fn must be callable, not {type(fn).__name__}")
    return _unordered(fn, iter(iterable), _workers(workers))


def _unordered(fn: Callable[[T], R], items: Iterator[T], workers: int) -> Iterator[R]:
    with context.with_cancel(context.background()) as ctx:
        jobs: Chan[Any] = Chan()
        results: Chan[Any] = Chan(workers * _AHEAD)
        busy = AtomicInt(workers + 1)

        def leave() -> None:
            if busy.add(-1) == 0:
                results.close()

        def feed() -> None:
            try:
                for item in items:
                    jobs.send(item, ctx=ctx)
            except Canceled:
                if ctx.err() is None:
                    raise
            except BaseException as error:
                _unless_canceled(ctx, results, (False, error))
            finally:
                jobs.close()
                leave()

        def work() -> None:
            try:
                for item in jobs:
                    if not _unless_canceled(ctx, results, _outcome(fn, item)):
                        return
            finally:
                leave()

        _start(feed, work, workers)
        for ok, value in results:
            if not ok:
                raise value
            yield value


def _start(feed: Callable[[], None], work: Callable[[], None], workers: int) -> None:
    for _ in range(workers):
        go(work)
    go(feed)


def _unless_canceled(ctx: context.Context, ch: Chan[Any], value: Any) -> bool:
    """Send, unless nobody will receive any more; whether it was sent."""
    try:
        ch.send(value, ctx=ctx)
        return True
    except Canceled:
        return False


def _outcome(fn: Callable[[T], R], item: T) -> tuple[bool, Any]:
    try:
        return True, fn(item)
    except BaseException as error:
        return False, error
