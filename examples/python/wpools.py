"""wpools: a worker pool. Jobs wait in a buffered channel, each worker ranges over it, results go into another one;
when the workers are done (WaitGroup) the results are closed, the printing goroutine ends, and says so on `finished`.

    wpools.py JOBS WORKERS
"""

import argparse
from typing import NamedTuple

import gort


class Job(NamedTuple):
    id: int
    number: int


class Result(NamedTuple):
    job: Job
    square: int


def create_jobs(count: int, jobs: gort.SendChan[Job]) -> None:
    for i in range(count):
        jobs.send(Job(i, i))
    jobs.close()


def worker(jobs: gort.RecvChan[Job], results: gort.SendChan[Result]) -> None:
    for job in jobs:
        results.send(Result(job, job.number**2))


def print_results(results: gort.RecvChan[Result], finished: gort.SendChan[None]) -> None:
    for result in results:
        print(f"Job ID: {result.job.id} number: {result.job.number} square: {result.square}")
    finished.close()


def main(job_count: int, worker_count: int) -> None:
    jobs: gort.Chan[Job] = gort.Chan(10)
    results: gort.Chan[Result] = gort.Chan(10)
    finished: gort.Chan[None] = gort.Chan()

    gort.go(create_jobs, job_count, jobs.sender())
    gort.go(print_results, results.receiver(), finished.sender())
    workers = gort.WaitGroup()
    for _ in range(worker_count):
        workers.go(worker, jobs.receiver(), results.sender())

    workers.wait()
    results.close()
    finished.recv_ok()
    print("finished")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Square numbers in a worker pool.")
    parser.add_argument("jobs", type=int)
    parser.add_argument("workers", type=int)
    given = parser.parse_args()
    gort.run(main, given.jobs, given.workers)
