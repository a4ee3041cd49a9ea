"""race_channels: A RACE ON PURPOSE. Five writers look at a flag to see whether the channel is closed, and the reader
closes it after three values, while writers are still there. Looking before sending does not help: the channel may
be closed between the look and the send, and the send then raises Closed.

    race_channels.py

race_channels_fixed is the same program put right.
"""

import argparse
import sys

import gort

WRITERS = 5
VALUES_WANTED = 3

closed = False


def write_once(chan: gort.Chan[bool]) -> None:
    seen = "closed" if closed else "open"
    try:
        chan.send(True)
        outcome = "OK"
    except gort.Closed:
        outcome = "Closed"
    sys.stdout.write(f"looked {seen}, send: {outcome}\n")


def main() -> None:
    global closed
    chan: gort.Chan[bool] = gort.Chan()
    group = gort.WaitGroup()
    for _ in range(WRITERS):
        group.go(write_once, chan)
    for count, _ in enumerate(chan, start=1):
        if count == VALUES_WANTED:
            closed = True
            chan.close()
    group.wait()


if __name__ == "__main__":
    argparse.ArgumentParser(description="Close a channel while there are writers.").parse_args()
    gort.run(main)
