//! tokio: its tasks and its mpsc channels, which have no capacity 0 and one receiver.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use gort_bench_peers::{arg, each, procs, skynet_nodes, sum_below, unknown, workload};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::{JoinHandle, yield_now};

async fn join_all(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        task.await.unwrap();
    }
}

async fn spawn_join() {
    let tasks = arg(1, 1_000_000);
    let ran = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let mut handles = Vec::with_capacity(tasks);
    for _ in 0..tasks {
        let ran = ran.clone();
        handles.push(tokio::spawn(async move {
            ran.fetch_add(1, Ordering::SeqCst);
        }));
    }
    join_all(handles).await;
    each("spawn_join", started, tasks);
    assert_eq!(ran.load(Ordering::SeqCst), tasks);
}

async fn spawn_one() {
    let times = arg(1, 1_000_000);
    let mut count = 0;
    let started = Instant::now();
    for _ in 0..times {
        count = tokio::spawn(async move { count + 1 }).await.unwrap();
    }
    each("spawn_one", started, times);
    assert_eq!(count, times);
}

async fn pingpong() {
    let rounds = arg(1, 1_000_000);
    let (ping, mut pinged) = channel::<usize>(1);
    let (pong, mut ponged) = channel::<usize>(1);
    tokio::spawn(async move {
        while let Some(value) = pinged.recv().await {
            pong.send(value + 1).await.unwrap();
        }
    });
    let mut value = 0;
    let started = Instant::now();
    for _ in 0..rounds {
        ping.send(value).await.unwrap();
        value = ponged.recv().await.unwrap();
    }
    each("pingpong", started, rounds);
    drop(ping);
    assert_eq!(ponged.recv().await, None);
    assert_eq!(value, rounds);
}

async fn spsc() {
    let (capacity, messages) = (arg(1, 128), arg(2, 2_000_000));
    let (sender, mut receiver) = channel(capacity);
    let started = Instant::now();
    tokio::spawn(async move {
        for i in 0..messages {
            sender.send(i).await.unwrap();
        }
    });
    let mut sum = 0;
    while let Some(value) = receiver.recv().await {
        sum += value;
    }
    each("spsc", started, messages);
    assert_eq!(sum, sum_below(messages));
}

fn node(parent: Sender<usize>, first: usize, leaves: usize) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if leaves == 1 {
            return parent.send(first).await.unwrap();
        }
        let (answer, mut answers) = channel(1);
        let share = leaves / 10;
        for i in 0..10 {
            tokio::spawn(node(answer.clone(), first + i * share, share));
        }
        let mut sum = 0;
        for _ in 0..10 {
            sum += answers.recv().await.unwrap();
        }
        parent.send(sum).await.unwrap();
    })
}

async fn skynet() {
    let leaves = arg(1, 1_000_000);
    let (answer, mut answers) = channel(1);
    let started = Instant::now();
    tokio::spawn(node(answer, 0, leaves));
    let sum = answers.recv().await.unwrap();
    each("skynet", started, skynet_nodes(leaves));
    assert_eq!(sum, sum_below(leaves));
}

async fn ring() {
    let (tasks, hops) = (arg(1, 503), arg(2, 2_000_000));
    let (last, mut lasts) = channel(1);
    let (first, mut input) = channel::<usize>(1);
    for number in 0..tasks {
        let (next, following) = channel::<usize>(1);
        let output = if number == tasks - 1 { first.clone() } else { next };
        let (mut own, last) = (std::mem::replace(&mut input, following), last.clone());
        tokio::spawn(async move {
            while let Some(value) = own.recv().await {
                match value {
                    0 => last.send(number).await.unwrap(),
                    _ => output.send(value - 1).await.unwrap(),
                }
            }
        });
    }
    let started = Instant::now();
    first.send(hops).await.unwrap();
    let number = lasts.recv().await.unwrap();
    each("ring", started, hops);
    assert_eq!(number, hops % tasks);
}

async fn yields() {
    let tasks = arg(1, 8);
    let share = arg(2, 4_000_000) / tasks;
    let work = || async move {
        for _ in 0..share {
            yield_now().await;
        }
    };
    let started = Instant::now();
    join_all((0..tasks).map(|_| tokio::spawn(work())).collect()).await;
    each("yield", started, tasks * share);
}

/// In a task, not in `block_on`: that one runs outside of the worker threads.
fn run<F: Future<Output = ()> + Send + 'static>(workload: F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(procs()).build().unwrap();
    runtime.block_on(async { tokio::spawn(workload).await.unwrap() });
}

fn main() {
    match workload().as_str() {
        "spawn_join" => run(spawn_join()),
        "spawn_one" => run(spawn_one()),
        "pingpong" => run(pingpong()),
        "spsc" => run(spsc()),
        "skynet" => run(skynet()),
        "ring" => run(ring()),
        "yield" => run(yields()),
        other => unknown(other),
    }
}
