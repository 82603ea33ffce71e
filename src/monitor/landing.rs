//! Did the push land? Asked of the pushing git's end, then of this clone's tracking ref, then once of the remote.
//!
//! Git's exit code proves nothing (a connection that dies after the server has updated is an error to git), and an
//! unchanged tracking ref disproves nothing. What counts is where the ref is, and that git is no longer at work.

use std::sync::Arc;

use super::aside::aside;
use super::outside::{End, Outside};
use super::tools::Tools;
use crate::base::{Span, Timestamp};
use crate::host::git::Repo;
use crate::push::Sha;
use crate::watch::{LandingSeen, Origin, Proof, Reason, Relation, Watch};

/// Reflog times are whole seconds and the hook notes its time before git moves the ref.
const REFLOG_SLACK: Span = Span::from_secs(2);
/// Where it is not known how git ended, the remote gets this long to finish what git may have left it with.
const SETTLING: Span = Span::from_secs(15);
/// Not proven by this clone alone, a landing is asked of the remote again after this long.
const REMOTE_AGAIN: Span = Span::from_secs(30);
/// So many reflog entries are read, newest first.
const REFLOG_ENTRIES: usize = 50;

/// Whether the remote, last asked at this time, is to be asked now: once it has settled its answer may decide.
pub fn asks_remote(watch: &Watch, asked: Option<Timestamp>, now: Timestamp) -> bool {
    let settled = gone_since(watch) + SETTLING;
    asked.is_none_or(|at| now.since(at) >= REMOTE_AGAIN || (watch.is_git_gone() && (at..now).contains(&settled)))
}

/// Waits for the pushing git to end, then looks for proof.
pub async fn prove(tools: Arc<Tools>, watch: Arc<Watch>, ask_remote: bool) -> LandingSeen {
    let end = match &watch.push.git {
        Some(git) => tools.outside.end_of(git).await,
        None => End::Unseen,
    };
    if end != End::Unseen && watch.push.git.as_ref().is_some_and(|git| git.dry_run) {
        return LandingSeen::Disproven(Reason::DryRun);
    }
    let negative_counts = negative_counts(&watch, end, tools.now());
    let clock_set = watch.clock_set_since(&tools.boot());
    let Ok(_turn) = tools.proofs.acquire().await else { return LandingSeen::GitGone };
    let searching = Arc::clone(&tools);
    let search = move || {
        let Ok(repo) = Repo::open_common(searching.layout.common_dir()) else { return LandingSeen::GitGone };
        if shown_here(&repo, &watch, clock_set) {
            return LandingSeen::Proven(Proof::TrackingRef);
        }
        if !ask_remote {
            return LandingSeen::GitGone;
        }
        match shown_by_remote(searching.outside.as_ref(), &repo, &watch) {
            LandingSeen::Disproven(_) if !negative_counts => LandingSeen::GitGone,
            seen => seen,
        }
    };
    aside(search).await.unwrap_or(LandingSeen::GitGone)
}

/// Whether the remote's not having the commit yet means that it will not have it.
fn negative_counts(watch: &Watch, end: End, now: Timestamp) -> bool {
    let register_timeout = watch.policy.register_timeout;
    let is_late = now >= watch.register_by.max(watch.push.at + register_timeout);
    match end {
        _ if is_late || watch.push.origin == Origin::Track => true,
        End::Regularly => true,
        End::Somehow => watch.is_git_gone() && now.since(gone_since(watch)) >= SETTLING,
        End::Unseen | End::Early => false,
    }
}

/// Since when git is known to be gone: from then on the push has its whole time to register.
pub fn gone_since(watch: &Watch) -> Timestamp {
    watch.register_by - watch.policy.register_timeout
}

/// The tracking ref, or its reflog since the push, has the commit. If the clock was put back since, git may have noted
/// an earlier time than the hook.
fn shown_here(repo: &Repo, watch: &Watch, clock_set: Span) -> bool {
    let Watch { push, sha, .. } = watch;
    let Some(tracking) = repo.tracking_ref(&push.remote, &push.ref_name) else { return false };
    let Some(tip) = repo.read_ref(&tracking) else { return false };
    let contains = |tip: &Sha| tip == sha || repo.relation(sha, tip.as_str()) == Relation::Contains;
    if push.origin != Origin::Hook {
        return contains(&tip);
    }
    let since = push.at + clock_set.min(Span::ZERO) - REFLOG_SLACK;
    let entries = repo.reflog(&tracking, REFLOG_ENTRIES);
    if entries.is_empty() {
        // No reflog is kept. Where the remote had moved, this ref may have been at the commit before the push.
        return tip == *sha && !push.moved;
    }
    let recent = |at: Timestamp| at >= since;
    entries.iter().take_while(|entry| recent(entry.at)).any(|entry| contains(&entry.new))
}

/// Where the remote has the ref.
fn shown_by_remote(outside: &dyn Outside, repo: &Repo, watch: &Watch) -> LandingSeen {
    let Watch { push, sha, .. } = watch;
    let from = watch.worktree.as_deref().filter(|path| path.is_dir()).unwrap_or(repo.common_dir());
    // By its name, because its configured URL may hold what the remote wants to see; but a remote that is pushed to
    // elsewhere than it is fetched from is asked there.
    let pushed_elsewhere = repo.config(&format!("remote.{}.pushurl", push.remote)).is_some();
    let remote = push.url.as_deref().filter(|_| pushed_elsewhere).unwrap_or(push.remote.as_str());
    let Ok(tip) = outside.remote_tip(repo, from, remote, &push.ref_name) else { return LandingSeen::GitGone };
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
