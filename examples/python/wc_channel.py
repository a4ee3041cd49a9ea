"""wc_channel: wc(1) with one goroutine a file; the results come over a buffered channel, each with its index, so that
they can be printed in order.

    wc_channel.py [-a] FILE...
"""

import sys

import gort
from _wc_count import Counted, count_file, options, print_table


def main(paths: list[str], any_bytes: bool) -> int:
    results: gort.Chan[tuple[int, Counted]] = gort.Chan(16)

    def count_and_send(index: int, path: str) -> None:
        results.send((index, count_file(path, any_bytes)))

    for index, path in enumerate(paths):
        gort.go(count_and_send, index, path)
    files = dict(results.recv() for _ in paths)
    return print_table([files[index] for index in range(len(paths))], sys.stdout)


if __name__ == "__main__":
    parser = options("Count lines, words and bytes; the results come over a channel.")
    parser.add_argument("files", nargs="+")
    given = parser.parse_args()
    sys.exit(gort.run(main, given.files, given.a))
