//! may: stackful coroutines. Its channels have no bound, so the workloads that need one are left
//! out, and each coroutine maps a stack when it is started, so those with a million are too: they
//! reach vm.max_map_count.

use std::time::Instant;

use gort_bench_peers::{arg, each, procs, unknown, workload};
use may::coroutine::{JoinHandle, yield_now};
use may::sync::mpsc::channel;

fn spawn<F, T>(body: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    // SAFETY: no coroutine here uses thread-local storage or deep recursion.
    unsafe { may::coroutine::spawn(body) }
}

fn join_all(coroutines: Vec<JoinHandle<()>>) {
    for coroutine in coroutines {
        coroutine.join().unwrap();
    }
}

fn spawn_one() {
    let times = arg(1, 1_000_000);
    let mut count = 0;
    let started = Instant::now();
    for _ in 0..times {
        count = spawn(move || count + 1).join().unwrap();
    }
    each("spawn_one", started, times);
    assert_eq!(count, times);
}

fn pingpong() {
    let rounds = arg(1, 1_000_000);
    let (ping, pinged) = channel::<usize>();
    let (pong, ponged) = channel::<usize>();
    spawn(move || {
        while let Ok(value) = pinged.recv() {
            pong.send(value + 1).unwrap();
        }
    });
    let mut value = 0;
    let started = Instant::now();
    for _ in 0..rounds {
        ping.send(value).unwrap();
        value = ponged.recv().unwrap();
    }
    each("pingpong", started, rounds);
    assert_eq!(value, rounds);
}

fn ring() {
    let (coroutines, hops) = (arg(1, 503), arg(2, 2_000_000));
    let (last, lasts) = channel();
    let (first, mut input) = channel::<usize>();
    for number in 0..coroutines {
        let (next, following) = channel::<usize>();
        let output = if number == coroutines - 1 { first.clone() } else { next };
        let (own, last) = (std::mem::replace(&mut input, following), last.clone());
        spawn(move || {
            while let Ok(value) = own.recv() {
                match value {
                    0 => last.send(number).unwrap(),
                    _ => output.send(value - 1).unwrap(),
                }
            }
        });
    }
    let started = Instant::now();
    first.send(hops).unwrap();
    let number = lasts.recv().unwrap();
    each("ring", started, hops);
    assert_eq!(number, hops % coroutines);
}

fn yields() {
    let coroutines = arg(1, 8);
    let share = arg(2, 4_000_000) / coroutines;
    let started = Instant::now();
    join_all((0..coroutines).map(|_| spawn(move || (0..share).for_each(|_| yield_now()))).collect());
    each("yield", started, coroutines * share);
}

fn main() {
    may::config().set_workers(procs());
    let body = match workload().as_str() {
        "spawn_one" => spawn_one,
        "pingpong" => pingpong,
        "ring" => ring,
        "yield" => yields,
        other => unknown(other),
    };
    spawn(body).join().unwrap();
    // Coroutines that wait for ever keep no process alive.
    std::process::exit(0);
}
