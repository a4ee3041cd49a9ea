"""go_closure: a loop variable and goroutines. A function that only mentions the variable would see what it holds when
the goroutine runs; an argument of go is evaluated at the go statement, so each goroutine has its own value.

    go_closure.py [GOROUTINES]      (default 20)
"""

import argparse

import gort


def main(count: int) -> None:
    group = gort.WaitGroup()
    for i in range(count):
        group.go(lambda own: print(f"{own} ", end=""), i)
    group.wait()
    print()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Give each goroutine its own value of a loop variable.")
    parser.add_argument("goroutines", nargs="?", type=int, default=20)
    gort.run(main, parser.parse_args().goroutines)
