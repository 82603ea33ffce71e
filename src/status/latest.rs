//! Who may write a status file, and which commit is the latest.

use super::Document;
use crate::base::Timestamp;
use crate::watch::Reason;

/// Whether `latest.json` is to become a copy of `candidate`.
///
/// It is the newest confirmed push's: an unconfirmed push of another commit does not replace it, nor does one to a branch
/// that deploys nowhere. A tracked commit, whose time of push is not known, does not replace one whose time is. Whatever is
/// said of the commit it is of, it says, too: otherwise it would go on telling of an earlier attempt for good.
pub fn takes_latest(candidate: &Document, current: Option<&Document>) -> bool {
    if current.is_some_and(|current| current.commit.sha == candidate.commit.sha) {
        return true;
    }
    let Some(push) = candidate.push.as_ref().filter(|push| push.confirmed) else { return false };
    if candidate.reason == Reason::BranchNotDeployed {
        return false;
    }
    let Some(current) = current else { return true };
    let current_at = current.push.as_ref().and_then(|push| push.at);
    push.at >= current_at
}

/// Whether a monitor of the user `own` may replace a status file of the user `owner`: its writer's is left alone
/// while it is fresh, that is while that user's monitor is at work on it.
pub fn may_write(owner: u32, existing: Option<&Document>, own: u32, now: Timestamp) -> bool {
    let fresh = |document: &Document| !document.done && document.stale_after.is_some_and(|after| now <= after);
    owner == own || !existing.is_some_and(fresh)
}
