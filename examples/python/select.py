"""select: a goroutine makes random numbers until it is told to end or nobody has wanted one for a while: a send, a
receive and a time-out in one select.

    select.py COUNT [TIMEOUT_MS [PAUSE_MS]]      (default 4000 and 0)

main takes COUNT numbers, pauses, and then says end; a pause longer than the time-out shows the third case.
"""

import os
import sys

if __name__ == "select":
    # Another program of this directory made Python look here for the standard module of the same name: find it that.
    here = os.path.dirname(os.path.abspath(__file__))
    everywhere = sys.path[:]
    del sys.modules["select"]
    sys.path[:] = [entry for entry in everywhere if os.path.abspath(entry) != here]
    import select  # noqa: F401

    sys.path[:] = everywhere
else:
    import argparse
    import itertools
    import random

    import gort

LOWEST, HIGHEST = 0, 99


def generate(numbers: "gort.Chan[int]", end: "gort.RecvChan[None]", timeout: float) -> None:
    while True:
        chosen = gort.select(
            gort.send(numbers, random.randint(LOWEST, HIGHEST)), gort.recv(end), gort.recv(gort.after(timeout))
        )
        if chosen.index != 0:
            break
    print("\nEnded!" if chosen.index == 1 else "\nTimed out!")
    numbers.close()


def main(count: int, timeout: float, pause: float) -> None:
    numbers: "gort.Chan[int]" = gort.Chan()
    end: "gort.Chan[None]" = gort.Chan()

    print(f"Going to create {count} random numbers.")
    generator = gort.go(generate, numbers, end.receiver(), timeout)
    for number in itertools.islice(numbers, count):
        print(number, end=" ")

    try:
        generator.join(timeout=pause)
    except gort.Timeout:
        end.close()
        generator.join()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make random numbers until told to end.")
    parser.add_argument("count", type=int)
    parser.add_argument("timeout_ms", nargs="?", type=int, default=4000)
    parser.add_argument("pause_ms", nargs="?", type=int, default=0)
    given = parser.parse_args()
    gort.run(main, given.count, given.timeout_ms / 1000, given.pause_ms / 1000)
