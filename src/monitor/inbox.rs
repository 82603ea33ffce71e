//! The inbox, as the monitor works it off: each request is taken once, and its file goes only when what it asks is
//! durable.

use std::collections::BTreeMap;

use crate::base::{Layout, Span, Timestamp};
use crate::process::{ALIVE_EVERY, failpoint};
use crate::push::{Request, RequestId};
use crate::spool::{self, Found, MAX_ATTEMPTS};

/// Where nobody rings, it is looked into this often: a bell may fail to ring, and each look of ours rings it.
const UNRUNG: Span = Span::from_mins(1);
/// So many requests are taken before the monitor does anything else.
const BATCH: usize = 100;

/// The requests in the inbox and what has become of each in this monitor's life.
pub struct Inbox {
    layout: Layout,
    stages: BTreeMap<RequestId, Stage>,
    is_rung: bool,
    /// The last try to look into it failed.
    is_unseen: bool,
    /// When it was looked into, by the machine's uptime.
    looked: Span,
}

#[derive(Clone, Copy)]
enum Stage {
    /// It is being taken, or could not be taken at this time.
    Tried(Timestamp),
    /// It waits for others.
    HeldBack {
        /// This monitor has tried it before.
        is_tried: bool,
    },
    /// It was taken; its file goes once everything is on the disk.
    Taken,
    /// Only a newer program understands it. It stays.
    Foreign,
}

/// How a request stands that is about to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// No monitor before this one has tried it.
    First,
    /// An earlier monitor ended while it took this one, or one beside it.
    Again,
    /// It is not to be taken.
    SetAside,
}

impl Inbox {
    /// The inbox of a repository.
    pub const fn new(layout: Layout) -> Self {
        Self { layout, stages: BTreeMap::new(), is_rung: true, is_unseen: false, looked: Span::ZERO }
    }

    /// Nothing lies there that this program can take.
    pub fn is_empty(layout: &Layout) -> bool {
        let mut found = spool::scan(layout).into_iter().flatten();
        !found.any(|found| matches!(found, Found::Request { .. }))
    }

    /// Something may have come.
    pub const fn ring(&mut self) {
        self.is_rung = true;
    }

    /// More lies there than was looked at.
    pub const fn has_more(&self) -> bool {
        self.is_rung
    }

    /// Requests may lie there that are not known of, or one that could not be taken.
    pub fn is_unread(&self) -> bool {
        self.is_unseen || self.stages.values().any(|stage| matches!(stage, Stage::Tried(_)))
    }

    /// The requests to take now, in order: a hundred, and those that were held back. What is broken is set aside.
    pub fn requests(&mut self, now: Timestamp, uptime: Span) -> Vec<Request> {
        let is_waiting = self.stages.values().any(|stage| !matches!(stage, Stage::Foreign));
        if !std::mem::take(&mut self.is_rung) && !is_waiting && !self.is_unseen && uptime - self.looked < UNRUNG {
            return Vec::new();
        }
        self.looked = uptime;
        let found = spool::scan(&self.layout).inspect_err(|why| tracing::warn!(%why, "cannot look into the inbox"));
        self.is_unseen = found.is_err();
        let mut requests: Vec<Request> = Vec::new();
        let mut fresh = 0;
        for found in found.into_iter().flatten() {
            let Some(request) = self.request(found, now) else { continue };
            fresh += usize::from(!self.is_held_back(&request.id));
            requests.push(request);
            if fresh == BATCH {
                self.is_rung = true;
                break;
            }
        }
        let unknown = requests.iter().map(|request| &request.id).filter(|id| !self.stages.contains_key(id));
        let unknown: Vec<&RequestId> = unknown.collect();
        if !unknown.is_empty() {
            log_failure(spool::sync(&self.layout, unknown));
        }
        requests
    }

    /// What is found, if it is a request to be taken now.
    fn request(&mut self, found: Found, now: Timestamp) -> Option<Request> {
        match found {
            Found::Request { request, .. } => match self.stages.get(&request.id) {
                Some(Stage::Tried(at)) if now.since(*at) < ALIVE_EVERY => None,
                Some(Stage::Taken) => None,
                _ => Some(*request),
            },
            Found::Newer { proto, id } => {
                if self.stages.insert(id.clone(), Stage::Foreign).is_none() {
                    tracing::warn!(proto, id = id.as_str(), "a request only a newer afterpush understands; it stays");
                }
                None
            }
            Found::Broken { name, about, why } => {
                tracing::warn!(?name, ?about, why, "set a broken request aside");
                log_failure(spool::set_aside(&self.layout, &name, &why));
                None
            }
        }
    }

    fn is_held_back(&self, id: &RequestId) -> bool {
        matches!(self.stages.get(id), Some(Stage::HeldBack { .. }))
    }

    /// Begins to take a request. One that ended several monitors is set aside, or it would end every one.
    pub fn begin(&mut self, id: &RequestId, now: Timestamp) -> Begun {
        match self.stages.insert(id.clone(), Stage::Tried(now)) {
            None | Some(Stage::HeldBack { is_tried: false }) => {}
            Some(_) => return Begun::First,
        }
        let attempts = spool::begin(&self.layout, id).unwrap_or(1);
        if attempts > MAX_ATTEMPTS {
            let why = "several monitors ended while they took it";
            tracing::error!(id = id.as_str(), "set a request aside: {why}");
            log_failure(spool::set_aside(&self.layout, id.as_str().as_ref(), why));
            return Begun::SetAside;
        }
        failpoint("monitor.request_synced");
        if attempts > 1 { Begun::Again } else { Begun::First }
    }

    /// It is not to be taken before others are done with.
    pub fn hold_back(&mut self, id: &RequestId) {
        let before = self.stages.get(id);
        let is_tried = matches!(before, Some(Stage::Tried(_) | Stage::HeldBack { is_tried: true }));
        self.stages.insert(id.clone(), Stage::HeldBack { is_tried });
    }

    /// What the request asks has been taken in.
    pub fn taken(&mut self, id: &RequestId) {
        self.stages.insert(id.clone(), Stage::Taken);
    }

    /// The request waits for the disk or the store: that is no fault of its own, however many monitors end meanwhile.
    pub fn forgive(&self, id: &RequestId) {
        log_failure(spool::forgive(&self.layout, id));
    }

    /// Everything that was taken in is on the disk: the files can go.
    pub fn settle(&mut self) {
        let layout = &self.layout;
        self.stages.retain(|id, stage| match stage {
            Stage::Taken => {
                failpoint("monitor.request_stored");
                let done = spool::done(layout, id);
                let stays = done.is_err();
                log_failure(done);
                stays
            }
            Stage::Tried(_) | Stage::HeldBack { .. } | Stage::Foreign => true,
        });
    }
}

fn log_failure(done: std::io::Result<()>) {
    if let Err(why) = done {
        tracing::warn!(%why, "cannot tidy the inbox");
    }
}

#[cfg(test)]
mod tests;
