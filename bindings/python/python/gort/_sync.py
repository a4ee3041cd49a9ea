"""What of Go's sync needs no help of the runtime's: built on Mutex and WaitGroup."""

from __future__ import annotations

from collections import deque
from typing import Any, Callable, Generic, Iterator, Optional, TypeVar

from . import context
from ._gort import AtomicInt, Mutex, RWMutex, Semaphore, WaitGroup, go

__all__ = ["Cond", "Group", "Map", "Once", "Pool", "SingleFlight"]

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")
_MISSING: Any = object()


def lock_interruptibly(mutex: RWMutex, writes: bool) -> None:
    """Lock mutex, by another goroutine: the caller may be interrupted meanwhile."""
    unlock = mutex.unlock if writes else mutex.runlock
    # Whoever takes it decides: the lock is the caller's, or nobody wants it any more.
    verdict = AtomicInt()

    def locker() -> None:
        mutex._lock_patiently(writes)
        if not verdict.compare_and_swap(0, 1):
            unlock()

    locking = go(locker)
    try:
        locking.join()
    except BaseException:
        if not verdict.compare_and_swap(0, 2):
            unlock()
        raise


class Once:
    """Calls a function once: the first caller does, others wait until it has.

    >>> import gort
    >>> once = gort.Once()
    >>> for i in range(3):
    ...     once.do(lambda: print("only now"))
    only now
    """

    __slots__ = ("_mutex", "_done", "__weakref__")
    __module__ = "gort"

    def __init__(self) -> None:
        self._mutex = Mutex()
        self._done = False

    def do(self, fn: Callable[[], Any]) -> None:
        """Call fn, unless a function was called here before. An exception of fn goes to this caller, and
        counts as done.

        >>> import gort
        >>> once = gort.Once()
        >>> once.do(lambda: print("first"))
        first
        >>> once.do(lambda: print("second"))
        """
        if self._done:
            return
        with self._mutex:
            if not self._done:
                try:
                    fn()
                finally:
                    self._done = True


class Cond:
    """Go's sync.Cond: wait for something that a mutex protects.

    >>> import gort
    >>> mu = gort.Mutex()
    >>> cond, ready = gort.Cond(mu), []
    >>> def waiter():
    ...     with mu:
    ...         while not ready:
    ...             cond.wait()
    ...     return "seen"
    >>> g = gort.go(waiter)
    >>> with mu:
    ...     ready.append(1)
    >>> cond.broadcast()
    >>> g.join()
    'seen'
    """

    __slots__ = ("_mutex", "_waiting", "__weakref__")
    __module__ = "gort"

    def __init__(self, mutex: Mutex) -> None:
        if not isinstance(mutex, Mutex):
            raise TypeError(f"a Cond needs a Mutex, not {type(mutex).__name__}")
        self._mutex = mutex
        # One for each that waits, the longest first; who takes it out wakes it.
        self._waiting: deque[WaitGroup] = deque()

    def wait(self) -> None:
        """Unlock the mutex, wait for a signal, lock the mutex again.

        >>> import gort
        >>> gort.Cond(gort.Mutex()).wait()
        Traceback (most recent call last):
            ...
        gort.Misuse: unlock of unlocked mutex
        """
        me = WaitGroup()
        me.add()
        self._waiting.append(me)
        try:
            self._mutex.unlock()
        except BaseException:
            self._waiting.remove(me)
            raise
        try:
            me.wait()
        except BaseException:
            # Interrupted. A signal that has come all the same is for another.
            try:
                self._waiting.remove(me)
            except ValueError:
                self.signal()
            raise
        finally:
            self._mutex._lock_again()

    def signal(self) -> None:
        """Wake the one that waits longest.

        >>> import gort
        >>> gort.Cond(gort.Mutex()).signal()
        """
        try:
            self._waiting.popleft().done()
        except IndexError:
            pass

    def broadcast(self) -> None:
        """Wake all that wait now.

        >>> import gort
        >>> gort.Cond(gort.Mutex()).broadcast()
        """
        for _ in range(len(self._waiting)):
            self.signal()


class Group:
    """Goroutines that work on one task: the first exception ends it. As errgroup in Go.

    >>> import gort
    >>> with gort.Group() as group:
    ...     group.go(print, "working")
    working
    """

    __slots__ = ("ctx", "_wg", "_slots", "_mutex", "_error", "__weakref__")
    __module__ = "gort"
    ctx: context.Cancelable

    def __init__(self, ctx: Optional[context.Context] = None, *, limit: Optional[int] = None) -> None:
        if limit is not None and limit < 1:
            raise ValueError("the limit must be at least 1")
        self.ctx = context.with_cancel(context.background() if ctx is None else ctx)
        self._wg = WaitGroup()
        self._slots = None if limit is None else Semaphore(limit)
        self._mutex = Mutex()
        self._error: Optional[BaseException] = None

    def go(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> None:
        """Call fn(*args, **kwargs) in a goroutine; at the limit, wait until another is over.

        >>> import gort
        >>> group, done = gort.Group(limit=1), []
        >>> group.go(done.append, "one after")
        >>> group.go(done.append, "the other")
        >>> group.wait()
        >>> done
        ['one after', 'the other']
        """
        if self._slots is not None:
            self._slots.acquire()
        self._start(fn, args, kwargs)

    def try_go(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> bool:
        """As go, unless the limit is reached; whether it was not.

        >>> import gort
        >>> group = gort.Group()
        >>> group.try_go(int)
        True
        >>> group.wait()
        """
        if self._slots is not None and not self._slots.try_acquire():
            return False
        self._start(fn, args, kwargs)
        return True

    def _start(self, fn: Callable[..., Any], args: Any, kwargs: Any) -> None:
        if not callable(fn):
            if self._slots is not None:
                self._slots.release()
            raise TypeError(f"a goroutine runs a callable, not {type(fn).__name__}")
        self._wg.add()
        try:
            go(self._run, fn, args, kwargs)
        except BaseException:
            self._end()
            raise

    def _run(self, fn: Callable[..., Any], args: Any, kwargs: Any) -> None:
        try:
            fn(*args, **kwargs)
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            self._failed(error)
        finally:
            self._end()

    def _failed(self, error: BaseException) -> None:
        with self._mutex:
            if self._error is not None:
                return
            self._error = error
        self.ctx.cancel(error)

    def _end(self) -> None:
        if self._slots is not None:
            self._slots.release()
        self._wg.done()

    def wait(self) -> None:
        """Wait for all goroutines of the group; raise the first exception of any.

        >>> import gort
        >>> group = gort.Group()
        >>> group.go(int, "not a number")
        >>> group.wait()
        Traceback (most recent call last):
            ...
        ValueError: invalid literal for int() with base 10: 'not a number'
        """
        self._wg.wait()
        self.ctx.cancel()
        if self._error is not None:
            try:
                raise self._error
            finally:
                del self

    def __enter__(self) -> Group:
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if error is None:
            self.wait()
            return
        # The block's own exception goes on; the goroutines are told to end.
        self._failed(error)
        self._wg.wait()


class SingleFlight:
    """Of several calls for one key at a time, one does the work and all get its result.

    >>> import gort
    >>> flight = gort.SingleFlight()
    >>> flight.do("key", lambda: 42)
    (42, False)
    """

    __slots__ = ("_mutex", "_calls", "__weakref__")
    __module__ = "gort"

    def __init__(self) -> None:
        self._mutex = Mutex()
        self._calls: dict[Any, _Flight] = {}

    def do(self, key: Any, fn: Callable[[], R]) -> tuple[R, bool]:
        """(what fn returned, whether several callers got it). An exception goes to all of them too.

        >>> import gort
        >>> gort.SingleFlight().do("key", list)
        ([], False)
        """
        with self._mutex:
            flight = self._calls.get(key)
            leads = flight is None
            if flight is None:
                flight = self._calls[key] = _Flight()
            else:
                flight.others += 1
        if not leads:
            flight.over.wait()
            if flight.error is not None:
                raise flight.error
            return flight.result, True
        try:
            flight.result = fn()
        except BaseException as error:
            flight.error = error
            raise
        finally:
            with self._mutex:
                del self._calls[key]
                shared = flight.others > 0
            flight.over.done()
        return flight.result, shared


class _Flight:
    """A call under way."""

    __slots__ = ("over", "others", "result", "error")

    def __init__(self) -> None:
        self.over = WaitGroup()
        self.over.add()
        self.others = 0
        self.result: Any = None
        self.error: Optional[BaseException] = None


class Pool(Generic[T]):
    """Keeps objects that are expensive to make, for whoever needs one next.

    >>> import gort
    >>> pool = gort.Pool(bytearray)
    >>> buffer = pool.get()
    >>> pool.put(buffer)
    >>> pool.get() is buffer
    True
    """

    __slots__ = ("_new", "_kept", "__weakref__")
    __module__ = "gort"

    def __init__(self, new: Callable[[], T]) -> None:
        if not callable(new):
            raise TypeError(f"new must be callable, not {type(new).__name__}")
        self._new = new
        self._kept: list[T] = []

    def get(self) -> T:
        """One that was put, else a new one.

        >>> import gort
        >>> gort.Pool(list).get()
        []
        """
        try:
            return self._kept.pop()
        except IndexError:
            return self._new()

    def put(self, value: T) -> None:
        """Keep value for a later get.

        >>> import gort
        >>> gort.Pool(list).put([])
        """
        self._kept.append(value)


class Map(Generic[K, V]):
    """A dict for many goroutines, with steps that others cannot come between.

    >>> import gort
    >>> m = gort.Map()
    >>> m.store("a", 1)
    >>> m.load("a"), m.load("b")
    (1, None)
    """

    __slots__ = ("_mutex", "_items", "__weakref__")
    __module__ = "gort"

    def __init__(self) -> None:
        self._mutex = Mutex()
        self._items: dict[K, V] = {}

    def load(self, key: K, default: Any = None) -> Any:
        """The value of key, or default.

        >>> import gort
        >>> gort.Map().load("a", 0)
        0
        """
        return self._items.get(key, default)

    def store(self, key: K, value: V) -> None:
        """Set the value of key.

        >>> import gort
        >>> gort.Map().store("a", 1)
        """
        with self._mutex:
            self._items[key] = value

    def load_or_store(self, key: K, value: V) -> tuple[V, bool]:
        """(the value of key, True), or, after setting it, (value, False).

        >>> import gort
        >>> m = gort.Map()
        >>> m.load_or_store("a", 1), m.load_or_store("a", 2)
        ((1, False), (1, True))
        """
        with self._mutex:
            old = self._items.get(key, _MISSING)
            if old is not _MISSING:
                return old, True
            self._items[key] = value
            return value, False

    def load_and_delete(self, key: K) -> tuple[Optional[V], bool]:
        """(the value of key, True), which is then gone; (None, False) when there was none.

        >>> import gort
        >>> gort.Map().load_and_delete("a")
        (None, False)
        """
        with self._mutex:
            old = self._items.pop(key, _MISSING)
            return (None, False) if old is _MISSING else (old, True)

    def delete(self, key: K) -> None:
        """Remove key, if it is there.

        >>> import gort
        >>> gort.Map().delete("a")
        """
        with self._mutex:
            self._items.pop(key, None)

    def compare_and_swap(self, key: K, old: V, new: V) -> bool:
        """Set the value of key to new if it is equal to old; whether it was.

        >>> import gort
        >>> m = gort.Map()
        >>> m.store("a", 1)
        >>> m.compare_and_swap("a", 1, 2), m.compare_and_swap("a", 1, 3)
        (True, False)
        """
        with self._mutex:
            now = self._items.get(key, _MISSING)
            if now is _MISSING or not (now is old or now == old):
                return False
            self._items[key] = new
            return True

    def range(self) -> Iterator[tuple[K, V]]:
        """The items of now; the map may change meanwhile.

        >>> import gort
        >>> m = gort.Map()
        >>> m.store("a", 1)
        >>> list(m.range())
        [('a', 1)]
        """
        with self._mutex:
            items = list(self._items.items())
        return iter(items)
