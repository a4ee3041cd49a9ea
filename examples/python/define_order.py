"""define_order: signal channels put goroutines in order. A, B, C and D are started in any order and run as A, B, C,
D, because each waits for its channel to be closed and closes the next one's. A closed channel wakes everybody who
waits, so D may run several times.

    define_order.py
"""

import argparse
from typing import Optional

import gort

Signal = gort.Chan[None]
TIMES_D = 3


def step(name: str, wait_for: Signal, then_close: Optional[Signal]) -> None:
    wait_for.recv_ok()
    print(f"{name}()!\n", end="")
    if then_close is not None:
        then_close.close()


def main() -> None:
    a, b, c, d = (Signal() for _ in range(4))
    group = gort.WaitGroup()
    for _ in range(TIMES_D):
        group.go(step, "D", d, None)
    group.go(step, "C", c, d)
    group.go(step, "A", a, b)
    group.go(step, "B", b, c)

    a.close()  # and off they go
    group.wait()


if __name__ == "__main__":
    argparse.ArgumentParser(description="Put goroutines in order.").parse_args()
    gort.run(main)
