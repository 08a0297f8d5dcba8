//! The wall clock of every case, by criterion. It keeps them as JSON where `CRITERION_HOME` says, for the harness to read.

use std::time::Duration;

use criterion::Criterion;
use micro::CASES;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for cases in CASES {
        let [first, ..] = cases else { continue };
        let mut group = criterion.benchmark_group(first.what);
        for case in *cases {
            let mut run = (case.prepare)();
            group.bench_function(case.who, |bencher| bencher.iter(&mut run));
        }
        group.finish();
    }
    criterion.final_summary();
}
