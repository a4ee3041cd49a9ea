"""timeout2: the time-out in a function of its own: it waits for a WaitGroup, but no longer than the duration from
the command line.

    timeout2.py LIMIT_MS [WORK_MS]      (default work: 5000)
"""

import argparse

import gort


def timed_out(group: gort.WaitGroup, limit: float) -> bool:
    done: gort.Chan[None] = gort.Chan()

    def wait_and_close() -> None:
        group.wait()
        done.close()

    gort.go(wait_and_close)
    # group.wait(timeout=limit) would do; this is how it is done with what select offers.
    return gort.select(gort.recv(done), gort.recv(gort.after(limit))).index == 1


def main(limit_ms: int, work_ms: int) -> None:
    print(f"Timeout period is {limit_ms} ms")
    group = gort.WaitGroup()
    group.go(gort.sleep, work_ms / 1000)
    print("Timed out!" if timed_out(group, limit_ms / 1000) else "OK!")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Wait for a WaitGroup, with a limit.")
    parser.add_argument("limit_ms", type=int)
    parser.add_argument("work_ms", nargs="?", type=int, default=5000)
    given = parser.parse_args()
    gort.run(main, given.limit_ms, given.work_ms)
