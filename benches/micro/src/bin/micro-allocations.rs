//! Prints what every case allocates, `what|who|allocations|bytes` a line. A program of its own, as counting has its costs.

use micro::CASES;

fn main() {
    for case in CASES.iter().copied().flatten() {
        let mut run = (case.prepare)();
        // The first time may fill what the others find filled.
        run();
        let counted = allocation_counter::measure(run);
        println!("{}|{}|{}|{}", case.what, case.who, counted.count_total, counted.bytes_total);
    }
}
