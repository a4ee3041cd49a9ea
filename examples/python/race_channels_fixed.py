"""race_channels_fixed: race_channels put right. The reader does not close the channel of writers it knows nothing
about: a signal channel tells them that enough is enough, each writer selects between the two, and the channel is
closed when the last writer is gone.

    race_channels_fixed.py
"""

import argparse
import sys

import gort

WRITERS = 5
VALUES_WANTED = 3


def write_once(values: gort.Chan[bool], enough: gort.Chan[None]) -> None:
    chosen = gort.select(gort.send(values, True), gort.recv(enough))
    sys.stdout.write("sent\n" if chosen.index == 0 else "not wanted\n")


def main() -> None:
    values: gort.Chan[bool] = gort.Chan()
    enough: gort.Chan[None] = gort.Chan()
    writers = gort.WaitGroup()
    for _ in range(WRITERS):
        writers.go(write_once, values, enough)

    def close_after_writers() -> None:
        writers.wait()
        values.close()

    closer = gort.go(close_after_writers)
    for _ in range(VALUES_WANTED):
        values.recv()
    enough.close()
    closer.join()
    print(f"the channel is {'open' if values.recv_ok()[1] else 'closed'}")


if __name__ == "__main__":
    argparse.ArgumentParser(description="Tell writers that enough is enough.").parse_args()
    gort.run(main)
