//! Being told when a folder changes; where the system cannot tell, a slow poll takes its place.
//!
//! inotify is read by the runtime itself, without a thread: where no more processes may be started, a library's
//! thread for it is not to be had either. Off Linux folders are polled.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use tokio::net::unix::pipe::Receiver;

use crate::base::Span;

/// Where the system cannot tell (no inotify watches left, another system), look this often.
const POLL: Span = Span::from_millis(500);

/// Tells of changes in one folder.
pub struct Watcher {
    /// The kernel's notices, read as bytes come from a pipe: that there is one is all that matters, and so a notice
    /// that some were lost is as good as any. `None`: polled.
    notices: Option<Receiver>,
}

impl Watcher {
    /// Watches the folder itself, not what is below its folders. Needs a tokio runtime around it.
    pub fn on(folder: &Path) -> Self {
        let notices = observe(folder).and_then(Receiver::from_owned_fd_unchecked);
        if let Err(why) = &notices {
            tracing::warn!(%why, "cannot be told of changes; looking every {POLL} instead");
        }
        Self { notices: notices.ok() }
    }

    /// Changes are told of, not looked for.
    pub const fn is_told(&self) -> bool {
        self.notices.is_some()
    }

    /// Returns when something may have changed.
    pub async fn changed(&mut self) {
        let Some(notices) = &self.notices else { return tokio::time::sleep(POLL.to_std()).await };
        let mut bytes = [0; 4096];
        while notices.readable().await.is_ok() {
            // One notice is as good as many; and a wake-up may have been for none.
            let mut is_any = false;
            while notices.try_read(&mut bytes).is_ok_and(|length| length > 0) {
                is_any = true;
            }
            if is_any {
                return;
            }
        }
        std::future::pending::<()>().await;
    }
}

/// Whether the system can still tell of changes in this folder; the error says why not.
pub fn can_watch(folder: &Path) -> io::Result<()> {
    observe(folder).map(drop)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn observe(folder: &Path) -> io::Result<OwnedFd> {
    use nix::errno::Errno;
    use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

    // The kernel's errors speak of files and disks.
    let in_words = |errno| match errno {
        Errno::EMFILE => io::Error::other("no more observers may be made"),
        Errno::ENOSPC => io::Error::other("no more folders may be observed"),
        other => other.into(),
    };
    let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).map_err(in_words)?;
    let written = AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MODIFY;
    let changes = written | AddWatchFlags::IN_MOVE | AddWatchFlags::IN_DELETE | AddWatchFlags::IN_ONLYDIR;
    inotify.add_watch(folder, changes).map_err(in_words)?;
    Ok(inotify.into())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn observe(_: &Path) -> io::Result<OwnedFd> {
    Err(io::Error::other("only Linux tells of changes"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    async fn hears(watcher: &mut Watcher) -> bool {
        tokio::time::timeout(Duration::from_millis(300), watcher.changed()).await.is_ok()
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn it_tells_of_what_comes_goes_and_is_written_and_of_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let (inside, file) = (folder.path().join("inside"), folder.path().join("file"));
        fs::create_dir(&inside).expect("a folder");
        let mut watcher = Watcher::on(&inside);
        assert!(watcher.is_told());
        assert!(!hears(&mut watcher).await, "nothing has happened");
        fs::write(&file, "").expect("a file");
        fs::read_dir(&inside).expect("a folder").for_each(drop);
        assert!(!hears(&mut watcher).await, "nothing has happened there");
        fs::rename(&file, inside.join("file")).expect("moved");
        assert!(hears(&mut watcher).await);
        assert!(!hears(&mut watcher).await, "it is told once");
        fs::write(inside.join("file"), "more").expect("written");
        assert!(hears(&mut watcher).await);
        fs::remove_file(inside.join("file")).expect("removed");
        assert!(hears(&mut watcher).await);
    }

    #[tokio::test]
    async fn where_there_is_no_folder_it_looks_now_and_then() {
        let mut watcher = Watcher::on(Path::new("/nowhere"));
        assert!(!watcher.is_told() && can_watch(Path::new("/nowhere")).is_err());
        watcher.changed().await;
    }
}
