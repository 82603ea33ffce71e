//! Monitors that make the mistakes this one was built to avoid. The rules have to find each of them out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::keeper::{Answered, Happening, Place, Seen};
use super::run::Run;
use crate::base::{Clock, Timestamp};
use crate::push::{RequestId, Sha};
use crate::watch::{CommitMark, Kin, LandingSeen, Live, Proof, Quality, Snapshot};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// After releasing the lock it does not look at the inbox once more.
    NoRescan,
    /// It looks into the inbox only when it is told to.
    TrustsTheBell,
    /// Readers are told before the store is.
    TellsBeforeItStores,
    /// The service answers, so the commit must be what it serves.
    AnyAnswerIsLive,
    /// Whatever was deployed of the commit counts, however old it is.
    OldDeploymentsCount,
    /// A provider that does not answer has deployed nothing.
    SilenceIsAnAnswer,
    /// A git that has ended has pushed.
    AnyEndIsALanding,
}

impl Mistake {
    /// What the monitor hears instead of what was said.
    pub(super) fn mishear(self, happening: &mut Happening, ids: impl Iterator<Item = RequestId>, now: Timestamp) {
        match (self, happening) {
            (Self::AnyEndIsALanding, Happening::Landing(_, seen)) if *seen == LandingSeen::GitGone => {
                *seen = LandingSeen::Proven(Proof::TrackingRef);
            }
            (Self::SilenceIsAnAnswer, Happening::Looked(Place::App(_), outcome)) if outcome.is_err() => {
                let kin: BTreeMap<RequestId, Arc<Kin>> = ids.map(|id| (id, Arc::default())).collect();
                let answer = Answered::Deployments(Arc::new(Snapshot { observed_at: now, ..Snapshot::default() }));
                *outcome = Ok(Box::new(Seen { answer, kin }));
            }
            (Self::AnyAnswerIsLive | Self::OldDeploymentsCount, Happening::Looked(_, Ok(seen))) => {
                self.misread(seen, now);
            }
            _ => {}
        }
    }

    fn misread(self, seen: &mut Seen, now: Timestamp) {
        let Answered::Deployments(snapshot) = &mut seen.answer else { return };
        let snapshot = Arc::make_mut(snapshot);
        if self == Self::AnyAnswerIsLive {
            let ids = seen.kin.keys().filter_map(RequestId::about);
            let mark = |sha: Sha| CommitMark { sha: sha.as_str().to_owned(), quality: Quality::Exact, part: None };
            let commits = ids.map(mark).collect();
            *snapshot = Snapshot {
                observed_at: snapshot.observed_at,
                live: Some(Live { deployment: None, commits }),
                ..Snapshot::default()
            };
        } else {
            for deployment in &mut snapshot.deployments {
                deployment.created_at = Some(now);
            }
        }
    }
}

impl Run {
    /// Where requests are while a monitor that trusts the bell does not know of them.
    pub(super) fn unheard(&self) -> PathBuf {
        self.ground.layout.private().join("unheard")
    }

    /// The bell did not ring.
    pub(super) fn miss_the_bell(&self) {
        if self.mistake == Some(Mistake::TrustsTheBell) {
            fs::create_dir_all(self.unheard()).expect("a folder");
            move_all(&self.ground.layout.inbox().join("new"), &self.unheard());
        }
    }

    /// It rang, or another monitor begins.
    pub(super) fn hear_the_bell(&self) {
        if self.mistake == Some(Mistake::TrustsTheBell) {
            move_all(&self.unheard(), &self.ground.layout.inbox().join("new"));
        }
    }

    /// What a monitor that was killed has told readers, and not the store.
    pub(super) fn forget_what_was_stored(&self) {
        let Some((before, store)) = self.traps.take_copy() else { return };
        for (name, bytes) in before {
            match bytes {
                Some(bytes) => fs::write(store.with_file_name(name), bytes).expect("a file"),
                None => drop(fs::remove_file(store.with_file_name(name))),
            }
        }
    }

    pub(super) fn mishear(&self, happening: &mut Happening) {
        let ids = self.pushed.iter().filter_map(|pushed| pushed.id.clone());
        if let Some(mistake) = self.mistake {
            mistake.mishear(happening, ids, self.world.now());
        }
    }
}

fn move_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        fs::rename(entry.path(), to.join(entry.file_name())).expect("both in one place");
    }
}
