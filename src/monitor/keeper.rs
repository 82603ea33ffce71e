//! The keeper: what the monitor decides, without doing any of it.
//!
//! Something happened goes in, what is to be done comes out; the driver does it and tells the keeper how it went.
//! So every decision of the monitor can be tested, and replayed, without a clock, a network or a disk. What is
//! under way is remembered here, so that nothing is asked twice at once, and all watches of an app share one look; a
//! source that is slow holds up no other.

mod agenda;
mod place;
mod places;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::landing;
use crate::base::{Span, Timestamp};
use crate::provider::Want;
use crate::push::{RequestId, Sha};
use crate::watch::{Course, Input, Kin, Miss, Source, Target, TargetName, Watch, step};

use agenda::Agenda;
pub use place::{App, Place};
use places::{Living, Number, Places};
pub use traffic::{Action, Answered, Errand, Happening, Seen};

/// After so many looks at an app it is asked anew what it is (pinned, live, its branches), not only what it deploys.
const LOOKS_PER_APP_ANSWER: u32 = 10;

/// No look takes longer, with all its questions.
const LONGEST_LOOK: Span = Span::from_secs(60);

/// All living watches, and what is under way for them.
#[derive(Default)]
pub struct Keeper {
    watches: BTreeMap<RequestId, Living>,
    places: Places,
    proving: BTreeSet<RequestId>,
    asked_remote: BTreeMap<RequestId, Timestamp>,
    fetching: BTreeSet<(RequestId, TargetName)>,
    configuring: BTreeSet<RequestId>,
    /// To be looked at now, whatever their next look says, decided or not; with the places that are still to be asked.
    urgent: BTreeMap<RequestId, BTreeSet<Number>>,
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
                let id = watch.id.clone();
                if !self.watches.contains_key(&id) {
                    self.enter(watch);
                }
                self.hurry(id);
            }
            Happening::Stopped(sha) => self.stop(sha.as_ref(), now, actions),
            Happening::Landing(id, seen) => {
                self.proving.remove(&id);
                self.agenda.touch(&id);
                self.advance(&id, Input::Landing(seen), now, actions);
            }
            Happening::Looked(place, outcome) => self.looked(&place, &outcome, now, actions),
            Happening::Logged(id, target, log) => {
                self.fetching.remove(&(id.clone(), target.clone()));
                self.advance(&id, Input::Logged { target, log }, now, actions);
            }
            Happening::Configured(id, plan) => {
                self.configuring.remove(&id);
                self.agenda.touch(&id);
                self.advance(&id, Input::Configured(plan), now, actions);
                self.hurry_living(id);
            }
            Happening::Nudged => {
                for id in self.ids() {
                    if self.watches[&id].watch.wants_configuration() {
                        self.reconfigure(&id, actions);
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
    fn next_of(&self, living: &Living) -> Option<Timestamp> {
        let watch = &living.watch;
        if !self.is_under_way(living) {
            return Some(watch.next_look);
        }
        // What the configuration says comes before any look.
        let may_look = watch.may_be_looked_at() && !self.configuring.contains(&watch.id);
        let idle = living.sources().filter(|&(.., place)| may_look && !self.places[place].is_asking);
        let overdue = watch.limit().map(|limit| limit + LONGEST_LOOK);
        idle.filter_map(|(course, source, _)| course.next_look_at(source)).chain(overdue).min()
    }

    /// Its time is up, and whoever has not answered since then does not answer any more.
    fn is_overdue(&self, living: &Living, now: Timestamp) -> bool {
        self.is_under_way(living) && living.watch.limit().is_some_and(|limit| limit + LONGEST_LOOK <= now)
    }

    /// Somebody waits for what all of its sources say, and not all have answered.
    pub fn is_hurried(&self, id: &RequestId) -> bool {
        self.urgent.contains_key(id)
    }

    /// Nothing is left to watch.
    pub fn is_idle(&self) -> bool {
        self.watches.is_empty()
    }

    /// The living watch of a commit.
    pub fn of_commit(&self, sha: &Sha) -> Option<&Arc<Watch>> {
        let watches = self.watches.values().map(|living| &living.watch);
        watches.filter(|watch| &watch.sha == sha).max_by_key(|watch| watch.attempt)
    }

    /// The living watch of this id.
    pub fn watch(&self, id: &RequestId) -> Option<&Arc<Watch>> {
        self.watches.get(id).map(|living| &living.watch)
    }

    fn enter(&mut self, watch: Arc<Watch>) {
        if let Some(before) = self.watches.remove(&watch.id) {
            self.places.leave(&before);
        }
        let living = self.places.enter(watch);
        self.agenda.touch(&living.watch.id);
        self.watches.insert(living.watch.id.clone(), living);
    }

    fn ids(&self) -> Vec<RequestId> {
        self.watches.keys().cloned().collect()
    }

    /// Everything is looked at before any deadline is judged; and where the clock was set back (a negative span), before
    /// it has come again to where the next look was planned for.
    fn slept(&mut self, span: Span, now: Timestamp, actions: &mut Vec<Action>) {
        for id in self.ids().into_iter().filter(|_| span != Span::ZERO) {
            self.advance(&id, Input::Slept(span), now, actions);
            self.hurry_living(id);
        }
    }

    /// Has all sources of a watch asked.
    fn hurry(&mut self, id: RequestId) {
        let Some(living) = self.watches.get(&id) else { return };
        let places = living.sources().map(|(.., place)| place).collect();
        self.agenda.touch(&id);
        self.urgent.insert(id, places);
    }

    /// The same, unless it is over: then it is looked at once more only for who asks for that.
    fn hurry_living(&mut self, id: RequestId) {
        if self.watches.get(&id).is_some_and(|living| !living.watch.is_over()) {
            self.hurry(id);
        }
    }

    fn stop(&mut self, sha: Option<&Sha>, now: Timestamp, actions: &mut Vec<Action>) {
        for id in self.ids() {
            if sha.is_none_or(|sha| self.watches[&id].watch.sha == *sha) {
                self.advance(&id, Input::Stopped, now, actions);
                // Who asked before has the stop for an answer; one more look would undo it.
                self.urgent.remove(&id);
                self.agenda.touch(&id);
            }
        }
    }

    /// One answer serves every watch of the place that is not over, due or not.
    fn looked(&mut self, place: &Place, outcome: &Result<Box<Seen>, Miss>, now: Timestamp, actions: &mut Vec<Action>) {
        let Some(at) = self.places.find(place) else { return };
        self.agenda.touch_all(at);
        let state = &mut self.places[at];
        state.is_asking = false;
        if let Ok(Answered::Deployments(snapshot)) = outcome.as_ref().map(|seen| &seen.answer) {
            state.memo = snapshot.memo.clone();
        }
        for id in state.watches.clone() {
            let living = &self.watches[&id];
            let here: Vec<&Course> = self.served(living, at).collect();
            if here.is_empty() {
                continue;
            }
            let inputs: Vec<Input> =
                here.into_iter().filter_map(|course| input(&id, &course.target, place, outcome)).collect();
            if let Some(left) = self.urgent.get_mut(&id).filter(|_| !inputs.is_empty()) {
                left.remove(&at);
            }
            for input in inputs {
                self.advance(&id, input, now, actions);
            }
            let living = &self.watches[&id];
            if !self.is_under_way(living) && self.due_sources(living, now).next().is_none() {
                // Everything that was due has been looked at: now the deadlines can be judged.
                let is_moved = living.watch.is_moved_by_time(now);
                self.agenda.touch(&id);
                self.urgent.remove(&id);
                if is_moved {
                    self.advance(&id, Input::Tick, now, actions);
                }
            }
        }
    }

    /// The courses of a watch that a look at this place is for.
    fn served<'l>(&self, living: &'l Living, place: Number) -> impl Iterator<Item = &'l Course> {
        let urgent = self.urgent.contains_key(&living.watch.id);
        living.courses_at(place).filter(move |course| urgent || !course.is_over())
    }

    /// Moves one watch by one input.
    fn advance(&mut self, id: &RequestId, input: Input, now: Timestamp, actions: &mut Vec<Action>) {
        let Some(living) = self.watches.get_mut(id) else { return };
        let is_plan = matches!(input, Input::Configured(_));
        let moved = step(&living.watch, input, now);
        // The revision rises with every change.
        if moved.watch.revision == living.watch.revision {
            return;
        }
        self.agenda.touch(id);
        let watch = Arc::new(moved.watch);
        actions.push(Action::Save { watch: Arc::clone(&watch), events: moved.happened });
        if is_plan {
            // Its targets may be others now.
            self.places.leave(living);
            *living = self.places.enter(watch);
        } else {
            living.watch = watch;
        }
    }

    /// Plans anew for what was touched, and lets go of what is over, unless somebody wants one more look at it.
    fn settle(&mut self) {
        let (mut touched, places) = self.agenda.take_touched();
        touched.extend(places.into_iter().flat_map(|place| self.places[place].watches.iter().cloned()));
        for id in touched {
            let Some(living) = self.watches.get(&id) else { continue };
            if living.watch.is_over() && !self.urgent.contains_key(&id) && !self.is_busy(living) {
                self.agenda.remove(&id);
                self.asked_remote.remove(&id);
                if let Some(living) = self.watches.remove(&id) {
                    self.places.leave(&living);
                }
            } else {
                let is_to_be_taken_up = self.urgent.contains_key(&id) || wants_log(&living.watch);
                self.agenda.plan(id, self.next_of(living), is_to_be_taken_up);
            }
        }
    }

    /// What each watch waits for is what is planned for it.
    fn is_planned(&self) -> bool {
        let planned = |living: &Living| {
            let is_open = self.urgent.contains_key(&living.watch.id) || wants_log(&living.watch);
            self.agenda.plans(&living.watch.id) == (self.next_of(living), is_open)
        };
        self.watches.values().all(planned)
    }

    /// Something is to happen to it.
    fn is_busy(&self, living: &Living) -> bool {
        self.proving.contains(&living.watch.id) || self.is_under_way(living)
    }

    fn reconfigure(&mut self, id: &RequestId, actions: &mut Vec<Action>) {
        if self.configuring.insert(id.clone()) {
            self.agenda.touch(id);
            actions.push(Action::Send(Errand::Reconfigure(Arc::clone(&self.watches[id].watch))));
        }
    }

    fn is_under_way(&self, living: &Living) -> bool {
        let is_asked = living.sources().any(|(.., place)| self.places[place].is_asking);
        is_asked || self.configuring.contains(&living.watch.id)
    }

    /// Starts what is due: the configuration where it is in the way, the landing, logs, and one look a place.
    fn take_up_what_is_due(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let mut looks: BTreeMap<Number, Arc<Target>> = BTreeMap::new();
        for id in self.agenda.due(now) {
            self.take_up(&id, now, &mut looks, actions);
        }
        for (place, target) in looks {
            actions.push(Action::Send(self.look(place, target, now)));
        }
    }

    fn take_up(
        &mut self,
        id: &RequestId,
        now: Timestamp,
        looks: &mut BTreeMap<Number, Arc<Target>>,
        actions: &mut Vec<Action>,
    ) {
        self.fetch_logs(id, now, actions);
        let living = &self.watches[id];
        let urgent = self.urgent.contains_key(id);
        let is_idle = !self.is_under_way(living);
        if self.is_overdue(living, now) {
            self.advance(id, Input::Tick, now, actions);
        }
        let living = &self.watches[id];
        let due: Vec<(Number, &Arc<Target>)> =
            self.due_sources(living, now).map(|(course, place)| (place, &course.target)).collect();
        if self.configuring.contains(id) || (due.is_empty() && !(is_idle && (urgent || living.watch.is_due(now)))) {
            return;
        }
        if living.watch.is_configuration_due(now) && !urgent {
            self.reconfigure(id, actions);
            return;
        }
        let has_looks = !due.is_empty();
        for (place, target) in due {
            looks.entry(place).or_insert_with(|| Arc::clone(target));
        }
        if urgent || living.watch.is_due(now) {
            self.prove(id, now, actions);
        }
        if !has_looks {
            self.agenda.touch(id);
            self.urgent.remove(id);
            self.advance(id, Input::Tick, now, actions);
        }
    }

    /// The courses of a watch for which a source is to be asked now and is not being asked, and where; all that are left
    /// if somebody wants to know.
    fn due_sources<'l>(&self, living: &'l Living, now: Timestamp) -> impl Iterator<Item = (&'l Course, Number)> {
        let urgent = self.urgent.get(&living.watch.id);
        let is_due = move |course: &Course, source: Source, place: Number| {
            urgent.is_some_and(|left| left.contains(&place)) || living.watch.wants_look(course, source, now)
        };
        let due = living
            .sources()
            .filter(move |&(course, source, place)| !self.places[place].is_asking && is_due(course, source, place));
        due.map(|(course, _, place)| (course, place))
    }

    fn prove(&mut self, id: &RequestId, now: Timestamp, actions: &mut Vec<Action>) {
        let watch = &self.watches[id].watch;
        let is_doubted = self.urgent.contains_key(id) && watch.may_yet_land();
        if !(watch.wants_landing() || is_doubted) || self.proving.contains(id) {
            return;
        }
        let ask_remote = is_doubted || landing::asks_remote(watch, self.asked_remote.get(id).copied(), now);
        if ask_remote {
            self.asked_remote.insert(id.clone(), now);
        }
        self.proving.insert(id.clone());
        actions.push(Action::Send(Errand::Prove { watch: Arc::clone(watch), ask_remote }));
    }

    fn look(&mut self, at: Number, target: Arc<Target>, now: Timestamp) -> Errand {
        self.agenda.touch_all(at);
        let known = self.places[at].watches.iter().map(|id| &self.watches[id]);
        let served = known.filter_map(|living| {
            let names: Vec<TargetName> = self.served(living, at).map(|course| course.target.name.clone()).collect();
            (!names.is_empty()).then(|| (Arc::clone(&living.watch), names))
        });
        let served: Vec<(Arc<Watch>, Vec<TargetName>)> = served.collect();
        let watches: Vec<Arc<Watch>> = served.iter().map(|(watch, _)| Arc::clone(watch)).collect();
        let here = || served.iter().flat_map(|(watch, names)| names.iter().map(move |name| (watch, name)));
        let mut by_push: Vec<&Watch> = watches.iter().map(|watch| &**watch).collect();
        by_push.sort_by_key(|watch| watch.push.at);
        let urls: BTreeSet<String> = watches.iter().filter_map(|watch| watch.push.url.clone()).collect();
        let state = &mut self.places[at];
        let want = Want {
            commits: by_push.iter().map(|watch| watch.sha.clone()).collect(),
            branches: branches(&by_push),
            back_to: here().filter_map(|(watch, name)| watch.back_to(name, now)).min(),
            memo: state.memo.clone(),
            remotes: urls.into_iter().collect(),
            afresh: state.looks.is_multiple_of(LOOKS_PER_APP_ANSWER)
                || here().any(|(watch, name)| wants_app(watch, name, now)),
        };
        state.looks = state.looks.wrapping_add(1);
        state.is_asking = true;
        Errand::Look { place: state.place.clone(), target, want: Box::new(want), watches }
    }

    /// The first try follows the failure at once, each later one when the watch is due.
    fn fetch_logs(&mut self, id: &RequestId, now: Timestamp, actions: &mut Vec<Action>) {
        let watch = &self.watches[id].watch;
        for course in
            watch.courses.iter().filter(|course| course.wanted_log().is_some_and(|n| n == 0 || watch.is_due(now)))
        {
            let name = course.target.name.clone();
            if self.fetching.insert((id.clone(), name.clone())) {
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
fn branches(by_push: &[&Watch]) -> Vec<String> {
    let mut branches: Vec<String> = Vec::new();
    for branch in by_push.iter().filter_map(|watch| watch.push.ref_name.branch()) {
        branches.retain(|known| known != branch);
        branches.push(branch.to_owned());
    }
    branches
}

/// What an answer is to a target of a watch; `None` for a watch that came while the look was under way: nobody has
/// compared its commit, and it has its own look.
fn input(id: &RequestId, target: &Target, place: &Place, outcome: &Result<Box<Seen>, Miss>) -> Option<Input> {
    let name = target.name.clone();
    let source = place.source();
    let seen = match outcome {
        Ok(seen) => seen,
        Err(_) if source == Source::Health => {
            return Some(Input::Checked { target: name, findings: Vec::new(), kin: Kin::default() });
        }
        Err(why) => return Some(Input::Missed { target: name, source, why: why.clone() }),
    };
    let kin = seen.kin.get(id)?.clone();
    Some(match &seen.answer {
        Answered::Round(findings) => Input::Checked { target: name, findings: findings.clone(), kin },
        Answered::Deployments(snapshot) if source == target.lead() => {
            Input::Looked { target: name, snapshot: Arc::clone(snapshot), kin }
        }
        Answered::Deployments(snapshot) => Input::Recorded { target: name, snapshot: Arc::clone(snapshot), kin },
    })
}

/// What was noted about the app must not decide: at the first look, because the app may have been pinned or freed
/// since, and when a missing deployment is judged.
fn wants_app(watch: &Watch, name: &TargetName, now: Timestamp) -> bool {
    let is_first = watch.course(name).is_some_and(|course| course.lead.good_answer_at.is_none());
    watch.wants_app_afresh(name) && (is_first || now >= watch.register_by)
}

#[cfg(test)]
mod tests;
