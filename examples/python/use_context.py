"""use_context: work that takes WORK_MS against three contexts: one cancelled by another goroutine, one with a
time-out, one with a deadline, each after LIMIT_MS. Says which came first, and why the context ended.

    use_context.py WORK_MS [LIMIT_MS]      (default limit: 4000)
"""

import argparse
import time

import gort
from gort import context


def cancel_later(ctx: context.Context, delay: float) -> None:
    # The sleep ends early when the context does, so this goroutine does not linger.
    try:
        gort.sleep(delay, ctx=ctx)
    except gort.Canceled:
        return
    ctx.cancel()


def race_against_work(name: str, ctx: context.Context, work: float) -> None:
    with ctx:  # leaving the block cancels it
        chosen = gort.select(gort.recv(ctx.done()), gort.recv(gort.after(work)))
        if chosen.index == 0:
            print(f"{name}: {type(ctx.err()).__name__}: {ctx.err()}")
        else:
            print(f"{name}: the work was done first: {ctx.err()}")


def main(work: float, limit: float) -> None:
    ctx = context.with_cancel(context.background())
    canceler = gort.go(cancel_later, ctx, limit)
    race_against_work("WithCancel", ctx, work)
    canceler.join()

    race_against_work("WithTimeout", context.with_timeout(context.background(), limit), work)
    race_against_work("WithDeadline", context.with_deadline(context.background(), time.monotonic() + limit), work)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Race work against contexts.")
    parser.add_argument("work_ms", type=int)
    parser.add_argument("limit_ms", nargs="?", type=int, default=4000)
    given = parser.parse_args()
    gort.run(main, given.work_ms / 1000, given.limit_ms / 1000)
