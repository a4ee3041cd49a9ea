"""wpool_wc: the worker pool of wpools, with work worth having one for: WORKERS goroutines take files from a channel of
jobs and do wc(1) on them. (gort.imap has such a pool ready made, see wc_imap.)

    wpool_wc.py [-a] WORKERS FILE...
"""

import sys

import gort
from _wc_count import Counted, count_file, options, print_table


def main(workers: int, paths: list[str], any_bytes: bool) -> int:
    jobs: gort.Chan[int] = gort.Chan(16)
    results: gort.Chan[tuple[int, Counted]] = gort.Chan(16)

    def send_jobs() -> None:
        for index in range(len(paths)):
            jobs.send(index)
        jobs.close()

    def worker() -> None:
        for index in jobs:
            results.send((index, count_file(paths[index], any_bytes)))

    group = gort.WaitGroup()
    group.go(send_jobs)
    for _ in range(workers):
        group.go(worker)
    files = dict(results.recv() for _ in paths)
    group.wait()
    return print_table([files[index] for index in range(len(paths))], sys.stdout)


if __name__ == "__main__":
    parser = options("Count lines, words and bytes in a worker pool.")
    parser.add_argument("workers", type=int)
    parser.add_argument("files", nargs="+")
    given = parser.parse_args()
    sys.exit(gort.run(main, given.workers, given.files, given.a))
