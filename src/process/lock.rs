//! The lock by which a monitor knows that it is the only one.
//!
//! `flock` through std, never POSIX locks: those vanish with any `close` of the file in the process, and the two
//! kinds do not see each other. The kernel lock is the truth; files that name pids are information.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

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

/// std opens with `O_CLOEXEC`, so no program started meanwhile keeps the lock.
fn open(layout: &Layout) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(layout.lock())
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
    fn a_symlink_in_the_lock_s_place_is_not_followed() {
        let dir = tempfile::tempdir().expect("a folder");
        let layout = layout(&dir);
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), layout.lock()).expect("a symlink");
        assert!(Alone::try_take(&layout).is_err());
        assert!(!dir.path().join("elsewhere").exists());
    }
}
