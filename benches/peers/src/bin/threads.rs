//! crossbeam-channel between plain threads: no spawning, only channels.

use std::thread;
use std::time::Instant;

use crossbeam_channel::{bounded, unbounded};
use gort_bench_peers::{arg, each, sum_below, unknown, workload};

fn pingpong() {
    let rounds = arg(1, 1_000_000);
    let (ping, pinged) = bounded::<usize>(0);
    let (pong, ponged) = bounded::<usize>(0);
    let answerer = thread::spawn(move || {
        for value in pinged {
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
    drop(ping);
    answerer.join().unwrap();
    assert_eq!(value, rounds);
}

fn spsc() {
    let (capacity, messages) = (arg(1, 128), arg(2, 2_000_000));
    let (sender, receiver) = bounded(capacity);
    let started = Instant::now();
    let producer = thread::spawn(move || {
        for i in 0..messages {
            sender.send(i).unwrap();
        }
    });
    let sum: usize = receiver.iter().sum();
    each("spsc", started, messages);
    producer.join().unwrap();
    assert_eq!(sum, sum_below(messages));
}

fn mpmc() {
    let (pairs, capacity) = (arg(1, 4), arg(2, 128));
    let share = arg(3, 4_000_000) / pairs;
    let (sender, receiver) = bounded(capacity);
    let (report, reports) = unbounded();
    let started = Instant::now();
    for _ in 0..pairs {
        let (sender, receiver, report) = (sender.clone(), receiver.clone(), report.clone());
        thread::spawn(move || {
            for i in 0..share {
                sender.send(i).unwrap();
            }
        });
        thread::spawn(move || report.send(receiver.iter().sum::<usize>()).unwrap());
    }
    drop((sender, report));
    let sum: usize = reports.iter().sum();
    each("mpmc", started, pairs * share);
    assert_eq!(sum, pairs * sum_below(share));
}

fn main() {
    match workload().as_str() {
        "pingpong" => pingpong(),
        "spsc" => spsc(),
        "mpmc" => mpmc(),
        other => unknown(other),
    }
}
