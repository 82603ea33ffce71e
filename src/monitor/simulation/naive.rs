//! Monitors that make the mistakes this one was built to avoid. The rules have to find each of them out.

use std::sync::Arc;

use super::super::keeper::{Answered, Happening};
use crate::base::Timestamp;
use crate::push::{RequestId, Sha};
use crate::watch::{CommitMark, Live, Quality, Snapshot};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// After releasing the lock it does not look at the inbox once more.
    NoRescan,
    /// The service answers, so the commit must be what it serves.
    AnyAnswerIsLive,
    /// Whatever was deployed of the commit counts, however old it is.
    OldDeploymentsCount,
}

impl Mistake {
    /// What the monitor hears instead of what was said.
    pub(super) fn mishear(self, happening: &mut Happening, now: Timestamp) {
        let Happening::Looked(_, Ok(seen)) = happening else { return };
        let Answered::Deployments(snapshot) = &mut seen.answer else { return };
        let snapshot = Arc::make_mut(snapshot);
        match self {
            Self::NoRescan => {}
            Self::AnyAnswerIsLive => {
                let ids = seen.kin.keys().filter_map(RequestId::about);
                let mark = |sha: Sha| CommitMark { sha: sha.as_str().to_owned(), quality: Quality::Exact, part: None };
                let commits = ids.map(mark).collect();
                *snapshot = Snapshot {
                    observed_at: snapshot.observed_at,
                    live: Some(Live { deployment: None, commits }),
                    ..Snapshot::default()
                };
            }
            Self::OldDeploymentsCount => {
                for deployment in &mut snapshot.deployments {
                    deployment.created_at = Some(now);
                }
            }
        }
    }
}
