"""semaphore: a weighted semaphore of four lets four workers run at a time. Each result lands in a slot of its own, so
the results need no lock; at the end main acquires all four at once, which it can only when the last worker is done.

    semaphore.py [JOBS]      (default 10)
"""

import argparse

import gort

WORKERS = 4


class Job:
    def __init__(self, jobs: int) -> None:
        self.semaphore = gort.Semaphore(WORKERS)
        self.results: list[int] = [0] * jobs
        self.running = gort.AtomicInt()
        self.most_running = 0
        self.mutex = gort.Mutex()  # guards most_running

    def work(self, number: int) -> None:
        now = self.running.add(1)
        with self.mutex:
            self.most_running = max(self.most_running, now)
        gort.sleep(0.001)
        self.results[number] = number * number
        self.running.add(-1)
        self.semaphore.release()


def main(jobs: int) -> None:
    job = Job(jobs)
    for i in range(jobs):
        job.semaphore.acquire()
        gort.go(job.work, i)
    job.semaphore.acquire(WORKERS)

    for i, result in enumerate(job.results):
        print(f"{i} -> {result}")
    print("never more than 4 workers" if job.most_running <= WORKERS else "too many workers")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Limit the workers with a semaphore.")
    parser.add_argument("jobs", nargs="?", type=int, default=10)
    gort.run(main, parser.parse_args().jobs)
