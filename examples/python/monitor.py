"""monitor: a value owned by one goroutine. The others never touch it: they send new values to the owner and receive
the current one from it, and the owner's select serves one request at a time. No lock is needed.

    monitor.py [WRITERS]      (default 10)
"""

import argparse

import gort


class Monitor:
    def __init__(self) -> None:
        self._write: gort.Chan[int] = gort.Chan()
        self._read: gort.Chan[int] = gort.Chan()
        self._stop: gort.Chan[None] = gort.Chan()
        self._owner = gort.go(self._own_the_value)

    def _own_the_value(self) -> None:
        value = 0  # here, and nowhere else
        while True:
            chosen = gort.select(gort.recv(self._write), gort.send(self._read, value), gort.recv(self._stop))
            if chosen.index == 0:
                value = chosen.value
                print(value, end=" ")
            elif chosen.index == 2:
                return

    def set(self, value: int) -> None:
        self._write.send(value)

    def get(self) -> int:
        return self._read.recv()

    def close(self) -> None:
        self._stop.close()
        self._owner.join()


def main(writers: int) -> None:
    print(f"Going to write {writers} numbers.")
    monitor = Monitor()
    group = gort.WaitGroup()
    for i in range(1, writers + 1):
        group.go(monitor.set, i)
    group.wait()
    print(f"\nLast value: {monitor.get()}")
    monitor.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Let one goroutine own a value.")
    parser.add_argument("writers", nargs="?", type=int, default=10)
    gort.run(main, parser.parse_args().writers)
