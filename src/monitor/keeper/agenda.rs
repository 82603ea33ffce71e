//! When each watch has something to do, in order: what happens to one of ten thousand is no reason to ask all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::places::Number;
use crate::base::Timestamp;
use crate::push::RequestId;

/// What is planned, and what must be planned anew.
#[derive(Default)]
pub(super) struct Agenda {
    times: BTreeMap<RequestId, Timestamp>,
    in_order: BTreeSet<(Timestamp, RequestId)>,
    /// To be taken up whatever their time: somebody waits for them.
    open: BTreeSet<RequestId>,
    touched: BTreeSet<RequestId>,
    touched_places: BTreeSet<Number>,
}

impl Agenda {
    /// Something happened to this watch.
    pub(super) fn touch(&mut self, id: &RequestId) {
        if !self.touched.contains(id) {
            self.touched.insert(id.clone());
        }
    }

    /// Something happened to all watches of a place.
    pub(super) fn touch_all(&mut self, place: Number) {
        self.touched_places.insert(place);
    }

    /// What was touched, once.
    pub(super) fn take_touched(&mut self) -> (BTreeSet<RequestId>, BTreeSet<Number>) {
        (std::mem::take(&mut self.touched), std::mem::take(&mut self.touched_places))
    }

    /// Plans when a watch has something to do, if by time at all.
    pub(super) fn plan(&mut self, id: RequestId, at: Option<Timestamp>, is_open: bool) {
        if is_open {
            self.open.insert(id.clone());
        } else {
            self.open.remove(&id);
        }
        if self.times.get(&id).copied() == at {
            return;
        }
        self.take_out(&id);
        if let Some(at) = at {
            self.times.insert(id.clone(), at);
            self.in_order.insert((at, id));
        }
    }

    /// Forgets a watch.
    pub(super) fn remove(&mut self, id: &RequestId) {
        self.open.remove(id);
        self.take_out(id);
    }

    fn take_out(&mut self, id: &RequestId) {
        if let Some((id, at)) = self.times.remove_entry(id) {
            self.in_order.remove(&(at, id));
        }
    }

    /// When the first of them has something to do.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.in_order.first().map(|(at, _)| *at)
    }

    /// What is planned for a watch.
    pub(super) fn plans(&self, id: &RequestId) -> (Option<Timestamp>, bool) {
        (self.times.get(id).copied(), self.open.contains(id))
    }

    /// The watches that are to be taken up now.
    pub(super) fn due(&self, now: Timestamp) -> BTreeSet<RequestId> {
        let due = self.in_order.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| id);
        due.chain(&self.open).cloned().collect()
    }
}
