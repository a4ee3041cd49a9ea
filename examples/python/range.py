"""range: one writer sends N values and closes the channel; the reader's loop ends by itself. Reading on after that
gives nothing, at once.

    range.py [N]      (default 5)
"""

import argparse

import gort


def write_all(chan: gort.Chan[int], count: int) -> None:
    for i in range(1, count + 1):
        chan.send(i)
    chan.close()


def main(count: int) -> None:
    chan: gort.Chan[int] = gort.Chan()
    gort.go(write_all, chan, count)

    for value in chan:
        print(value)
    print("the range is over")
    for _ in range(3):
        rest, ok = chan.recv_ok()
        print(f"{rest} ({'open' if ok else 'Closed'})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Range over a channel.")
    parser.add_argument("count", nargs="?", type=int, default=5)
    gort.run(main, parser.parse_args().count)
