//! Programs that a test starts.

use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::{env, io};

/// How many messages our program wrote to standard error. The advice that follows a message is not counted.
pub fn messages(stderr: &str) -> usize {
    stderr.lines().filter(|line| line.starts_with("atlas-export-buckets: ")).count()
}

/// What a run of a program left behind.
#[derive(Debug)]
pub struct Run {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Run {
        Run {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A running program, killed when dropped, also by a test that fails.
pub struct Process(Child);

impl Process {
    /// Starts one, without standard input.
    pub fn start(command: &mut Command) -> io::Result<Process> {
        command.stdin(Stdio::null()).spawn().map(Process)
    }

    /// What it writes to standard output, if that was piped. Can be taken once.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.0.stdout.take()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        // It fails only if the program ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where a program is installed: in `PATH`, or where Debian puts servers, which is not in everybody's `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let directories = env::split_paths(&path).chain(["/usr/sbin".into()]);
    directories.map(|directory| directory.join(name)).find(|program| program.is_file())
}
