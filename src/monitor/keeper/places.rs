//! All places where sources are asked, each known once and by a number, so that what is under way for thousands of
//! watches is told without comparing places.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Index, IndexMut};
use std::sync::Arc;

use super::Place;
use super::roster::Serial;
use crate::watch::{Course, Memo, Snapshot, Source, Target, Watch};

/// A place by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(usize);

/// What is known of a place.
pub(super) struct State {
    pub(super) place: Place,
    pub(super) memo: Memo,
    /// The last answer, if nothing has gone wrong since.
    pub(super) said: Option<Arc<Snapshot>>,
    pub(super) looks: u32,
    pub(super) is_asking: bool,
    /// The watches one of whose sources can be asked here.
    pub(super) watches: BTreeSet<Serial>,
    /// Those of them that were planned while it was being asked.
    pub(super) held: BTreeSet<Serial>,
}

/// The places.
#[derive(Default)]
pub(super) struct Places {
    numbers: BTreeMap<Place, Number>,
    states: Vec<State>,
    /// Mostly thousands of watches have one and the same.
    targets: Vec<Arc<Target>>,
}

/// A watch, and where the sources of its courses are asked.
pub(super) struct Living {
    pub(super) watch: Arc<Watch>,
    /// Each with the place of its course in the watch.
    places: Vec<(usize, Source, Number)>,
}

impl Places {
    /// Takes in a watch.
    pub(super) fn enter(&mut self, serial: Serial, mut watch: Arc<Watch>) -> Living {
        for course in &mut Arc::make_mut(&mut watch).courses {
            self.share(&mut course.target);
        }
        let mut places = Vec::with_capacity(watch.courses.len());
        for (at, course) in watch.courses.iter().enumerate() {
            // Health endpoints are not asked before there is something to check.
            let sources = Source::ALL.into_iter().filter(|&at| at == Source::Health || course.has_source(at));
            for (source, place) in sources.filter_map(|source| Some((source, Place::of(&course.target, source)?))) {
                let number = self.number(place);
                self[number].watches.insert(serial);
                places.push((at, source, number));
            }
        }
        Living { watch, places }
    }

    /// Lets go of a watch.
    pub(super) fn leave(&mut self, serial: Serial, living: &Living) {
        for (.., number) in &living.places {
            self[*number].watches.remove(&serial);
        }
    }

    /// A place that was met before.
    pub(super) fn find(&self, place: &Place) -> Option<Number> {
        self.numbers.get(place).copied()
    }

    /// Puts the one that is known in the place of an equal one.
    fn share(&mut self, target: &mut Arc<Target>) {
        match self.targets.iter().find(|known| *known == target) {
            Some(known) => *target = Arc::clone(known),
            None => self.targets.push(Arc::clone(target)),
        }
    }

    fn number(&mut self, place: Place) -> Number {
        if let Some(number) = self.find(&place) {
            return number;
        }
        let number = Number(self.states.len());
        self.states.push(State {
            place: place.clone(),
            memo: Memo::default(),
            said: None,
            looks: 0,
            is_asking: false,
            watches: BTreeSet::new(),
            held: BTreeSet::new(),
        });
        self.numbers.insert(place, number);
        number
    }
}

impl Index<Number> for Places {
    type Output = State;

    fn index(&self, number: Number) -> &State {
        &self.states[number.0]
    }
}

impl IndexMut<Number> for Places {
    fn index_mut(&mut self, number: Number) -> &mut State {
        &mut self.states[number.0]
    }
}

impl Living {
    /// Every source that can be asked about a course, due or not, and where; the table comes first.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&Course, Source, Number)> {
        let course = |&(at, source, number)| Some((self.watch.courses.get(at)?, source, number));
        let all = self.places.iter().filter_map(course);
        // The others are there for as long as the target is.
        all.filter(|(course, source, _)| *source != Source::Health || course.has_source(Source::Health))
    }

    /// The courses that a look at this place is for.
    pub(super) fn courses_at(&self, place: Number) -> impl Iterator<Item = &Course> {
        self.sources().filter(move |(.., number)| *number == place).map(|(course, ..)| course)
    }
}
