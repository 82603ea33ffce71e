//! When each watch has something to do, in order: what happens to one of ten thousand is no reason to ask all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::roster::Serial;
use crate::base::Timestamp;

/// What is planned, and what must be planned anew.
#[derive(Default)]
pub(super) struct Agenda {
    times: BTreeMap<Serial, Timestamp>,
    in_order: BTreeSet<(Timestamp, Serial)>,
    /// To be taken up whatever their time: somebody waits for them.
    open: BTreeSet<Serial>,
    touched: BTreeSet<Serial>,
}

impl Agenda {
    /// Something happened to this watch.
    pub(super) fn touch(&mut self, watch: Serial) {
        self.touched.insert(watch);
    }

    /// What was touched, once.
    pub(super) fn take_touched(&mut self) -> BTreeSet<Serial> {
        std::mem::take(&mut self.touched)
    }

    /// Plans when a watch has something to do, if by time at all.
    pub(super) fn plan(&mut self, watch: Serial, at: Option<Timestamp>, is_open: bool) {
        if is_open {
            self.open.insert(watch);
        } else {
            self.open.remove(&watch);
        }
        let before = match at {
            Some(at) => self.times.insert(watch, at),
            None => self.times.remove(&watch),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.in_order.remove(&(before, watch));
        }
        if let Some(at) = at {
            self.in_order.insert((at, watch));
        }
    }

    /// Forgets a watch.
    pub(super) fn remove(&mut self, watch: Serial) {
        self.plan(watch, None, false);
    }

    /// When the first of them has something to do.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.in_order.first().map(|(at, _)| *at)
    }

    /// What is planned for a watch.
    pub(super) fn plans(&self, watch: Serial) -> (Option<Timestamp>, bool) {
        (self.times.get(&watch).copied(), self.open.contains(&watch))
    }

    /// The watches that are to be taken up now.
    pub(super) fn due(&self, now: Timestamp) -> BTreeSet<Serial> {
        let due = self.in_order.iter().take_while(|(at, _)| *at <= now).map(|(_, watch)| *watch);
        due.chain(self.open.iter().copied()).collect()
    }
}
