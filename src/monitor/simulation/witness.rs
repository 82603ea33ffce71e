//! Somebody who looks on all the time: what the store and the files say at any moment is held to what the world has had
//! so far.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;

use super::run::Run;
use crate::base::{Clock, Span};
use crate::push::{RequestId, Sha};
use crate::status::Document;
use crate::store::Store;
use crate::watch::EventKind;

/// No run has more watches.
pub(super) const MOST: u32 = 100;
/// What lies in the inbox longer than this, beside a monitor that is not hindered, is taken by nobody.
const LONGEST_IN_INBOX: Span = Span::from_mins(5);

/// What the witness remembers.
#[derive(Default)]
pub(super) struct Witness {
    /// The files that were read, as they were then.
    read: BTreeMap<String, (u64, i64, i64)>,
    /// What was said of commits, and is in their timelines.
    confirmed: BTreeSet<(Sha, String)>,
    /// Since then nothing is in the monitor's way.
    pub(super) unhindered_since: Span,
}

impl Run {
    /// Something was written: it is read as anybody would read it.
    pub(super) fn look_around(&mut self, store: &Store) {
        if let Err(why) = self.look(store) {
            self.broken.get_or_insert(why);
        }
    }

    fn look(&mut self, store: &Store) -> Result<(), String> {
        for watch in self.runtime.block_on(store.recent(MOST)).map_err(|why| why.to_string())? {
            let wrong = |why| format!("{} (attempt {}): at {} it {why}", watch.sha, watch.attempt, self.now());
            self.rules().is_true(&watch).map_err(wrong)?;
        }
        for entry in std::fs::read_dir(self.ground.layout.status_dir()).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(about) = entry.metadata() else { continue };
            let state = (about.ino(), about.mtime(), about.mtime_nsec());
            if std::path::Path::new(&name).extension().is_none_or(|extension| extension != "json")
                || name.starts_with('.')
                || self.witness.read.insert(name.clone(), state) == Some(state)
            {
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            let document = Document::parse(&bytes).map_err(|why| format!("{name} is torn: {why}"))?;
            self.hold(&document, store)?;
        }
        Ok(())
    }

    /// Nobody may read what the store does not know.
    fn hold(&mut self, document: &Document, store: &Store) -> Result<(), String> {
        let Some(verdict) = document.verdict.as_ref().map(ToString::to_string) else { return Ok(()) };
        let told = (document.commit.sha.clone(), verdict);
        if self.witness.confirmed.contains(&told) {
            return Ok(());
        }
        let (sha, verdict) = &told;
        let is_known = self.runtime.block_on(async {
            for watch in store.attempts(sha).await.unwrap_or_default() {
                let events = store.events(&watch.id).await.unwrap_or_default();
                if events.iter().any(|event| event.kind == EventKind::Verdict && event.to.as_ref() == Some(verdict)) {
                    return true;
                }
            }
            false
        });
        if !is_known {
            return Err(format!(
                "at {} readers are told that {sha} is {verdict}, and the store does not know",
                self.now()
            ));
        }
        self.witness.confirmed.insert(told);
        Ok(())
    }

    /// Nothing lies in the inbox of a monitor for ever.
    pub(super) fn look_into_the_inbox(&mut self) {
        let (now, since) = (self.now(), self.witness.unhindered_since);
        let is_late = |&(_, asked): &(_, Span)| now - since.max(asked) > LONGEST_IN_INBOX;
        if self.is_full || !self.pleas.open.first().is_some_and(is_late) {
            return;
        }
        let open = std::mem::take(&mut self.pleas.open);
        let (late, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(is_late);
        self.pleas.open = rest;
        if let Some((id, asked)) = late.iter().find(|(id, _)| self.lies_in_the_inbox(id)) {
            let why = format!("{} was asked at {asked} and lies in the inbox at {now}", id.as_str());
            self.broken.get_or_insert(why);
        }
    }

    /// The request was dropped and has not been taken.
    pub(super) fn lies_in_the_inbox(&self, id: &RequestId) -> bool {
        [self.ground.layout.inbox().join("new"), self.unheard()].iter().any(|folder| folder.join(id.as_str()).exists())
    }

    /// Nothing is in the monitor's way from now on.
    pub(super) fn begin_anew(&mut self) {
        self.witness.unhindered_since = self.world.since_boot();
    }
}
