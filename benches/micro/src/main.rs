//! `micro WHAT WHO N` does a case N times, for callgrind to count. `micro time` prints the median time of every case in
//! nanoseconds, `what|who|ns` a line; those that do the same thing take turns, so that all see the same machine.
//! `micro page-size` prints how many bytes the page of 500 buckets has.

use std::time::{Duration, Instant};

use micro::{CASES, Case};

const ROUNDS: usize = 61;
const BATCH: Duration = Duration::from_millis(2);

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["time"] => CASES.iter().for_each(|group| time(group)),
        ["page-size"] => println!("{}", micro::page().len()),
        [what, who, times] => {
            let mut run = (micro::find(what, who).expect("no such case").prepare)();
            (0..times.parse().expect("not a number")).for_each(|_: u64| run());
        }
        _ => panic!("micro time | micro page-size | micro WHAT WHO N"),
    }
}

fn time(group: &[Case]) {
    let mut timings: Vec<_> = group.iter().map(Timing::new).collect();
    for _ in 0..ROUNDS {
        timings.iter_mut().for_each(Timing::run);
    }
    for (case, timing) in group.iter().zip(timings) {
        println!("{}|{}|{:.1}", case.what, case.who, timing.median());
    }
}

struct Timing {
    run: Box<dyn FnMut()>,
    batch: u32,
    nanoseconds: Vec<f64>,
}

impl Timing {
    /// Finds out how often it has to be done to take long enough to be timed.
    fn new(case: &Case) -> Self {
        let mut run = (case.prepare)();
        let start = Instant::now();
        let mut batch = 0;
        while start.elapsed() < BATCH {
            run();
            batch += 1;
        }
        Timing { run, batch, nanoseconds: Vec::with_capacity(ROUNDS) }
    }

    fn run(&mut self) {
        let start = Instant::now();
        (0..self.batch).for_each(|_| (self.run)());
        self.nanoseconds.push(start.elapsed().as_nanos() as f64 / f64::from(self.batch));
    }

    fn median(mut self) -> f64 {
        self.nanoseconds.sort_by(f64::total_cmp);
        self.nanoseconds[ROUNDS / 2]
    }
}
