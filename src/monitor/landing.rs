//! Did the push land? Asked of the pushing git's end, then of this clone's tracking ref, then once of the remote.
//!
//! Git's exit code proves nothing (a connection that dies after the server has updated is an error to git), and an
//! unchanged tracking ref disproves nothing. What counts is where the ref is, and that git is no longer at work.

use std::os::fd::AsFd;
use std::sync::Arc;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::tools::Tools;
use crate::base::{Span, Timestamp};
use crate::host::git::{self, Repo};
use crate::process::PidFd;
use crate::push::{GitProcess, Sha};
use crate::watch::{LandingSeen, Origin, Proof, Push, Reason, Relation, Watch};

/// How long `git ls-remote` may take.
const REMOTE_LIMIT: Span = Span::from_secs(20);
/// Reflog times are whole seconds and the hook notes its time before git moves the ref.
const REFLOG_SLACK: Span = Span::from_secs(2);
/// Where the end of a process cannot be waited for, it is looked for this often.
const POLL: Span = Span::from_millis(200);
/// So many reflog entries are read, newest first.
const REFLOG_ENTRIES: usize = 50;

/// Waits for the pushing git to end, then looks for proof.
pub async fn prove(tools: Arc<Tools>, watch: Watch, ask_remote: bool) -> LandingSeen {
    let mut git_ended = false;
    if let Some(git) = watch.push.git.clone() {
        wait_for_end(&git).await;
        git_ended = true;
        if git.dry_run {
            return LandingSeen::Disproven(Reason::DryRun);
        }
    }
    let late = tools.now() >= watch.push.at + watch.policy.register_timeout;
    let negative_counts = git_ended || late || watch.push.origin == Origin::Track;
    let layout = tools.layout.clone();
    let search = move || {
        let Ok(repo) = Repo::open_common(layout.common_dir()) else { return LandingSeen::GitGone };
        if shown_here(&repo, &watch.push, &watch.sha) {
            return LandingSeen::Proven(Proof::TrackingRef);
        }
        if !ask_remote {
            return LandingSeen::GitGone;
        }
        match shown_by_remote(&repo, &watch) {
            LandingSeen::Disproven(_) if !negative_counts => LandingSeen::GitGone,
            seen => seen,
        }
    };
    tokio::task::spawn_blocking(search).await.unwrap_or(LandingSeen::GitGone)
}

/// Returns when this very process has ended; at once if it is not there.
#[expect(
    deprecated,
    reason = "its successor is unsafe for descriptors that may be closed elsewhere; this one is owned"
)]
async fn wait_for_end(git: &GitProcess) {
    let Ok(Some(handle)) = PidFd::of(git.pid, git.start_ticks) else { return };
    match handle.as_fd().try_clone_to_owned().and_then(|fd| AsyncFd::with_interest(fd, Interest::READABLE)) {
        Ok(handle) => drop(handle.readable().await),
        Err(_) => {
            while matches!(handle.has_ended(std::time::Duration::ZERO), Ok(false)) {
                tokio::time::sleep(POLL.to_std()).await;
            }
        }
    }
}

/// The tracking ref, or its reflog since the push, has the commit.
fn shown_here(repo: &Repo, push: &Push, sha: &Sha) -> bool {
    let Some(tracking) = repo.tracking_ref(&push.remote, &push.ref_name) else { return false };
    let Some(tip) = repo.read_ref(&tracking) else { return false };
    let contains = |tip: &Sha| tip == sha || repo.relation(sha, tip.as_str()) == Relation::Contains;
    if push.origin != Origin::Hook {
        return contains(&tip);
    }
    let since = push.at - REFLOG_SLACK;
    let entries = repo.reflog(&tracking, REFLOG_ENTRIES);
    if entries.is_empty() {
        // No reflog is kept. Where the remote had moved, this ref may have been at the commit before the push.
        return tip == *sha && !push.moved;
    }
    let recent = |at: Timestamp| at >= since;
    entries.iter().take_while(|entry| recent(entry.at)).any(|entry| contains(&entry.new))
}

/// Where the remote has the ref.
fn shown_by_remote(repo: &Repo, watch: &Watch) -> LandingSeen {
    let Watch { push, sha, .. } = watch;
    let from = watch.worktree.as_deref().filter(|path| path.is_dir()).unwrap_or(repo.common_dir());
    let remote = match &push.url {
        Some(url) if push.remote.as_str() == url => url.as_str(),
        _ => push.remote.as_str(),
    };
    let Ok(tip) = git::ls_remote(repo.common_dir(), from, remote, &push.ref_name, REMOTE_LIMIT) else {
        return LandingSeen::GitGone;
    };
    let Some(tip) = tip else { return LandingSeen::Disproven(Reason::Rejected) };
    match repo.relation(sha, tip.as_str()) {
        Relation::Same | Relation::Contains => LandingSeen::Proven(Proof::Remote),
        Relation::Older => LandingSeen::Disproven(Reason::Rejected),
        Relation::Apart => LandingSeen::Disproven(Reason::RemoteAhead),
        // Still what the push was to replace: nothing of ours arrived. Any other unknown tip may contain ours.
        Relation::Unknown if push.old.as_ref() == Some(&tip) => LandingSeen::Disproven(Reason::RemoteAhead),
        Relation::Unknown => LandingSeen::GitGone,
    }
}
