//! `measure COMMAND…`: runs a command and prints one more line: its wall clock in microseconds, its peak memory in KiB,
//! its CPU time in microseconds, and its context switches. Those of its own children are included.
//!
//! A program of its own because it is small: Linux counts what a process had before `exec` to what it has after, so a
//! child of the harness would seem to need all the memory of the harness.

use std::mem::MaybeUninit;
use std::process::{Command, exit};
use std::time::Instant;

fn main() {
    let mut args = std::env::args_os().skip(1);
    let mut command = Command::new(args.next().expect("measure COMMAND…"));
    command.args(args);
    let start = Instant::now();
    let child = command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
    let (status, usage) = wait(child.id());
    let wall = start.elapsed().as_micros();
    let micros = |time: libc::timeval| time.tv_sec * 1_000_000 + time.tv_usec;
    let cpu = micros(usage.ru_utime) + micros(usage.ru_stime);
    println!("{wall} {} {cpu} {}", usage.ru_maxrss, usage.ru_nvcsw + usage.ru_nivcsw);
    exit(i32::from(status != 0));
}

/// The standard library waits too, but does not tell what was used.
fn wait(pid: u32) -> (i32, libc::rusage) {
    let mut status = 0;
    let mut usage = MaybeUninit::zeroed();
    // SAFETY: both pointers are to memory of these types that outlives the call, and all-zero is a valid `rusage`.
    unsafe {
        let waited = libc::wait4(pid as libc::pid_t, &mut status, 0, usage.as_mut_ptr());
        assert_eq!(waited, pid as libc::pid_t, "{}", std::io::Error::last_os_error());
        (status, usage.assume_init())
    }
}
