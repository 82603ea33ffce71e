//! The inbox, as the monitor works it off: each request is taken once, and its file goes only when what it asks is
//! durable.

use std::collections::BTreeMap;

use crate::base::{Layout, Span, Timestamp};
use crate::process::{ALIVE_EVERY, failpoint};
use crate::push::{Request, RequestId};
use crate::spool::{self, Found, MAX_ATTEMPTS};

/// Where nobody rings, it is looked into this often: a bell may fail to ring, and each look of ours rings it.
const UNRUNG: Span = Span::from_mins(1);

/// The requests in the inbox and what has become of each in this monitor's life.
pub struct Inbox {
    layout: Layout,
    stages: BTreeMap<RequestId, Stage>,
    is_rung: bool,
    /// When it was looked into, by the machine's uptime.
    looked: Span,
}

enum Stage {
    /// It is being taken, or could not be taken at this time.
    Tried(Timestamp),
    /// It waits for others, and was not tried.
    HeldBack,
    /// It was taken; its file goes once everything is on the disk.
    Taken,
    /// Only a newer program understands it. It stays.
    Foreign,
}

impl Inbox {
    /// The inbox of a repository.
    pub const fn new(layout: Layout) -> Self {
        Self { layout, stages: BTreeMap::new(), is_rung: true, looked: Span::ZERO }
    }

    /// Nothing lies there that this program can take.
    pub fn is_empty(layout: &Layout) -> bool {
        let found = spool::scan(layout).unwrap_or_default();
        !found.iter().any(|found| matches!(found, Found::Request { .. }))
    }

    /// Something may have come.
    pub const fn ring(&mut self) {
        self.is_rung = true;
    }

    /// The requests to take now, in order. What is broken is set aside.
    pub fn requests(&mut self, now: Timestamp, uptime: Span) -> Vec<Request> {
        let is_waiting = self.stages.values().any(|stage| !matches!(stage, Stage::Foreign));
        if !std::mem::take(&mut self.is_rung) && !is_waiting && uptime - self.looked < UNRUNG {
            return Vec::new();
        }
        self.looked = uptime;
        let found = spool::scan(&self.layout).unwrap_or_else(|why| {
            tracing::warn!(%why, "cannot look into the inbox");
            Vec::new()
        });
        found.into_iter().filter_map(|found| self.request(found, now)).collect()
    }

    fn request(&mut self, found: Found, now: Timestamp) -> Option<Request> {
        match found {
            Found::Request { request, .. } => self.attempt(*request, now),
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

    /// A request that ended several monitors is set aside, or it would end every one.
    fn attempt(&mut self, request: Request, now: Timestamp) -> Option<Request> {
        match self.stages.insert(request.id.clone(), Stage::Tried(now)) {
            Some(Stage::Tried(at)) if now.since(at) < ALIVE_EVERY => {
                self.stages.insert(request.id, Stage::Tried(at));
                return None;
            }
            Some(Stage::Taken) => {
                self.stages.insert(request.id, Stage::Taken);
                return None;
            }
            Some(_) => {}
            None => {
                if spool::begin(&self.layout, &request.id).is_ok_and(|attempts| attempts > MAX_ATTEMPTS) {
                    let why = "several monitors ended while they took it";
                    tracing::error!(id = request.id.as_str(), "set a request aside: {why}");
                    log_failure(spool::set_aside(&self.layout, request.id.as_str().as_ref(), why));
                    return None;
                }
                log_failure(spool::sync(&self.layout, &request.id));
                failpoint("monitor.request_synced");
            }
        }
        Some(request)
    }

    /// It is not to be taken before others are done with.
    pub fn hold_back(&mut self, id: &RequestId) {
        self.stages.insert(id.clone(), Stage::HeldBack);
    }

    /// What the request asks has been taken in.
    pub fn taken(&mut self, id: &RequestId) {
        self.stages.insert(id.clone(), Stage::Taken);
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
            Stage::Tried(_) | Stage::HeldBack | Stage::Foreign => true,
        });
    }
}

impl Drop for Inbox {
    /// A monitor that ends by itself, because the disk is full, say, was not ended by what it had tried.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for (id, stage) in &self.stages {
            if matches!(stage, Stage::Tried(_) | Stage::Taken) {
                log_failure(spool::forgive(&self.layout, id));
            }
        }
    }
}

fn log_failure(done: std::io::Result<()>) {
    if let Err(why) = done {
        tracing::warn!(%why, "cannot tidy the inbox");
    }
}
