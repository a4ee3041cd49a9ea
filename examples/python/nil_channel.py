"""nil_channel: a nil channel is never ready, which makes it the way to switch a branch of a select off. A reader
sums what a writer sends until a timer fires, then sets its channel to nil: from there on the writer, ready as ever,
gets nothing through.

    nil_channel.py [MILLISECONDS]      (default 1000)
"""

import argparse
import itertools

import gort


def write_for_ever(chan: gort.Chan[int]) -> None:
    try:
        for i in itertools.count(1):
            chan.send(i)
    except gort.Closed:
        pass


def main(seconds: float) -> None:
    numbers: gort.Chan[int] = gort.Chan()
    writer = gort.go(write_for_ever, numbers)

    timer = gort.Timer(seconds)
    count = total = 0
    source = numbers
    while True:
        chosen = gort.select(gort.recv(source), gort.recv(timer.c))
        if chosen.index == 1:
            source = gort.Chan.nil()
            break
        count += 1
        total += chosen.value
    print(f"received: {count}, sum: {total}")

    # The writer is still sending, but nobody listens to it any more.
    timer.reset(seconds)
    chosen = gort.select(gort.recv(source), gort.recv(timer.c))
    print("the branch is disabled" if chosen.index == 1 else "the branch is still there")

    # With the close the writer's send fails, and it ends.
    numbers.close()
    writer.join()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Switch a branch of a select off.")
    parser.add_argument("milliseconds", nargs="?", type=int, default=1000)
    gort.run(main, parser.parse_args().milliseconds / 1000)
