//! The pushes to a ref, kept at hand: every look at any app of a branch asks for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::Timestamp;
use crate::push::{RefName, RemoteName, Sha};
use crate::watch::{Landing, Watch};

/// Pushes to one ref, the oldest first.
#[derive(Debug, Default)]
pub struct Pushes {
    all: Vec<(Sha, Timestamp)>,
    /// Where they stand there, by their commits.
    by_commit: Vec<usize>,
}

impl Pushes {
    /// Takes them in the order of their times.
    pub fn new(all: Vec<(Sha, Timestamp)>) -> Self {
        let mut by_commit: Vec<usize> = (0..all.len()).collect();
        by_commit.sort_by(|&one, &other| all[one].0.cmp(&all[other].0));
        Self { all, by_commit }
    }

    /// Those after this time, the oldest first.
    pub fn after(&self, at: Timestamp) -> &[(Sha, Timestamp)] {
        &self.all[self.all.partition_point(|(_, pushed)| *pushed <= at)..]
    }

    /// Those of a commit that is given by its id or the beginning of it.
    pub fn of<'s>(&'s self, digits: &'s str) -> impl Iterator<Item = &'s (Sha, Timestamp)> {
        let start = self.by_commit.partition_point(|&at| self.all[at].0.as_str() < digits);
        let found = self.by_commit[start..].iter().map(|&at| &self.all[at]);
        found.take_while(move |(sha, _)| sha.as_str().starts_with(digits))
    }
}

/// What was read of refs, until one of them begins or turns out not to have landed.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By ref, with the time after which they are whole.
    refs: BTreeMap<(RemoteName, RefName), (Timestamp, Arc<Pushes>)>,
    changes: u64,
}

impl Known {
    /// The pushes to a ref after this time; where they are not known, how many changes there were until now.
    pub(super) fn known(&self, key: &(RemoteName, RefName), at: Timestamp) -> Result<Arc<Pushes>, u64> {
        let known = self.refs.get(key).filter(|(from, _)| *from <= at);
        known.map(|(_, pushes)| Arc::clone(pushes)).ok_or(self.changes)
    }

    /// Keeps what was read, unless something has changed since so many changes.
    pub(super) fn remember(&mut self, key: (RemoteName, RefName), at: Timestamp, pushes: &Arc<Pushes>, changes: u64) {
        if changes == self.changes {
            self.refs.insert(key, (at, Arc::clone(pushes)));
        }
    }

    /// A watch was written: what is not as it says is to be read anew.
    pub(super) fn written(&mut self, watch: &Watch) {
        let Watch { push, sha, landing, .. } = watch;
        let key = (push.remote.clone(), push.ref_name.clone());
        let is_said = |(from, pushes): &(Timestamp, Arc<Pushes>)| {
            let is_there = pushes.of(sha.as_str()).any(|(_, at)| *at == push.at);
            is_there == (*landing != Landing::NotLanded && push.at > *from)
        };
        if !self.refs.get(&key).is_some_and(is_said) {
            self.refs.remove(&key);
            self.changes += 1;
        }
    }

    /// Pushes were forgotten.
    pub(super) fn forget(&mut self) {
        self.refs.clear();
        self.changes += 1;
    }
}
