//! Documents of commits that have no watch of their own.

use super::document::{Document, Push, STATUS_SCHEMA};
use super::{draw, next};
use crate::base::text::visible;
use crate::push::{Asked, Request, Sha};
use crate::watch::{Phase, Reason, Verdict, exit};

/// Why nobody watches a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unwatched {
    /// No push of it from here is known and nobody asked for it.
    NotTracked,
    /// Whoever pushed it did not want it watched (`AFTERPUSH=0`).
    Ignored,
    /// It was pushed to this branch only, which deploys nowhere.
    BranchNotDeployed(String),
}

/// The document of a commit nobody watches.
pub fn unwatched(sha: &Sha, subject: Option<&str>, why: &Unwatched) -> Document {
    let (verdict, exit_code, reason, message) = match why {
        Unwatched::NotTracked => {
            let message = format!("nobody watches {}: no push of it from here is known", sha.short());
            (None, exit::NOT_WATCHED, Reason::NotTracked, message)
        }
        Unwatched::Ignored => {
            let message = format!("nobody watches {}: it was pushed with AFTERPUSH=0", sha.short());
            (None, exit::NOT_WATCHED, Reason::NotTracked, message)
        }
        Unwatched::BranchNotDeployed(branch) => {
            let message = format!(
                "the branch {} is deployed to no target; if it should be, add it under `branches`",
                visible(branch)
            );
            (Some(Verdict::Skipped), exit::NOTHING, Reason::BranchNotDeployed, message)
        }
    };
    let mut document = Document {
        schema: STATUS_SCHEMA.to_owned(),
        commit: draw::commit(sha, subject, false),
        push: None,
        attempt: None,
        phase: None,
        verdict: verdict.map(Into::into),
        done: verdict.is_some(),
        exit_code,
        reason: reason.into(),
        message,
        via: None,
        targets: Vec::new(),
        failure: None,
        eta: None,
        warnings: Vec::new(),
        monitor: None,
        observed_at: None,
        stale_after: None,
        stale: false,
        next: Vec::new(),
    };
    document.next = next::suggest(&document);
    document
}

/// The document of a commit whose request still lies in the inbox: it counts as being pushed.
pub fn requested(sha: &Sha, subject: Option<&str>, request: &Request) -> Document {
    let mut document = unwatched(sha, subject, &Unwatched::NotTracked);
    document.push = push(sha, request);
    document.phase = Some(Phase::Pushing.into());
    document.exit_code = exit::RUNNING;
    document.reason = Reason::PushRunning.into();
    "the push is not confirmed yet".clone_into(&mut document.message);
    if is_dry_run(request) {
        document.reason = Reason::DryRun.into();
        "a dry run was noted; nothing was pushed".clone_into(&mut document.message);
    }
    document.next = next::suggest(&document);
    document
}

/// The hook saw git being called so that it pushes nothing.
fn is_dry_run(request: &Request) -> bool {
    let Asked::Push(note) = &request.asked else { return false };
    note.git.as_ref().is_some_and(|git| git.dry_run)
}

/// The document of a commit whose status file tells nothing: its state is not known.
pub fn damaged(sha: &Sha) -> Document {
    let mut document = unwatched(sha, None, &Unwatched::NotTracked);
    document.exit_code = exit::UNKNOWN;
    // No monitor writes this word, so it is none of those that tell where a watch stands.
    document.reason = super::Word::Newer("damaged".to_owned());
    document.message = format!("the status file of {} cannot be used", sha.short());
    document.next = next::suggest(&document);
    document
}

fn push(sha: &Sha, request: &Request) -> Option<Push> {
    let Asked::Push(note) = &request.asked else { return None };
    let update = note.refs.iter().find(|update| &update.new == sha)?;
    Some(Push {
        at: Some(request.at.whole_seconds()),
        remote: visible(note.remote.as_str()),
        ref_name: visible(update.name.as_str()),
        old: update.old.clone(),
        commits: None,
        forced: None,
        confirmed: false,
    })
}

/// The document of a commit that was pushed below this tip: it answers through the tip, and is live through the
/// commit that really is.
pub fn inside(sha: &Sha, subject: Option<&str>, tip: &Document) -> Document {
    let mut document = tip.clone();
    document.commit = draw::commit(sha, subject, false);
    let through = tip.via.clone().unwrap_or_else(|| tip.commit.sha.clone());
    if document.verdict.as_ref().is_some_and(|verdict| *verdict == Verdict::Live) {
        document.reason = Reason::Contained.into();
        document.message = format!("contained in {}, which is live", through.short());
    } else {
        document.message = format!("pushed below {}: {}", tip.commit.short, tip.message);
    }
    document.via = Some(through);
    document.next = next::suggest(&document);
    document
}
