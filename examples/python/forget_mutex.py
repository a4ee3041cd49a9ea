"""forget_mutex: a function that locks a Mutex and forgets to unlock it. The first goroutine that calls it gets
through, the second waits for ever, and main waits for the second: the runtime sees that nobody can go on, and run
raises Deadlock, whose text says where everybody is. Exits with 2.

    forget_mutex.py
"""

import argparse
import sys

import gort

mutex = gort.Mutex()


def forgetful() -> None:
    mutex.lock()
    print("Locked!")


def main() -> None:
    group = gort.WaitGroup()
    group.go(forgetful)
    group.go(forgetful)
    group.wait()
    print("never reached")


if __name__ == "__main__":
    argparse.ArgumentParser(description="Forget to unlock a Mutex.").parse_args()
    try:
        gort.run(main)
    except gort.Deadlock as report:
        print(report, file=sys.stderr)
        sys.exit(2)
