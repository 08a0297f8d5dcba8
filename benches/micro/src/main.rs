//! `micro WHAT WHO N` does a case N times, for callgrind to count. `micro page-size` prints how many bytes the page of 500
//! buckets has.

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["page-size"] => println!("{}", micro::page().len()),
        [what, who, times] => {
            let mut run = (micro::find(what, who).expect("no such case").prepare)();
            (0..times.parse().expect("not a number")).for_each(|_: u64| run());
        }
        _ => panic!("micro page-size | micro WHAT WHO N"),
    }
}
