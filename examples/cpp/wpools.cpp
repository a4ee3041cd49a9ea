/*
 * wpools: a worker pool. Jobs wait in a buffered channel, each worker ranges over it, results go into another
 * one; when the workers are done (wait_group) the results are closed, the printing goroutine ends, and says so
 * on `finished`.
 *
 *   wpools JOBS WORKERS
 */
#include "example.hpp"

struct job {
    long id;
    long number;
};

struct result {
    struct job job;
    long square;
};

int main(int argc, char **argv)
{
    return example::run(argc, argv, "JOBS WORKERS", [](example::arguments &args) {
        args.expect(2, 2);
        const long job_count = args.number(0, 0, 100000000);
        const long worker_count = args.number(1, 1, 1000000);
        gort::chan<job> jobs(10);
        gort::chan<result> results(10);
        gort::chan<gort::unit> finished;

        gort::go([=] {
            for (long i = 0; i < job_count; i++) {
                jobs.send({i, i});
            }
            jobs.close();
        });
        gort::go([=] {
            for (const auto &[job, square] : results) {
                std::printf("Job ID: %ld number: %ld square: %ld\n", job.id, job.number, square);
            }
            finished.close();
        });
        gort::wait_group workers;
        for (long i = 0; i < worker_count; i++) {
            workers.go([=] {
                for (const job &each : jobs) {
                    results.send({each, each.number * each.number});
                }
            });
        }
        workers.wait();
        results.close();
        finished.recv();
        std::printf("finished\n");
    });
}
