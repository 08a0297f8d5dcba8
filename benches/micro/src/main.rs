//! What is measured without a network:
//!
//! `micro repeat WHAT WHO N` does a case N times, for callgrind to count;
//! `micro time ROUNDS` prints `what|who|nanoseconds` for each case, the median of so many rounds.

use std::time::{Duration, Instant};

use micro::{CASES, Case};

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["repeat", what, who, times] => {
            let mut run = (micro::find(what, who).expect("no such case").prepare)();
            (0..times.parse().expect("not a number")).for_each(|_: u64| run());
        }
        ["time", rounds] => CASES.iter().for_each(|cases| time(cases, rounds.parse().expect("not a number"))),
        _ => panic!("micro repeat WHAT WHO N | micro time ROUNDS"),
    }
}

/// Those that do the same thing take turns, so that all see the same machine.
fn time(cases: &[Case], rounds: usize) {
    let mut runs: Vec<_> = cases.iter().map(|case| (case.prepare)()).collect();
    let batches: Vec<u32> = runs.iter_mut().map(|run| batch(run)).collect();
    let mut times = vec![Vec::new(); cases.len()];
    for round in 0..rounds {
        for turn in 0..cases.len() {
            let index = (turn + round) % cases.len();
            let start = Instant::now();
            (0..batches[index]).for_each(|_| runs[index]());
            times[index].push(start.elapsed() / batches[index]);
        }
    }
    for (case, mut times) in cases.iter().zip(times) {
        times.sort();
        println!("{}|{}|{}", case.what, case.who, times[times.len() / 2].as_nanos());
    }
}

/// How many times a case is done in about two milliseconds.
fn batch(run: &mut dyn FnMut()) -> u32 {
    let mut times = 1;
    loop {
        let start = Instant::now();
        (0..times).for_each(|_| run());
        if start.elapsed() > Duration::from_millis(2) {
            return times;
        }
        times *= 2;
    }
}
