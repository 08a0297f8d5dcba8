//! A directory that goes away with the test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

/// A new directory under the system's temporary directory, removed with all that is in it when dropped.
///
/// All users of the system can read what is in it: a server that root starts goes on as another user.
pub struct TempDir(PathBuf);

impl TempDir {
    /// Makes one. Names are unique among processes and within this one.
    pub fn new() -> TempDir {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let dir = TempDir(env::temp_dir().join(format!("atlas-export-buckets-{}-{number}", process::id())));
        dir.make_dir("");
        dir
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes a directory in it.
    pub fn make_dir(&self, name: &str) {
        let path = self.0.join(name);
        fs::create_dir(&path).unwrap();
        allow_all_to_read(&path, 0o755);
    }

    /// Writes a file into it and says where.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        allow_all_to_read(&path, 0o644);
        path
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // What is left in the system's temporary directory is no reason to fail.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Sets the permissions, whatever the umask is.
#[cfg(unix)]
fn allow_all_to_read(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn allow_all_to_read(_: &Path, _: u32) {}
