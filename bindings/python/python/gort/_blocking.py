"""Calls that block their thread, made on another one while the goroutine parks."""

from __future__ import annotations

import contextvars
import threading
from typing import Any, Callable, Optional, TypeVar, cast

from ._chan import Chan
from ._gort import WaitGroup, goroutine_id

__all__ = ["blocking"]

R = TypeVar("R")


class _Job:
    """A call, and what came of it."""

    __slots__ = ("call", "over", "result", "error")

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call: Optional[Callable[[], Any]] = call
        self.over = WaitGroup()
        self.over.add()
        self.result: Any = None
        self.error: Optional[BaseException] = None

    def run(self) -> None:
        call, self.call = self.call, None
        try:
            assert call is not None
            self.result = call()
        except BaseException as error:
            self.error = error
        finally:
            self.over.done()


# Idle threads, the last used first: each waits for a job on a channel of its own.
_idle: list[Chan[_Job]] = []


def _serve(jobs: Chan[_Job], job: Optional[_Job]) -> None:
    while True:
        if job is not None:
            job.run()
            job = None
        _idle.append(jobs)
        job = jobs.recv()


def blocking(fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> R:
    """Call fn(*args, **kwargs) on a helper thread and park meanwhile, so that the other goroutines run
    on while fn blocks. On a plain thread fn is simply called.

    >>> import gort, time
    >>> gort.go(gort.blocking, time.sleep, 0.001).join()
    """
    if goroutine_id() == 0:
        return fn(*args, **kwargs)
    context = contextvars.copy_context()
    job = _Job(lambda: context.run(fn, *args, **kwargs))
    try:
        _idle.pop().send(job)
    except IndexError:
        threading.Thread(target=_serve, args=(Chan(1), job), name="gort-blocking", daemon=True).start()
    job.over.wait()
    if job.error is not None:
        try:
            raise job.error
        finally:
            del job
    return cast(R, job.result)
