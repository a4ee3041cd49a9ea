"""buf_channel: a channel with room for five, ten sends with a default branch, of which the last five find no
space, and receives until nothing is left.

    buf_channel.py
"""

import argparse

import gort

CAPACITY = 5
SENDS = 10


def main() -> None:
    numbers: gort.Chan[int] = gort.Chan(CAPACITY)

    for i in range(SENDS):
        chosen = gort.select(gort.send(numbers, i * i), default=True)
        print(f"About to process {i}" if chosen.index == 0 else f"No space for {i}")
    print(f"{len(numbers)} of {numbers.cap} places taken")

    # With a single case, try_recv says the same.
    while True:
        try:
            print(f"*{numbers.try_recv()}")
        except gort.WouldBlock:
            print("Nothing left to read")
            break


if __name__ == "__main__":
    argparse.ArgumentParser(description="Fill and empty a buffered channel.").parse_args()
    gort.run(main)
