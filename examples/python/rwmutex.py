"""rwmutex: any number of readers at once, or one writer. Four readers meet inside the lock, which only works when
they are let in together; a writer that comes meanwhile waits for all of them, and while it waits no new reader gets
in.

    rwmutex.py
"""

import argparse
import sys

import gort

READERS = 4


class Shared:
    def __init__(self) -> None:
        self.lock = gort.RWMutex()
        self.secret = "first"
        self.inside = gort.WaitGroup()  # counts down as the readers get in
        self.leave: gort.Chan[None] = gort.Chan()  # closed when they may go out again
        self.readers_now = gort.AtomicInt()


def reader(shared: Shared) -> None:
    with shared.lock.reader():
        shared.readers_now.add(1)
        shared.inside.done()
        shared.leave.recv_ok()
        sys.stdout.write(f"reader sees: {shared.secret}\n")
        shared.readers_now.add(-1)


def writer(shared: Shared) -> None:
    with shared.lock.writer():
        print(f"writer sees {shared.readers_now.load()} readers")
        shared.secret = "changed"


def main() -> None:
    shared = Shared()
    group = gort.WaitGroup()
    shared.inside.add(READERS)
    for _ in range(READERS):
        group.go(reader, shared)
    shared.inside.wait()
    print(f"{shared.readers_now.load()} readers at once")
    print(f"try_lock beside them: {str(shared.lock.try_lock()).lower()}")

    group.go(writer, shared)
    while shared.lock.try_rlock():  # until the writer waits
        shared.lock.runlock()
        gort.sleep(0.001)
    print("the writer waits: no new reader gets in")

    shared.leave.close()
    group.wait()
    with shared.lock.reader():
        print(f"main sees: {shared.secret}")


if __name__ == "__main__":
    argparse.ArgumentParser(description="Several readers or one writer.").parse_args()
    gort.run(main)
