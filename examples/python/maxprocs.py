"""maxprocs: what runs this program, and the number of Ps, which is how many goroutines may run at the same instant.

    maxprocs.py                  shows the number and changes nothing
    maxprocs.py 3                sets it to 3 and shows the one before
    GOMAXPROCS=100 maxprocs.py   takes it from the environment
"""

import argparse
import platform

import gort


def main() -> None:
    parser = argparse.ArgumentParser(description="Show or set the number of Ps.")
    parser.add_argument("procs", nargs="?", type=int, default=0, help="set it to this number")
    procs = parser.parse_args().procs

    print(f"compiler: {platform.python_implementation()} {platform.python_version()} on {platform.machine()}")
    print(f"gort version: {gort.__version__}")
    print(f"CPUs: {gort.num_cpu()}")
    print(f"GOMAXPROCS: {gort.gomaxprocs()}")
    if procs > 0:
        previous = gort.gomaxprocs(procs)
        print(f"set to {procs}, was {previous}, now {gort.gomaxprocs()}")


if __name__ == "__main__":
    main()
