"""wc_imap: wc(1) in three lines: imap maps a function over the files in a pool of goroutines, and gives the results
in the files' order, as they come. Wrap it in tqdm for a progress bar.

    wc_imap.py [-a] [-j WORKERS] FILE...
"""

import functools
import sys

import gort
from _wc_count import count_file, options, print_table


def main(paths: list[str], any_bytes: bool, workers: int) -> int:
    files = gort.imap(functools.partial(count_file, any_bytes=any_bytes), paths, workers=workers)
    return print_table(list(files), sys.stdout)


if __name__ == "__main__":
    parser = options("Count lines, words and bytes with imap.")
    parser.add_argument("-j", dest="workers", type=int, default=0)
    parser.add_argument("files", nargs="+")
    given = parser.parse_args()
    sys.exit(gort.run(main, given.files, given.a, given.workers))
