//! The ledger: every change of a watch, first in the store, then in what readers see.
//!
//! A disk that is full or gone loses nothing: changes wait here and are tried again at each heartbeat.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::MonitorError;
use super::publish::{Missing, Publisher};
use super::tools::Tools;
use crate::base::{Span, Timestamp};
use crate::process::failpoint;
use crate::push::{RequestId, Sha};
use crate::store::{Change, StoreError};
use crate::watch::{Event, EventKind, Watch};

/// Where nothing happened but another look, the store and readers are told only this often: the more watches there are
/// to tell of, the more seldom. Each document says until when it holds.
const QUIET: Span = Span::from_secs(10);
const QUIETEST: Span = Span::from_mins(5);
/// Of the time between, so much for each watch.
const QUIET_EACH: Span = Span::from_millis(300);
/// The commits whose readers have not been told, in the store: the monitor may end before there is room again.
const UNTOLD: &str = "untold";

/// Changes on their way to the disk.
pub struct Ledger {
    tools: Arc<Tools>,
    publisher: Publisher,
    /// What is to be written next, all at once. While the disk is full a hundred looks in vain are still one line.
    waiting: BTreeMap<RequestId, Change>,
    /// What was written of each living watch.
    written: BTreeMap<RequestId, Written>,
    /// What the store has and readers do not, because there was no room for it.
    untold: BTreeMap<RequestId, Change>,
    /// The commits the monitors before left untold and that were not mended yet.
    owed: BTreeSet<Sha>,
    /// What the store has under [`UNTOLD`].
    noted: BTreeSet<Sha>,
    is_failing: bool,
}

/// What was written of a watch.
struct Written {
    /// The newest known of it, which answers as what was written or waits to be.
    watch: Arc<Watch>,
    /// It is newer than what was written.
    is_newer: bool,
    /// Until then what was written holds, if nothing happens.
    until: Timestamp,
}

impl Written {
    /// What is newer than what was written, once.
    fn take_newer(&mut self) -> Option<Arc<Watch>> {
        std::mem::take(&mut self.is_newer).then(|| Arc::clone(&self.watch))
    }
}

impl Ledger {
    /// An empty ledger over the open store.
    pub async fn open(tools: &Arc<Tools>) -> Result<Self, MonitorError> {
        let noted = tools.store.note(UNTOLD).await?.unwrap_or_default();
        let noted: BTreeSet<Sha> = noted.split_whitespace().filter_map(|sha| sha.parse().ok()).collect();
        Ok(Self {
            publisher: Publisher::open(tools)?,
            tools: Arc::clone(tools),
            waiting: BTreeMap::new(),
            written: BTreeMap::new(),
            untold: BTreeMap::new(),
            owed: noted.clone(),
            noted,
            is_failing: false,
        })
    }

    /// Nothing that happened waits for the disk.
    pub fn is_settled(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Readers have been told all there was to tell.
    pub fn is_told(&self) -> bool {
        self.untold.is_empty()
    }

    /// A monitor before ended before it could tell readers of the commit.
    pub fn owes(&self, sha: &Sha) -> bool {
        self.owed.contains(sha)
    }

    /// What the monitors before left untold has been mended, or waits here.
    pub async fn forget_debts(&mut self) {
        self.owed.clear();
        self.note_untold().await;
    }

    /// Where the store has no room for it either, it is tried again with the next change.
    async fn note_untold(&mut self) {
        let untold = self.untold.values().map(|change| change.watch.sha.clone());
        let untold: BTreeSet<Sha> = untold.chain(self.owed.iter().cloned()).collect();
        if untold == self.noted {
            return;
        }
        let text = untold.iter().map(Sha::as_str).collect::<Vec<_>>().join(" ");
        match self.tools.store.set_note(UNTOLD, &text).await {
            Ok(()) => self.noted = untold,
            Err(why) => tracing::debug!(%why, "cannot store which readers have not been told"),
        }
    }

    /// Takes down a change. What happens at once is written at once: see [`Ledger::write`].
    pub fn note(&mut self, watch: Arc<Watch>, events: Vec<Event>) {
        if let Some(written) = self.written.get_mut(&watch.id) {
            let is_quiet = events.is_empty() && !watch.is_over() && watch.answers_as(&written.watch);
            written.is_newer = is_quiet && self.tools.now() < written.until;
            written.watch = Arc::clone(&watch);
            if written.is_newer {
                return;
            }
        }
        add(&mut self.waiting, Change { watch, events });
    }

    /// How long what is written now is to hold.
    fn quiet(&self) -> Span {
        let many = i64::try_from(self.written.len()).unwrap_or(i64::MAX);
        QUIET_EACH.scaled(many, 1).clamp(QUIET, QUIETEST)
    }

    /// Writes out these watches although nothing happened to them: somebody asked.
    pub async fn tell(&mut self, ids: impl IntoIterator<Item = RequestId>) {
        for id in ids {
            if let Some(watch) = self.written.get_mut(&id).and_then(Written::take_newer) {
                add(&mut self.waiting, Change { watch, events: Vec::new() });
            }
        }
        self.write().await;
    }

    /// Makes what readers see of a watch what the store says.
    pub async fn mend(&mut self, watch: &Arc<Watch>, missing: Missing) {
        let left = self.publisher.mend(&self.tools, watch, missing, self.quiet()).await;
        for change in left {
            add(&mut self.untold, change);
        }
        self.note_untold().await;
    }

    /// Writes for readers, though nothing changed: somebody asked, and this is the answer.
    pub async fn acknowledge(&mut self, watch: Arc<Watch>) {
        self.publish(vec![Change { watch, events: Vec::new() }]).await;
    }

    /// First what readers have not been told before.
    async fn publish(&mut self, changes: Vec<Change>) {
        let mut all = std::mem::take(&mut self.untold);
        let changes = if all.is_empty() {
            changes
        } else {
            for change in changes {
                add(&mut all, change);
            }
            all.into_values().collect()
        };
        let left = self.publisher.publish(&self.tools, changes, self.quiet()).await;
        self.untold = left.into_iter().map(|change| (change.watch.id.clone(), change)).collect();
        self.note_untold().await;
    }

    /// Writes everything there is.
    pub async fn flush(&mut self) {
        for watch in self.written.values_mut().filter_map(Written::take_newer) {
            add(&mut self.waiting, Change { watch, events: Vec::new() });
        }
        self.write().await;
    }

    /// Writes what waits: first to the store, in one transaction, then for readers. If the store does not take it,
    /// it goes on waiting.
    pub async fn write(&mut self) {
        if self.waiting.is_empty() {
            if !self.is_told() {
                self.publish(Vec::new()).await;
            }
            return;
        }
        failpoint("monitor.before_store");
        if let Err(why) = self.store().await {
            if !std::mem::replace(&mut self.is_failing, true) {
                tracing::error!(%why, "cannot store what happened; it is kept in memory and tried again");
            }
            return;
        }
        if std::mem::take(&mut self.is_failing) {
            tracing::info!("storing works again");
        }
        failpoint("monitor.stored");
        let changes: Vec<Change> = std::mem::take(&mut self.waiting).into_values().collect();
        let (now, quiet) = (self.tools.now(), self.quiet());
        let watches: Vec<Arc<Watch>> = changes.iter().map(|change| Arc::clone(&change.watch)).collect();
        self.publish(changes).await;
        for watch in watches {
            if watch.is_over() {
                self.written.remove(&watch.id);
            } else {
                let until = now + spread(&watch.id, quiet);
                // What is known there may be newer: it came while this one waited.
                let known = self.written.entry(watch.id.clone()).and_modify(|written| written.until = until);
                known.or_insert(Written { watch, is_newer: false, until });
            }
        }
    }

    async fn store(&self) -> Result<(), StoreError> {
        let news = self.tools.store.record(self.waiting.values()).await?;
        if news < self.waiting.len() {
            // Only the holder of the lock writes, so these changes were stored before a crash.
            tracing::debug!(news, of = self.waiting.len(), "the store has changes already");
        }
        for Change { watch, events } in self.waiting.values() {
            if events.iter().any(|event| event.kind == EventKind::Verdict) {
                self.tools.learn(watch).await?;
            }
        }
        Ok(())
    }
}

/// Adds a change to those of before.
fn add(changes: &mut BTreeMap<RequestId, Change>, Change { watch, events }: Change) {
    match changes.entry(watch.id.clone()) {
        Entry::Vacant(place) => drop(place.insert(Change { watch, events })),
        Entry::Occupied(mut earlier) => {
            let earlier = earlier.get_mut();
            earlier.watch = watch;
            earlier.events.extend(events);
        }
    }
}

/// Up to half of it less, for each watch as much as always: what one look told all of them is not written again for all of
/// them at once.
fn spread(id: &RequestId, quiet: Span) -> Span {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    quiet.scaled(100 - i64::try_from(hasher.finish() % 50).unwrap_or(0), 100)
}
