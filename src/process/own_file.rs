//! Reading a file only if it is the user's own.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::geteuid;

/// The content of `path`, relative to the folder `at` (`nix::fcntl::AT_FDCWD` for the current one).
///
/// Judged on the opened descriptor: a regular file of this user with one name, that nobody else may write, of at
/// most `max` bytes. A symlink is not followed, a FIFO does not block.
pub fn read_own(at: impl AsFd, path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = File::from(openat(at, path, flags, Mode::empty())?);
    let found = file.metadata()?;
    let fault = if !found.is_file() {
        Some("not a regular file")
    } else if found.uid() != geteuid().as_raw() {
        Some("owned by somebody else")
    } else if found.mode() & 0o022 != 0 {
        Some("others may write it")
    } else if found.nlink() != 1 {
        Some("it has a second name")
    } else if found.len() > max {
        Some("too large")
    } else {
        None
    };
    if let Some(fault) = fault {
        return Err(io::Error::other(fault));
    }
    let mut content = Vec::new();
    file.take(max).read_to_end(&mut content)?;
    Ok(content)
}
