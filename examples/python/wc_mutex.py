"""wc_mutex: wc(1) with one goroutine a file; the results are in shared memory, and a mutex guards the list they are
appended to, in the order they come in.

    wc_mutex.py [-a] FILE...
"""

import sys

import gort
from _wc_count import Counted, count_file, options, print_table


def main(paths: list[str], any_bytes: bool) -> int:
    mutex = gort.Mutex()
    results: list[tuple[int, Counted]] = []  # under mutex

    def count_and_append(index: int, path: str) -> None:
        counted = count_file(path, any_bytes)  # outside of the lock: this is the long part
        with mutex:
            results.append((index, counted))

    group = gort.WaitGroup()
    for index, path in enumerate(paths):
        group.go(count_and_append, index, path)
    group.wait()
    results.sort(key=lambda result: result[0])
    return print_table([counted for _, counted in results], sys.stdout)


if __name__ == "__main__":
    parser = options("Count lines, words and bytes; the results are in shared memory.")
    parser.add_argument("files", nargs="+")
    given = parser.parse_args()
    sys.exit(gort.run(main, given.files, given.a))
