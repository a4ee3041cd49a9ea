"""func_parameters: channels as parameters with a direction. A SendChan has no recv and a RecvChan no send, so that
a type checker, and failing that the first call, finds a wrong use.

    func_parameters.py
"""

import argparse

import gort


def printer(out: gort.SendChan[int]) -> None:
    for i in range(1, 6):
        out.send(i)
    out.close()


def forward(source: gort.RecvChan[int], out: gort.SendChan[int]) -> None:
    for value in source:
        out.send(value * 10)
    out.close()


def main() -> None:
    first: gort.Chan[int] = gort.Chan()
    second: gort.Chan[int] = gort.Chan()
    gort.go(printer, first.sender())
    gort.go(forward, first.receiver(), second.sender())
    for value in second:
        print(value)


if __name__ == "__main__":
    argparse.ArgumentParser(description="Pass channels with a direction.").parse_args()
    gort.run(main)
