"""channels: writing, reading and closing.

First a channel with a buffer of one: write, close, read the value, and read again, which raises Closed. Then five
writers on an unbuffered channel whose reader closes it after three values: the two writers that come late find it
closed. (Closing is the writers' job; race_channels_fixed has the cure.)

    channels.py
"""

import argparse
import sys

import gort

WRITERS = 5
VALUES_WANTED = 3


def write_ten(chan: gort.Chan[int]) -> None:
    chan.send(10)
    chan.close()


def read_twice() -> None:
    chan: gort.Chan[int] = gort.Chan(1)
    write_ten(chan)
    print(f"Read: {chan.recv()}")
    _, is_open = chan.recv_ok()
    print("Channel is open!" if is_open else "Channel is closed!")


def write_once(chan: gort.Chan[int], number: int) -> None:
    try:
        chan.send(number)
    except gort.Closed as error:
        sys.stdout.write(f"late writer: {type(error).__name__}: {error}\n")


def main() -> None:
    read_twice()

    chan: gort.Chan[int] = gort.Chan()
    group = gort.WaitGroup()
    for i in range(WRITERS):
        group.go(write_once, chan, i)
    for count, _ in enumerate(chan, start=1):
        sys.stdout.write("received from a writer\n")
        if count == VALUES_WANTED:
            sys.stdout.write(f"n: {count}, closing\n")
            chan.close()
    group.wait()


if __name__ == "__main__":
    argparse.ArgumentParser(description="Write, read and close channels.").parse_args()
    gort.run(main)
