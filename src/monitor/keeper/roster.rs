//! The living watches, each known by a number: a crowd of them is told apart without comparing names.

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};

use super::places::Living;
use crate::push::RequestId;

/// A living watch by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Serial(u64);

/// The living watches.
#[derive(Default)]
pub(super) struct Roster {
    serials: BTreeMap<RequestId, Serial>,
    living: BTreeMap<Serial, Living>,
    /// No number is given twice.
    given: u64,
}

impl Roster {
    /// The number of a watch, if it lives.
    pub(super) fn find(&self, id: &RequestId) -> Option<Serial> {
        self.serials.get(id).copied()
    }

    /// The number of a watch that comes in; the one it has, if it lives.
    pub(super) fn number(&mut self, id: &RequestId) -> Serial {
        if let Some(known) = self.find(id) {
            return known;
        }
        self.given += 1;
        let serial = Serial(self.given);
        self.serials.insert(id.clone(), serial);
        serial
    }

    /// Takes it in, in the place of what was known by its number.
    pub(super) fn insert(&mut self, serial: Serial, living: Living) {
        self.living.insert(serial, living);
    }

    /// The watch of this number.
    pub(super) fn get(&self, serial: Serial) -> Option<&Living> {
        self.living.get(&serial)
    }

    /// Lets go of it.
    pub(super) fn remove(&mut self, serial: Serial) -> Option<Living> {
        let living = self.living.remove(&serial)?;
        self.serials.remove(&living.watch.id);
        Some(living)
    }

    /// All numbers, in the order in which they were given.
    pub(super) fn serials(&self) -> Vec<Serial> {
        self.living.keys().copied().collect()
    }

    /// All watches, in the same order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Serial, &Living)> {
        self.living.iter().map(|(serial, living)| (*serial, living))
    }

    /// There is none.
    pub(super) fn is_empty(&self) -> bool {
        self.living.is_empty()
    }
}

impl Index<Serial> for Roster {
    type Output = Living;

    fn index(&self, serial: Serial) -> &Living {
        &self.living[&serial]
    }
}

impl IndexMut<Serial> for Roster {
    fn index_mut(&mut self, serial: Serial) -> &mut Living {
        self.living.get_mut(&serial).expect("a number is given to who lives")
    }
}
