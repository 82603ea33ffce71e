//! What of the outside the monitor meets: the time, the network, the pushing git, the remote. A simulation plays it.

use std::os::fd::AsFd;
use std::path::Path;
use std::pin::Pin;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::base::{Clock, Span, Timestamp};
use crate::host::clock::Machine;
use crate::host::exchange::{Carried, Carrier};
use crate::host::git::{self, GitError, Repo};
use crate::host::http::Http;
use crate::host::secrets::Bound;
use crate::process::{self, Ended, PidFd};
use crate::push::{GitProcess, RefName, Sha};
use crate::wire::HttpAsk;

/// Where the end of a process cannot be waited for, it is looked for this often.
const POLL: Span = Span::from_millis(200);
/// The parent of git takes note of its end within moments.
const REAPING: Span = Span::from_millis(10);
/// So often it is looked whether it has.
const REAPING_LOOKS: u32 = 20;
/// How long `git ls-remote` may take.
const REMOTE_LIMIT: Span = Span::from_secs(20);

/// Something that takes its time.
pub type Coming<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How a pushing git ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is not known whether it has.
    Unseen,
    /// It has, and how is not known.
    Somehow,
    /// By itself: the remote's answer was complete.
    Regularly,
    /// It was killed, or lost the connection. The remote may still be at work on the push.
    Early,
}

/// The outside.
pub trait Outside: Clock + Carrier {
    /// Lets this much time pass.
    fn rest(&self, span: Span) -> Coming<'_, ()>;

    /// Returns when this very process has ended; at once if it is not there.
    fn end_of<'a>(&'a self, git: &'a GitProcess) -> Coming<'a, End>;

    /// What the remote has at a ref; see [`git::ls_remote`]. Blocks.
    fn remote_tip(&self, repo: &Repo, from: &Path, remote: &str, name: &RefName) -> Result<Option<Sha>, GitError>;
}

/// The outside as it is.
#[derive(Debug, Default)]
pub struct Reality {
    http: Http,
}

impl Clock for Reality {
    fn now(&self) -> Timestamp {
        Machine.now()
    }

    fn since_boot(&self) -> Span {
        Machine.since_boot()
    }
}

impl Carrier for Reality {
    fn carry<'a>(&'a self, ask: &'a HttpAsk, credential: Option<&'a Bound>) -> Carried<'a> {
        self.http.carry(ask, credential)
    }
}

impl Outside for Reality {
    fn rest(&self, span: Span) -> Coming<'_, ()> {
        Box::pin(tokio::time::sleep(span.to_std()))
    }

    fn end_of<'a>(&'a self, git: &'a GitProcess) -> Coming<'a, End> {
        Box::pin(wait_for_end(git))
    }

    fn remote_tip(&self, repo: &Repo, from: &Path, remote: &str, name: &RefName) -> Result<Option<Sha>, GitError> {
        git::ls_remote(repo.common_dir(), from, remote, name, REMOTE_LIMIT)
    }
}

#[expect(
    deprecated,
    reason = "its successor is unsafe for descriptors that may be closed elsewhere; this one is owned"
)]
async fn wait_for_end(git: &GitProcess) -> End {
    if git.pid_namespace.is_some() && git.pid_namespace != process::pid_namespace() {
        return End::Unseen;
    }
    let handle = match PidFd::of(git.pid, git.start_ticks) {
        Ok(Some(handle)) => handle,
        Ok(None) => return End::Somehow,
        Err(_) => return End::Unseen,
    };
    match handle.as_fd().try_clone_to_owned().and_then(|fd| AsyncFd::with_interest(fd, Interest::READABLE)) {
        Ok(ready) => drop(ready.readable().await),
        Err(_) => {
            while matches!(handle.has_ended(std::time::Duration::ZERO), Ok(false)) {
                tokio::time::sleep(POLL.to_std()).await;
            }
        }
    }
    // The exit status is there once its parent has taken note of the end.
    for _ in 0..REAPING_LOOKS {
        match handle.ended() {
            Some(Ended::Exited(0 | 1)) => return End::Regularly,
            Some(_) => return End::Early,
            None => tokio::time::sleep(REAPING.to_std()).await,
        }
    }
    End::Somehow
}
