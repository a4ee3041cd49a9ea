//! What the peers share: the command line `PEER WORKLOAD ARGS...`, the number of threads,
//! the clock, and the result line, as in `benches/c/bench.h`.

use std::time::Instant;

/// The workload to run.
pub fn workload() -> String {
    std::env::args().nth(1).unwrap_or_default()
}

/// The whole number at this place after the workload, 1 being the first.
pub fn arg(index: usize, by_default: usize) -> usize {
    match std::env::args().nth(index + 1) {
        None => by_default,
        Some(text) => text.parse().expect("a whole number"),
    }
}

/// How many threads may run goroutines, or what stands for them.
pub fn procs() -> usize {
    let text = std::env::var("BENCH_PROCS").unwrap_or_else(|_| "2".into());
    text.parse().expect("BENCH_PROCS is a number")
}

/// Prints the nanoseconds since `started` per operation.
pub fn each(name: &str, started: Instant, operations: usize) {
    let nanoseconds = started.elapsed().as_nanos() as f64;
    println!("RESULT {name} {:.3} ns", nanoseconds / operations as f64);
}

/// The sum of the numbers below `count`, to check with.
pub fn sum_below(count: usize) -> usize {
    count * (count - 1) / 2
}

/// Ends the program for a workload that this peer has no program for.
pub fn unknown(name: &str) -> ! {
    eprintln!("no workload {name}");
    std::process::exit(1);
}

/// How many nodes the tree of skynet has.
pub fn skynet_nodes(leaves: usize) -> usize {
    std::iter::successors(Some(leaves), |level| Some(level / 10)).take_while(|&level| level > 0).sum()
}
