"""wc_semaphore: wc(1) with one goroutine a file, but only WORKERS of them at a time, so that any number of files needs
few descriptors and little memory. Each writes to the slot of its file; acquiring the whole semaphore is the join.

    wc_semaphore.py [-a] WORKERS FILE...
"""

import sys
from typing import Optional

import gort
from _wc_count import Counted, count_file, options, print_table


def main(workers: int, paths: list[str], any_bytes: bool) -> int:
    semaphore = gort.Semaphore(workers)
    slots: list[Optional[Counted]] = [None] * len(paths)

    def count_slot(index: int) -> None:
        slots[index] = count_file(paths[index], any_bytes)
        semaphore.release()

    for index in range(len(paths)):
        semaphore.acquire()
        gort.go(count_slot, index)
    semaphore.acquire(workers)
    return print_table([counted for counted in slots if counted is not None], sys.stdout)


if __name__ == "__main__":
    parser = options("Count lines, words and bytes, a limited number of files at a time.")
    parser.add_argument("workers", type=int)
    parser.add_argument("files", nargs="+")
    given = parser.parse_args()
    sys.exit(gort.run(main, given.workers, given.files, given.a))
