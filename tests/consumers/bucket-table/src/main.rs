//! Prints the export buckets that were there when it was built.

include!(concat!(env!("OUT_DIR"), "/export_buckets.rs"));

fn main() {
    if let Some(problem) = PROBLEM {
        println!("built without the export buckets: {problem}");
    }
    for (id, name) in EXPORT_BUCKETS {
        println!("{id} {name}");
    }
}
