//! Runs the program `atlas-export-buckets`.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

pub use super::process::Run;

/// The program, to be run with the environment variables that are set here and no others.
pub struct Program {
    command: Command,
    stdin: Vec<u8>,
}

/// The program of this build.
pub fn program() -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atlas-export-buckets"));
    command.env_clear();
    Program { command, stdin: Vec::new() }
}

/// The same, started by a script of the shell that ends in `exec "$0" "$@"`.
pub fn program_after(script: &str) -> Program {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_atlas-export-buckets")]).env_clear();
    Program { command, stdin: Vec::new() }
}

impl Program {
    pub fn args(&mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> &mut Self {
        self.command.args(args);
        self
    }

    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.command.env(name, value);
        self
    }

    /// The API key in the environment.
    pub fn key(&mut self, public: &str, private: &str) -> &mut Self {
        self.env("MONGODB_ATLAS_PUBLIC_API_KEY", public).env("MONGODB_ATLAS_PRIVATE_API_KEY", private)
    }

    /// What the program reads from standard input; nothing by default.
    pub fn stdin(&mut self, bytes: impl Into<Vec<u8>>) -> &mut Self {
        self.stdin = bytes.into();
        self
    }

    fn spawn(&mut self) -> Child {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        // A program that does not read its input may have closed it already.
        let _ = child.stdin.take().unwrap().write_all(&self.stdin);
        child
    }

    /// Runs it to its end.
    pub fn run(&mut self) -> Run {
        self.spawn().wait_with_output().unwrap().into()
    }

    /// Runs it as `program | head -n 1` does. Returns status and standard error.
    pub fn run_and_close_stdout_after_a_line(&mut self) -> (Option<i32>, String) {
        let mut child = self.spawn();
        let mut stdout = BufReader::with_capacity(64, child.stdout.take().unwrap());
        stdout.read_line(&mut String::new()).unwrap();
        drop(stdout);
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (child.wait().unwrap().code(), stderr)
    }

    /// Runs it with a standard error that cannot be written to. Returns status and standard output.
    pub fn run_with_full_stderr(&mut self) -> (Option<i32>, String) {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(full).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    /// Starts it and lets it run until the result is dropped.
    pub fn start(&mut self) -> Running {
        let mut child = self.spawn();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Running { child, stdout: Mutex::new(stdout) }
    }
}

/// The program while it runs.
pub struct Running {
    child: Child,
    stdout: Mutex<BufReader<std::process::ChildStdout>>,
}

impl Running {
    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end. Returns status and standard error.
    pub fn wait(mut self) -> (Option<i32>, String) {
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (self.child.wait().unwrap().code(), stderr)
    }

    /// Waits for so many lines of standard output.
    pub fn first_lines(&self, count: usize) -> Vec<String> {
        let mut stdout = self.stdout.lock().unwrap();
        let line = |_| {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        (0..count).map(line).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
