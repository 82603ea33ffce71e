//! The lock by which a monitor knows that it is the only one.
//!
//! `flock` through std, never POSIX locks: those vanish with any `close` of the file in the process, and the two
//! kinds do not see each other. The kernel lock is the truth; files that name pids are information.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};

use super::own_file::{Demand, Unread};
use crate::base::Layout;

/// The proof of holding the lock, to be handed to everything that must not run twice. Dropping it releases.
///
/// Whoever held the lock, even for a moment, looks at the inbox after releasing it: a hook that found the lock busy
/// meanwhile relies on that.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct Alone {
    _file: File,
}

impl Alone {
    /// Takes the lock; `None` if another process has it. Never waits.
    pub fn try_take(layout: &Layout) -> io::Result<Option<Self>> {
        // A lock file swapped between opening and locking is met by opening the new one.
        for _ in 0..10 {
            let file = open(layout)?;
            match file.try_lock() {
                Ok(()) if is_still_there(&file, layout) => return Ok(Some(Self { _file: file })),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(err)) => return Err(err),
            }
        }
        Err(io::Error::other("the lock file is being replaced again and again"))
    }
}

/// std opens with `O_CLOEXEC`, so no program started meanwhile keeps the lock. Whoever has another name of the file
/// could hold the lock for ever, so it has one only.
fn open(layout: &Layout) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let opened = options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(layout.lock());
    let checked = opened.map_err(Unread::from).and_then(|file| {
        Demand::OursToMend.check(&file.metadata()?)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        Ok(file)
    });
    checked.map_err(|why| io::Error::other(format!("monitor.lock cannot be used: {why}")))
}

fn is_still_there(file: &File, layout: &Layout) -> bool {
    let (Ok(held), Ok(named)) = (file.metadata(), std::fs::symlink_metadata(layout.lock())) else { return false };
    (held.dev(), held.ino()) == (named.dev(), named.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(dir: &tempfile::TempDir) -> Layout {
        let layout = Layout::new(dir.path(), 1);
        std::fs::create_dir_all(layout.private()).expect("a folder");
        layout
    }

    #[test]
    fn one_holds_the_lock_until_it_is_dropped() {
        let dir = tempfile::tempdir().expect("a folder");
        let layout = layout(&dir);
        let held = Alone::try_take(&layout).expect("a lock file").expect("free");
        assert!(Alone::try_take(&layout).expect("a lock file").is_none());
        drop(held);
        assert!(Alone::try_take(&layout).expect("a lock file").is_some());
        let mode = std::fs::metadata(layout.lock()).expect("it stays").mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_not_the_lock_is_refused_in_its_place() {
        let dir = tempfile::tempdir().expect("a folder");
        let layout = layout(&dir);
        let elsewhere = dir.path().join("elsewhere");
        let refusal = || Alone::try_take(&layout).expect_err("not the lock").to_string();
        std::os::unix::fs::symlink(&elsewhere, layout.lock()).expect("a symlink");
        assert_eq!(refusal(), "monitor.lock cannot be used: it is a symbolic link");
        assert!(!elsewhere.exists());
        std::fs::remove_file(layout.lock()).expect("gone");
        nix::unistd::mkfifo(&layout.lock(), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        assert_eq!(refusal(), "monitor.lock cannot be used: it is not a regular file");
        std::fs::remove_file(layout.lock()).expect("gone");
        drop(Alone::try_take(&layout).expect("a lock file").expect("free"));
        std::fs::hard_link(layout.lock(), &elsewhere).expect("a second name");
        assert_eq!(refusal(), "monitor.lock cannot be used: it has a second name");
        std::fs::remove_file(&elsewhere).expect("gone");
        assert!(Alone::try_take(&layout).expect("a lock file").is_some());
    }
}
