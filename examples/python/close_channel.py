"""close_channel: a closed channel gives what was in it, and recv_ok then says that there is nothing more; writing
to it, closing it again, and closing a nil channel are errors that change nothing.

    close_channel.py
"""

import argparse
from typing import Any, Callable

import gort


def report(what: str, function: Callable[..., Any], *arguments: Any) -> None:
    try:
        function(*arguments)
    except gort.Error as error:
        print(f"{what}: {type(error).__name__}: {error}")


def main() -> None:
    chan: gort.Chan[int] = gort.Chan(2)
    chan.send(5)
    chan.send(6)
    print(f"first: {chan.recv()}")
    print(f"second: {chan.recv()}")

    chan.close()
    value, ok = chan.recv_ok()
    print(f"after the close: {value} ({'open' if ok else 'Closed'})")

    report("send on a closed channel", chan.send, 5)
    report("close of a closed channel", chan.close)
    report("close of a nil channel", gort.Chan.nil().close)


if __name__ == "__main__":
    argparse.ArgumentParser(description="Use a channel after its close.").parse_args()
    gort.run(main)
