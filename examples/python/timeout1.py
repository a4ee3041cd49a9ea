"""timeout1: a slow goroutine against gort.after, in the main function: the first wait is too short, the second long
enough.

    timeout1.py [WORK_MS [SHORT_MS [LONG_MS]]]      (default 3000, 1000, 4000)
"""

import argparse

import gort


def start_slow(seconds: float, answer: str) -> gort.RecvChan[str]:
    # A buffer of one: the send does not wait, even when nobody listens any more.
    result: gort.Chan[str] = gort.Chan(1)

    def slow() -> None:
        gort.sleep(seconds)
        result.send(answer)

    gort.go(slow)
    return result.receiver()


def main(work: float, short: float, long: float) -> None:
    for name, limit in (("c1", short), ("c2", long)):
        result = start_slow(work, f"{name} OK")
        chosen = gort.select(gort.recv(result), gort.recv(gort.after(limit)))
        print(chosen.value if chosen.index == 0 else f"timeout {name}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Wait for something slow, but not for ever.")
    parser.add_argument("work_ms", nargs="?", type=int, default=3000)
    parser.add_argument("short_ms", nargs="?", type=int, default=1000)
    parser.add_argument("long_ms", nargs="?", type=int, default=4000)
    given = parser.parse_args()
    gort.run(main, given.work_ms / 1000, given.short_ms / 1000, given.long_ms / 1000)
