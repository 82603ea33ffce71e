//! The keeper: what the monitor decides, without doing any of it.
//!
//! Something happened goes in, what is to be done comes out; the driver does it and tells the keeper how it went.
//! So every decision of the monitor can be tested, and replayed, without a clock, a network or a disk. What is
//! under way is remembered here, so that nothing is asked twice at once, and all watches of an app share one look; a
//! source that is slow holds up no other.

mod agenda;
mod place;
mod places;
mod roster;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::landing;
use crate::base::{Span, Timestamp};
use crate::provider::Want;
use crate::push::{RequestId, Sha};
use crate::watch::{Course, Input, Miss, Source, Target, TargetName, Watch, step};

use agenda::Agenda;
pub use place::{App, Place};
use places::{Living, Number, Places};
use roster::{Roster, Serial};
pub use traffic::{Action, Answered, Audience, Errand, Happening, Seen};

/// After so many looks at an app it is asked anew what it is (pinned, live, its branches), not only what it deploys.
const LOOKS_PER_APP_ANSWER: u32 = 10;

/// No look takes longer, with all its questions.
const LONGEST_LOOK: Span = Span::from_secs(60);

/// All living watches, and what is under way for them.
#[derive(Default)]
pub struct Keeper {
    watches: Roster,
    places: Places,
    proving: BTreeSet<Serial>,
    asked_remote: BTreeMap<Serial, Timestamp>,
    /// By name, because the answer may come when the watch is gone.
    fetching: BTreeSet<(RequestId, TargetName)>,
    configuring: BTreeSet<Serial>,
    /// To be looked at now, whatever their next look says, decided or not; with the places that are still to be asked.
    urgent: BTreeMap<Serial, BTreeSet<Number>>,
    agenda: Agenda,
}

impl Keeper {
    /// Takes in what happened, in order, and says what is to be done.
    pub fn handle(&mut self, happenings: impl IntoIterator<Item = Happening>, now: Timestamp) -> Vec<Action> {
        let mut actions = Vec::new();
        for happening in happenings {
            self.take_in(happening, now, &mut actions);
        }
        self.settle();
        self.take_up_what_is_due(now, &mut actions);
        self.settle();
        debug_assert!(self.is_planned(), "something was changed and not planned anew");
        actions
    }

    fn take_in(&mut self, happening: Happening, now: Timestamp, actions: &mut Vec<Action>) {
        match happening {
            Happening::Adopted(watches, gap) => {
                for watch in watches {
                    self.enter(Arc::new(watch));
                }
                self.slept(gap, now, actions);
            }
            Happening::Opened(watch, events) => {
                actions.push(Action::Save { watch: Arc::clone(&watch), events });
                if !watch.is_over() {
                    self.enter(watch);
                }
            }
            Happening::Revisited(watch) => {
                let serial = self.watches.find(&watch.id).unwrap_or_else(|| self.enter(watch));
                self.hurry(serial);
            }
            Happening::Stopped(sha) => self.stop(sha.as_ref(), now, actions),
            Happening::Landing(id, seen) => {
                let Some(serial) = self.watches.find(&id) else { return };
                self.proving.remove(&serial);
                self.agenda.touch(serial);
                self.advance(serial, Input::Landing(seen), now, actions);
            }
            Happening::Looked(place, outcome) => self.looked(&place, &outcome, now, actions),
            Happening::Logged(id, target, log) => {
                self.fetching.remove(&(id.clone(), target.clone()));
                let Some(serial) = self.watches.find(&id) else { return };
                self.advance(serial, Input::Logged { target, log }, now, actions);
            }
            Happening::Configured(id, plan) => {
                let Some(serial) = self.watches.find(&id) else { return };
                self.configuring.remove(&serial);
                self.agenda.touch(serial);
                self.advance(serial, Input::Configured(plan), now, actions);
                self.hurry_living(serial);
            }
            Happening::Nudged => {
                for serial in self.watches.serials() {
                    if self.watches[serial].watch.wants_configuration() {
                        self.reconfigure(serial, actions);
                    }
                }
            }
            Happening::Slept(span) => self.slept(span, now, actions),
            Happening::Clock => {}
        }
    }

    /// When something is due next without anything happening before.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.agenda.next()
    }

    /// While something is under way for a watch, only what could be asked beside it is due.
    fn next_of(&self, serial: Serial) -> Option<Timestamp> {
        let living = &self.watches[serial];
        let watch = &living.watch;
        if !self.is_under_way(serial) {
            return Some(watch.next_look);
        }
        // What the configuration says comes before any look.
        let may_look = watch.may_be_looked_at() && !self.configuring.contains(&serial);
        let idle = living.sources().filter(|&(.., place)| may_look && !self.places[place].is_asking);
        let overdue = watch.limit().map(|limit| limit + LONGEST_LOOK);
        idle.filter_map(|(course, source, _)| course.next_look_at(source)).chain(overdue).min()
    }

    /// Its time is up, and whoever has not answered since then does not answer any more.
    fn is_overdue(&self, serial: Serial, now: Timestamp) -> bool {
        self.watches[serial].watch.limit().is_some_and(|limit| limit + LONGEST_LOOK <= now)
    }

    /// Somebody waits for what all of its sources say, and not all have answered.
    pub fn is_hurried(&self, id: &RequestId) -> bool {
        self.watches.find(id).is_some_and(|serial| self.urgent.contains_key(&serial))
    }

    /// Nothing is left to watch.
    pub fn is_idle(&self) -> bool {
        self.watches.is_empty()
    }

    /// The living watch of a commit.
    pub fn of_commit(&self, sha: &Sha) -> Option<&Arc<Watch>> {
        let watches = self.watches.iter().map(|(_, living)| &living.watch);
        watches.filter(|watch| &watch.sha == sha).max_by_key(|watch| watch.attempt)
    }

    /// The living watch of this id.
    pub fn watch(&self, id: &RequestId) -> Option<&Arc<Watch>> {
        self.watches.find(id).map(|serial| &self.watches[serial].watch)
    }

    fn enter(&mut self, watch: Arc<Watch>) -> Serial {
        let serial = self.watches.number(&watch.id);
        if let Some(before) = self.watches.get(serial) {
            self.places.leave(serial, before);
        }
        self.watches.insert(serial, self.places.enter(serial, watch));
        self.agenda.touch(serial);
        serial
    }

    /// Everything is looked at before any deadline is judged; and where the clock was set back (a negative span), before
    /// it has come again to where the next look was planned for.
    fn slept(&mut self, span: Span, now: Timestamp, actions: &mut Vec<Action>) {
        for serial in self.watches.serials().into_iter().filter(|_| span != Span::ZERO) {
            self.advance(serial, Input::Slept(span), now, actions);
            self.hurry_living(serial);
        }
    }

    /// Has all sources of a watch asked.
    fn hurry(&mut self, serial: Serial) {
        let places = self.watches[serial].sources().map(|(.., place)| place).collect();
        self.agenda.touch(serial);
        self.urgent.insert(serial, places);
    }

    /// The same, unless it is over: then it is looked at once more only for who asks for that.
    fn hurry_living(&mut self, serial: Serial) {
        if !self.watches[serial].watch.is_over() {
            self.hurry(serial);
        }
    }

    fn stop(&mut self, sha: Option<&Sha>, now: Timestamp, actions: &mut Vec<Action>) {
        for serial in self.watches.serials() {
            if sha.is_none_or(|sha| self.watches[serial].watch.sha == *sha) {
                self.advance(serial, Input::Stopped, now, actions);
                // Who asked before has the stop for an answer; one more look would undo it.
                self.urgent.remove(&serial);
                self.agenda.touch(serial);
            }
        }
    }

    /// One answer serves every watch that the look was for, due or not; where nothing was answered, every watch of the
    /// place.
    fn looked(&mut self, place: &Place, outcome: &Result<Box<Seen>, Miss>, now: Timestamp, actions: &mut Vec<Action>) {
        let Some(at) = self.places.find(place) else { return };
        let state = &mut self.places[at];
        state.is_asking = false;
        state.said = match outcome.as_ref().map(|seen| &seen.answer) {
            Ok(Answered::Deployments(snapshot)) => {
                state.memo = snapshot.memo.clone();
                Some(Arc::clone(snapshot))
            }
            _ => None,
        };
        for serial in std::mem::take(&mut state.held) {
            self.agenda.touch(serial);
        }
        let told: Vec<Serial> = match outcome {
            Ok(seen) => seen.kin.keys().filter_map(|id| self.watches.find(id)).collect(),
            Err(_) => state.watches.iter().copied().collect(),
        };
        for serial in told {
            let id = &self.watches[serial].watch.id;
            let here = self.served(serial, at);
            let inputs: Vec<Input> = here.filter_map(|course| input(id, &course.target, place, outcome)).collect();
            if inputs.is_empty() {
                continue;
            }
            if let Some(left) = self.urgent.get_mut(&serial) {
                left.remove(&at);
            }
            for input in inputs {
                self.advance(serial, input, now, actions);
            }
            if !self.is_under_way(serial) && self.due_sources(serial, now).next().is_none() {
                // Everything that was due has been looked at: now the deadlines can be judged.
                self.agenda.touch(serial);
                self.urgent.remove(&serial);
                if self.watches[serial].watch.is_moved_by_time(now) {
                    self.advance(serial, Input::Tick, now, actions);
                }
            }
        }
    }

    /// The courses of a watch that a look at this place is for.
    fn served(&self, serial: Serial, place: Number) -> impl Iterator<Item = &Course> {
        let urgent = self.urgent.contains_key(&serial);
        self.watches[serial].courses_at(place).filter(move |course| urgent || !course.is_over())
    }

    /// Moves one watch by one input.
    fn advance(&mut self, serial: Serial, input: Input, now: Timestamp, actions: &mut Vec<Action>) {
        let living = &mut self.watches[serial];
        let is_plan = matches!(input, Input::Configured(_));
        let moved = step(&living.watch, input, now);
        // The revision rises with every change.
        if moved.watch.revision == living.watch.revision {
            return;
        }
        self.agenda.touch(serial);
        let watch = Arc::new(moved.watch);
        actions.push(Action::Save { watch: Arc::clone(&watch), events: moved.happened });
        if is_plan {
            // Its targets may be others now.
            self.enter(watch);
        } else {
            living.watch = watch;
        }
    }

    /// Plans anew for what was touched, and lets go of what is over, unless somebody wants one more look at it.
    fn settle(&mut self) {
        for serial in self.agenda.take_touched() {
            let Some(living) = self.watches.get(serial) else { continue };
            if living.watch.is_over() && !self.urgent.contains_key(&serial) && !self.is_busy(serial) {
                self.agenda.remove(serial);
                self.asked_remote.remove(&serial);
                if let Some(living) = self.watches.remove(serial) {
                    self.places.leave(serial, &living);
                }
            } else {
                let is_to_be_taken_up = self.urgent.contains_key(&serial) || wants_log(&living.watch);
                self.agenda.plan(serial, self.next_of(serial), is_to_be_taken_up);
                for (.., place) in living.sources() {
                    let state = &mut self.places[place];
                    if state.is_asking {
                        state.held.insert(serial);
                    }
                }
            }
        }
    }

    /// What each watch waits for is what is planned for it. Where a look is under way it may be planned for earlier: it is
    /// planned anew then, and at the end of the look.
    fn is_planned(&self) -> bool {
        let planned = |(serial, living): (Serial, &Living)| {
            let is_open = self.urgent.contains_key(&serial) || wants_log(&living.watch);
            let (next, (planned, is_planned_open)) = (self.next_of(serial), self.agenda.plans(serial));
            let is_early = planned.is_some_and(|planned| next.is_none_or(|next| planned < next));
            is_open == is_planned_open && (planned == next || (is_early && self.is_under_way(serial)))
        };
        self.watches.iter().all(planned)
    }

    /// Something is to happen to it.
    fn is_busy(&self, serial: Serial) -> bool {
        self.proving.contains(&serial) || self.is_under_way(serial)
    }

    fn reconfigure(&mut self, serial: Serial, actions: &mut Vec<Action>) {
        if self.configuring.insert(serial) {
            self.agenda.touch(serial);
            actions.push(Action::Send(Errand::Reconfigure(Arc::clone(&self.watches[serial].watch))));
        }
    }

    fn is_under_way(&self, serial: Serial) -> bool {
        let is_asked = self.watches[serial].sources().any(|(.., place)| self.places[place].is_asking);
        is_asked || self.configuring.contains(&serial)
    }

    /// Starts what is due: the configuration where it is in the way, the landing, logs, and one look a place.
    fn take_up_what_is_due(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let mut looks: BTreeMap<Number, Arc<Target>> = BTreeMap::new();
        for serial in self.agenda.due(now) {
            self.take_up(serial, now, &mut looks, actions);
        }
        for (place, target) in looks {
            actions.push(Action::Send(self.look(place, target, now)));
        }
    }

    fn take_up(
        &mut self,
        serial: Serial,
        now: Timestamp,
        looks: &mut BTreeMap<Number, Arc<Target>>,
        actions: &mut Vec<Action>,
    ) {
        self.agenda.touch(serial);
        self.fetch_logs(serial, now, actions);
        let urgent = self.urgent.contains_key(&serial);
        let is_idle = !self.is_under_way(serial);
        if !is_idle && self.is_overdue(serial, now) {
            self.advance(serial, Input::Tick, now, actions);
        }
        let watch = &self.watches[serial].watch;
        let has_looks = self.due_sources(serial, now).next().is_some();
        if self.configuring.contains(&serial) || !(has_looks || (is_idle && (urgent || watch.is_due(now)))) {
            return;
        }
        if watch.is_configuration_due(now) && !urgent {
            self.reconfigure(serial, actions);
            return;
        }
        for (course, place) in self.due_sources(serial, now) {
            looks.entry(place).or_insert_with(|| Arc::clone(&course.target));
        }
        if urgent || watch.is_due(now) {
            self.prove(serial, now, actions);
        }
        if !has_looks {
            self.urgent.remove(&serial);
            self.advance(serial, Input::Tick, now, actions);
        }
    }

    /// The courses of a watch for which a source is to be asked now and is not being asked, and where; all that are left
    /// if somebody wants to know.
    fn due_sources(&self, serial: Serial, now: Timestamp) -> impl Iterator<Item = (&Course, Number)> {
        let (living, urgent) = (&self.watches[serial], self.urgent.get(&serial));
        let is_due = move |course: &Course, source: Source, place: Number| {
            urgent.is_some_and(|left| left.contains(&place)) || living.watch.wants_look(course, source, now)
        };
        let due = living
            .sources()
            .filter(move |&(course, source, place)| !self.places[place].is_asking && is_due(course, source, place));
        due.map(|(course, _, place)| (course, place))
    }

    fn prove(&mut self, serial: Serial, now: Timestamp, actions: &mut Vec<Action>) {
        let watch = &self.watches[serial].watch;
        let is_doubted = self.urgent.contains_key(&serial) && watch.may_yet_land();
        if !(watch.wants_landing() || is_doubted) || self.proving.contains(&serial) {
            return;
        }
        let ask_remote = is_doubted || landing::asks_remote(watch, self.asked_remote.get(&serial).copied(), now);
        if ask_remote {
            self.asked_remote.insert(serial, now);
        }
        self.proving.insert(serial);
        actions.push(Action::Send(Errand::Prove { watch: Arc::clone(watch), ask_remote }));
    }

    fn look(&mut self, at: Number, target: Arc<Target>, now: Timestamp) -> Errand {
        let state = &self.places[at];
        let source = state.place.source();
        let mut served: Vec<(&Arc<Watch>, &Course)> = Vec::with_capacity(state.watches.len());
        let mut audience = Audience { said: state.said.clone(), ..Audience::default() };
        for &serial in &state.watches {
            let (watch, before) = (&self.watches[serial].watch, served.len());
            served.extend(self.served(serial, at).map(|course| (watch, course)));
            let mut courses = served[before..].iter().map(|(_, course)| course);
            if courses.len() == 0 {
                continue;
            }
            let is_patient = !self.urgent.contains_key(&serial) && courses.all(|course| course.can_wait(source, now));
            let part = if is_patient { &mut audience.patient } else { &mut audience.eager };
            part.push(Arc::clone(watch));
        }
        served.sort_by_key(|(watch, _)| watch.push.at);
        let mut commits: Vec<Sha> = served.iter().map(|(watch, _)| watch.sha.clone()).collect();
        // Several of its targets may be asked here.
        commits.dedup();
        let urls: BTreeSet<&String> = served.iter().filter_map(|(watch, _)| watch.push.url.as_ref()).collect();
        let want = Want {
            commits,
            branches: branches(served.iter().map(|(watch, _)| *watch)),
            back_to: served.iter().filter_map(|(watch, course)| watch.back_to(course, now)).min(),
            memo: state.memo.clone(),
            remotes: urls.into_iter().cloned().collect(),
            afresh: state.looks.is_multiple_of(LOOKS_PER_APP_ANSWER)
                || served.iter().any(|(watch, course)| watch.wants_app_afresh(course, now)),
        };
        let state = &mut self.places[at];
        state.looks = state.looks.wrapping_add(1);
        state.is_asking = true;
        Errand::Look { place: state.place.clone(), target, want: Box::new(want), audience }
    }

    /// The first try follows the failure at once, each later one when the watch is due.
    fn fetch_logs(&mut self, serial: Serial, now: Timestamp, actions: &mut Vec<Action>) {
        let watch = &self.watches[serial].watch;
        for course in
            watch.courses.iter().filter(|course| course.wanted_log().is_some_and(|n| n == 0 || watch.is_due(now)))
        {
            let name = course.target.name.clone();
            if self.fetching.insert((watch.id.clone(), name.clone())) {
                let app = self.places.find(&Place::App(Box::new(App::of(&course.target))));
                let memo = app.map(|app| self.places[app].memo.clone()).unwrap_or_default();
                let watch = Arc::clone(watch);
                actions.push(Action::Send(Errand::FetchLog { watch, target: name, memo }));
            }
        }
    }
}

fn wants_log(watch: &Watch) -> bool {
    watch.courses.iter().any(|course| course.wanted_log().is_some())
}

/// The branches of these watches, each once, where it was pushed to last.
fn branches<'a>(by_push: impl Iterator<Item = &'a Arc<Watch>>) -> Vec<String> {
    let mut branches: Vec<&str> = Vec::new();
    for branch in by_push.filter_map(|watch| watch.push.ref_name.branch()) {
        if branches.last() != Some(&branch) {
            branches.retain(|known| *known != branch);
            branches.push(branch);
        }
    }
    branches.into_iter().map(str::to_owned).collect()
}

/// What an answer is to a target of a watch; `None` for a watch that came while the look was under way: nobody has
/// compared its commit, and it has its own look.
fn input(id: &RequestId, target: &Target, place: &Place, outcome: &Result<Box<Seen>, Miss>) -> Option<Input> {
    let name = target.name.clone();
    let source = place.source();
    let seen = match outcome {
        Ok(seen) => seen,
        Err(_) if source == Source::Health => {
            return Some(Input::Checked { target: name, findings: Vec::new(), kin: Arc::default() });
        }
        Err(why) => return Some(Input::Missed { target: name, source, why: why.clone() }),
    };
    let kin = Arc::clone(seen.kin.get(id)?);
    Some(match &seen.answer {
        Answered::Round(findings) => Input::Checked { target: name, findings: findings.clone(), kin },
        Answered::Deployments(snapshot) if source == target.lead() => {
            Input::Looked { target: name, snapshot: Arc::clone(snapshot), kin }
        }
        Answered::Deployments(snapshot) => Input::Recorded { target: name, snapshot: Arc::clone(snapshot), kin },
    })
}

#[cfg(test)]
mod tests;
