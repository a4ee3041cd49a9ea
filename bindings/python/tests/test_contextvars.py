"""contextvars: copied at go, and a goroutine's own from then on; the decimal context with them."""

from __future__ import annotations

import contextvars
import decimal
import threading

import gort
from support import goroutine

VARIABLE = contextvars.ContextVar("VARIABLE", default="default")


@goroutine
def test_copied_at_the_go_statement():
    VARIABLE.set("before")
    handle = gort.go(VARIABLE.get)
    VARIABLE.set("after")
    assert handle.join() == "before"
    assert gort.go(VARIABLE.get).join() == "after"


@goroutine
def test_a_goroutine_changes_only_its_own():
    VARIABLE.set("outer")

    def sets(value):
        assert VARIABLE.get() == "outer"
        VARIABLE.set(value)
        for _ in range(5):
            gort.yield_now()
            assert VARIABLE.get() == value
        return gort.go(VARIABLE.get).join()

    handles = [gort.go(sets, i) for i in range(50)]
    assert [handle.join() for handle in handles] == list(range(50))
    assert VARIABLE.get() == "outer"


def test_run_and_the_helpers_copy_too():
    token = VARIABLE.set("plain thread")
    try:
        assert gort.run(VARIABLE.get) == "plain thread"
        group = gort.WaitGroup()
        assert group.go(VARIABLE.get).join() == "plain thread"
        seen = gort.Chan(3)
        with gort.Group() as errors:
            errors.go(lambda: seen.send(VARIABLE.get()))
        gort.after_func(0, lambda: seen.send(VARIABLE.get()))
        assert [seen.recv(), seen.recv()] == ["plain thread"] * 2
        assert list(gort.imap(lambda _: VARIABLE.get(), [1, 2], workers=1)) == ["plain thread"] * 2
    finally:
        VARIABLE.reset(token)


@goroutine
def test_tokens_work_across_parks():
    def resets():
        token = VARIABLE.set("inner")
        gort.yield_now()
        VARIABLE.reset(token)
        return VARIABLE.get()

    assert {handle.join() for handle in [gort.go(resets) for _ in range(20)]} == {"default"}


@goroutine
def test_context_run_across_parks():
    context = contextvars.copy_context()
    context.run(VARIABLE.set, "in it")

    def inside():
        gort.yield_now()
        return VARIABLE.get()

    assert gort.go(context.run, inside).join() == "in it"
    assert VARIABLE.get() == "default"


@goroutine
def test_the_decimal_context():
    def divides(precision):
        with decimal.localcontext() as context:
            context.prec = precision
            gort.yield_now()
            return str(decimal.Decimal(1) / 3)

    handles = [(p, gort.go(divides, p)) for p in range(3, 30)]
    for precision, handle in handles:
        assert handle.join() == "0." + "3" * precision
    assert decimal.getcontext().prec == 28


@goroutine
def test_a_shell_used_again_keeps_nothing():
    """A goroutine that comes later finds nothing of one that is over."""
    local = threading.local()

    def leaves_traces():
        VARIABLE.set("trace")
        decimal.setcontext(decimal.Context(prec=5))
        local.value = "trace"

    def looks():
        return VARIABLE.get(), decimal.getcontext().prec, getattr(local, "value", None)

    for _ in range(20):
        gort.go(leaves_traces).join()
        assert gort.go(looks).join() == ("default", 28, None)


def test_what_a_goroutine_sets_is_not_seen_by_the_next():
    variable = contextvars.ContextVar("variable", default="nothing")

    def reads_and_sets(i):
        before = variable.get()
        variable.set(i)
        gort.yield_now()
        return before, variable.get(), len(contextvars.copy_context())

    def one_after_another():
        return [gort.go(reads_and_sets, i).join() for i in range(100)]

    def all_at_once():
        return [g.join() for g in [gort.go(reads_and_sets, i) for i in range(100)]]

    # From no variables at all, and from one.
    for others, context in ((0, contextvars.Context()), (1, contextvars.copy_context())):
        if others:
            context.run(contextvars.ContextVar("other").set, 1)
        for starts in (one_after_another, all_at_once):
            assert context.run(starts) == [("nothing", i, len(context) + 1) for i in range(100)]
        assert variable not in context
