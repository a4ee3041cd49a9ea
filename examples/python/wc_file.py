"""wc_file: wc(1) with one goroutine a file, the result saved to OUTPUT, which one goroutine owns: the counting ones
send it their results, and it alone writes.

    wc_file.py [-a] OUTPUT FILE...
"""

import sys

import gort
from _wc_count import Counted, count_file, options, print_table, report


def write_output(output: str, results: gort.RecvChan[tuple[int, Counted]]) -> int:
    """The owner of the output: collects until the results are closed, then saves. The exit status."""
    files = [counted for _, counted in sorted(results, key=lambda result: result[0])]
    try:
        with open(output, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors) as out:
            return print_table(files, out)
    except OSError as error:
        report(output, error)
        return 1


def main(output: str, paths: list[str], any_bytes: bool) -> int:
    results: gort.Chan[tuple[int, Counted]] = gort.Chan(16)
    writing = gort.go(write_output, output, results.receiver())
    counting = gort.WaitGroup()
    for index, path in enumerate(paths):
        counting.go(lambda index, path: results.send((index, count_file(path, any_bytes))), index, path)
    counting.wait()
    results.close()
    return writing.join()


if __name__ == "__main__":
    parser = options("Count lines, words and bytes; the result goes to a file.")
    parser.add_argument("output")
    parser.add_argument("files", nargs="+")
    given = parser.parse_args()
    sys.exit(gort.run(main, given.output, given.files, given.a))
