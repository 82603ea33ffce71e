//! The ledger: every change of a watch, first in the store, then in what readers see.
//!
//! A disk that is full or gone loses nothing: changes wait here, in order, and are tried again at each heartbeat.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::MonitorError;
use super::publish::{Missing, Publisher};
use super::tools::Tools;
use crate::base::{Span, Timestamp};
use crate::process::failpoint;
use crate::push::RequestId;
use crate::store::StoreError;
use crate::watch::{Event, EventKind, Watch};

/// Where nothing happened but another look, the store and readers are told only this often: seldom, where there are
/// many watches to tell of, but before a reader takes the monitor for dead.
const QUIET: Span = Span::from_secs(10);
const QUIETEST: Span = Span::from_secs(45);
/// Of the time between, so much for each watch.
const QUIET_EACH: Span = Span::from_millis(50);

/// Changes on their way to the disk.
pub struct Ledger {
    tools: Arc<Tools>,
    publisher: Publisher,
    waiting: VecDeque<Change>,
    /// The newest state of watches to which nothing happened but another look.
    quiet: BTreeMap<RequestId, Watch>,
    written: BTreeMap<RequestId, Timestamp>,
    is_failing: bool,
}

struct Change {
    watch: Watch,
    events: Vec<Event>,
}

impl Ledger {
    /// An empty ledger over the open store.
    pub fn open(tools: &Arc<Tools>) -> Result<Self, MonitorError> {
        Ok(Self {
            publisher: Publisher::open(tools)?,
            tools: Arc::clone(tools),
            waiting: VecDeque::new(),
            quiet: BTreeMap::new(),
            written: BTreeMap::new(),
            is_failing: false,
        })
    }

    /// Nothing that happened waits for the disk.
    pub fn is_settled(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes down a change and writes out what can be written.
    pub async fn save(&mut self, watch: Watch, events: Vec<Event>) {
        let now = self.tools.now();
        let many = i64::try_from(self.written.len()).unwrap_or(i64::MAX);
        let quiet = QUIET_EACH.scaled(many, 1).clamp(QUIET, QUIETEST);
        let recent = self.written.get(&watch.id).is_some_and(|at| now.since(*at) < quiet);
        if events.is_empty() && recent && !watch.is_over() {
            self.quiet.insert(watch.id.clone(), watch);
            return;
        }
        self.quiet.remove(&watch.id);
        match self.waiting.back_mut().filter(|last| last.watch.id == watch.id && last.watch.revision > 1) {
            // The disk is full: a hundred looks in vain are still one line to write.
            Some(last) => {
                last.watch = watch;
                last.events.extend(events);
            }
            None => self.waiting.push_back(Change { watch, events }),
        }
        self.write().await;
    }

    /// Writes out a watch although nothing happened to it: somebody asked.
    pub async fn tell(&mut self, id: &RequestId) {
        if let Some(watch) = self.quiet.remove(id) {
            self.waiting.push_back(Change { watch, events: Vec::new() });
            self.write().await;
        }
    }

    /// Makes what readers see of a watch what the store says.
    pub async fn mend(&mut self, watch: &Watch, missing: Missing) {
        self.publisher.mend(&self.tools, watch, missing).await;
    }

    /// Writes for readers, though nothing changed: somebody asked, and this is the answer.
    pub async fn acknowledge(&mut self, watch: &Watch) {
        self.publisher.publish(&self.tools, watch, &[]).await;
    }

    /// Writes everything there is.
    pub async fn flush(&mut self) {
        let quiet = std::mem::take(&mut self.quiet).into_values();
        self.waiting.extend(quiet.map(|watch| Change { watch, events: Vec::new() }));
        self.write().await;
    }

    /// Tries again what could not be written.
    pub async fn retry(&mut self) {
        self.write().await;
    }

    /// Writes what waits, in order, until something fails.
    async fn write(&mut self) {
        while let Some(change) = self.waiting.front() {
            failpoint("monitor.before_store");
            if let Err(why) = store(&self.tools, change).await {
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::error!(%why, "cannot store what happened; it is kept in memory and tried again");
                }
                return;
            }
            if std::mem::take(&mut self.is_failing) {
                tracing::info!("storing works again");
            }
            failpoint("monitor.stored");
            if let Some(Change { watch, events }) = self.waiting.pop_front() {
                self.publisher.publish(&self.tools, &watch, &events).await;
                if watch.is_over() {
                    self.written.remove(&watch.id);
                } else {
                    self.written.insert(watch.id, self.tools.now());
                }
            }
        }
    }
}

/// A watch at its first revision is new; every later one must follow on what is stored.
async fn store(tools: &Tools, change: &Change) -> Result<(), StoreError> {
    let Change { watch, events } = change;
    let is_new = if watch.revision == 1 {
        tools.store.record(watch, events).await?
    } else {
        tools.store.advance(watch, events).await?
    };
    if events.iter().any(|event| event.kind == EventKind::Verdict) {
        tools.learn(watch).await?;
    }
    if !is_new {
        // Only the holder of the lock writes, so this change was stored before a crash.
        tracing::debug!(id = watch.id.as_str(), revision = watch.revision, "the store has this change already");
    }
    Ok(())
}
