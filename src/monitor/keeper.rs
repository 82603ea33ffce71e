//! The keeper: what the monitor decides, without doing any of it.
//!
//! Something happened goes in, what is to be done comes out; the driver does it and tells the keeper how it went.
//! So every decision of the monitor can be tested, and replayed, without a clock, a network or a disk. What is
//! under way is remembered here, so that nothing is asked twice at once, and all watches of an app share one look; a
//! source that is slow holds up no other.

mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::landing;
use crate::base::{Span, Timestamp};
use crate::provider::Want;
use crate::push::{RequestId, Sha};
use crate::watch::{
    Course, Event, Finding, Input, Kin, LandingSeen, LogState, Memo, Miss, Plan, Snapshot, Source, Target, TargetName,
    Watch, step,
};

pub use place::{App, Place};

/// After so many looks at an app it is asked anew what it is (pinned, live, its branches), not only what it deploys.
const LOOKS_PER_APP_ANSWER: u32 = 10;

/// No look takes longer, with all its questions.
const LONGEST_LOOK: Span = Span::from_secs(60);

/// All living watches, and what is under way for them.
#[derive(Default)]
pub struct Keeper {
    watches: BTreeMap<RequestId, Arc<Watch>>,
    places: BTreeMap<Place, PlaceState>,
    proving: BTreeSet<RequestId>,
    asked_remote: BTreeMap<RequestId, Timestamp>,
    fetching: BTreeSet<(RequestId, TargetName)>,
    configuring: BTreeSet<RequestId>,
    /// To be looked at now, whatever their next look says, decided or not; with the places that are still to be asked.
    urgent: BTreeMap<RequestId, BTreeSet<Place>>,
}

#[derive(Default)]
struct PlaceState {
    memo: Memo,
    looks: u32,
    is_asking: bool,
}

/// Something that happened.
#[derive(Debug)]
pub enum Happening {
    /// Watches that were living when the last monitor ended, so long ago.
    Adopted(Vec<Watch>, Span),
    /// A request made this watch; these are the first lines of its timeline.
    Opened(Arc<Watch>, Vec<Event>),
    /// Somebody wants to know now; the watch may be decided.
    Revisited(Arc<Watch>),
    /// The user stops the watches of a commit, or all.
    Stopped(Option<Sha>),
    /// The landing of a push was looked into.
    Landing(RequestId, LandingSeen),
    /// A look ended.
    Looked(Place, Result<Box<Seen>, Miss>),
    /// A log was fetched, or cannot be had.
    Logged(RequestId, TargetName, LogState),
    /// The configuration was read anew for a watch in trouble.
    Configured(RequestId, Box<Plan>),
    /// A request came: what waits for the user's mending is tried again.
    Nudged,
    /// The machine slept, or nobody was watching, for this long.
    Slept(Span),
    /// Nothing but time passed.
    Clock,
}

/// A source's answer, and how its commits stand to each watch it is for.
#[derive(Debug)]
pub struct Seen {
    /// The answer.
    pub answer: Answered,
    /// By watch.
    pub kin: BTreeMap<RequestId, Kin>,
}

/// What a source answered.
#[derive(Debug)]
pub enum Answered {
    /// A provider or a deployments table: the deployments.
    Deployments(Arc<Snapshot>),
    /// The endpoints: one finding each.
    Round(Vec<Finding>),
}

/// Something to be done.
#[derive(Debug)]
pub enum Action {
    /// Store the watch and rewrite what readers see.
    Save {
        /// The watch as it is now.
        watch: Arc<Watch>,
        /// What happened to it.
        events: Vec<Event>,
    },
    /// Something that takes time; what comes of it is to happen.
    Send(Errand),
}

/// What is run beside everything else.
#[derive(Debug)]
pub enum Errand {
    /// Find out whether the push landed; waits for the pushing git first.
    Prove {
        /// The watch.
        watch: Arc<Watch>,
        /// The remote may be asked.
        ask_remote: bool,
    },
    /// Ask a source.
    Look {
        /// Where.
        place: Place,
        /// One of the targets it is asked for.
        target: Box<Target>,
        /// What the look is for.
        want: Box<Want>,
        /// The watches it serves.
        watches: Vec<Arc<Watch>>,
    },
    /// Fetch the log of a failed deployment.
    FetchLog {
        /// The watch.
        watch: Arc<Watch>,
        /// The target that failed.
        target: TargetName,
        /// What the adapter noted about the app.
        memo: Memo,
    },
    /// Read the configuration anew.
    Reconfigure(Arc<Watch>),
}

impl Keeper {
    /// Takes in what happened and says what is to be done.
    pub fn handle(&mut self, happening: Happening, now: Timestamp) -> Vec<Action> {
        let mut actions = Vec::new();
        match happening {
            Happening::Adopted(watches, gap) => {
                self.watches.extend(watches.into_iter().map(|watch| (watch.id.clone(), Arc::new(watch))));
                self.slept(gap, now, &mut actions);
            }
            Happening::Opened(watch, events) => {
                actions.push(Action::Save { watch: Arc::clone(&watch), events });
                if !watch.is_over() {
                    self.watches.insert(watch.id.clone(), watch);
                }
            }
            Happening::Revisited(watch) => {
                let id = watch.id.clone();
                self.watches.entry(id.clone()).or_insert(watch);
                self.hurry(id);
            }
            Happening::Stopped(sha) => self.stop(sha.as_ref(), now, &mut actions),
            Happening::Landing(id, seen) => {
                self.proving.remove(&id);
                self.advance(&id, Input::Landing(seen), now, &mut actions);
            }
            Happening::Looked(place, outcome) => self.looked(&place, &outcome, now, &mut actions),
            Happening::Logged(id, target, log) => {
                self.fetching.remove(&(id.clone(), target.clone()));
                self.advance(&id, Input::Logged { target, log }, now, &mut actions);
            }
            Happening::Configured(id, plan) => {
                self.configuring.remove(&id);
                self.advance(&id, Input::Configured(plan), now, &mut actions);
                self.hurry(id);
            }
            Happening::Nudged => {
                for id in self.ids() {
                    if self.watches[&id].wants_configuration() {
                        self.reconfigure(&id, &mut actions);
                    }
                }
            }
            Happening::Slept(span) => self.slept(span, now, &mut actions),
            Happening::Clock => {}
        }
        self.take_up_what_is_due(now, &mut actions);
        self.let_go();
        actions
    }

    /// When something is due next without anything happening before.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.watches.values().filter_map(|watch| self.next_of(watch)).min()
    }

    /// While something is under way for a watch, only what could be asked beside it is due.
    fn next_of(&self, watch: &Watch) -> Option<Timestamp> {
        if !self.is_under_way(watch) {
            return Some(watch.next_look);
        }
        // What the configuration says comes before any look.
        let may_look = watch.may_be_looked_at() && !self.configuring.contains(&watch.id);
        let idle = watch.courses.iter().filter(|_| may_look).flat_map(|course| {
            let places = Place::all(course).filter(|(_, place)| !self.is_asked(place));
            places.filter_map(|(source, _)| course.next_look_at(source))
        });
        let overdue = watch.limit().map(|limit| limit + LONGEST_LOOK);
        idle.chain(overdue).min()
    }

    /// Its time is up, and whoever has not answered since then does not answer any more.
    fn is_overdue(&self, watch: &Watch, now: Timestamp) -> bool {
        self.is_under_way(watch) && watch.limit().is_some_and(|limit| limit + LONGEST_LOOK <= now)
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
        self.watches.values().filter(|watch| &watch.sha == sha).max_by_key(|watch| watch.attempt)
    }

    /// The living watch of this id.
    pub fn watch(&self, id: &RequestId) -> Option<&Arc<Watch>> {
        self.watches.get(id)
    }

    fn ids(&self) -> Vec<RequestId> {
        self.watches.keys().cloned().collect()
    }

    /// Everything is looked at before any deadline is judged.
    fn slept(&mut self, span: Span, now: Timestamp, actions: &mut Vec<Action>) {
        for id in self.ids().into_iter().filter(|_| span > Span::ZERO) {
            self.advance(&id, Input::Slept(span), now, actions);
            self.hurry(id);
        }
    }

    /// Has all sources of a watch asked.
    fn hurry(&mut self, id: RequestId) {
        let Some(watch) = self.watches.get(&id) else { return };
        let places = watch.courses.iter().flat_map(Place::all).map(|(_, place)| place).collect();
        self.urgent.insert(id, places);
    }

    fn stop(&mut self, sha: Option<&Sha>, now: Timestamp, actions: &mut Vec<Action>) {
        for id in self.ids() {
            if sha.is_none_or(|sha| self.watches[&id].sha == *sha) {
                self.advance(&id, Input::Stopped, now, actions);
            }
        }
    }

    /// One answer serves every watch of the place that is not over, due or not.
    fn looked(&mut self, place: &Place, outcome: &Result<Box<Seen>, Miss>, now: Timestamp, actions: &mut Vec<Action>) {
        let state = self.places.entry(place.clone()).or_default();
        state.is_asking = false;
        if let Ok(Answered::Deployments(snapshot)) = outcome.as_ref().map(|seen| &seen.answer) {
            state.memo = snapshot.memo.clone();
        }
        for id in self.ids() {
            let here = self.served(&id, place);
            if here.is_empty() {
                continue;
            }
            let inputs = here.iter().filter_map(|target| input(&id, target, place, outcome)).collect::<Vec<_>>();
            if let Some(left) = self.urgent.get_mut(&id).filter(|_| !inputs.is_empty()) {
                left.remove(place);
            }
            for input in inputs {
                self.advance(&id, input, now, actions);
            }
            let watch = &self.watches[&id];
            if !self.is_under_way(watch) && self.due_places(watch, now).is_empty() {
                // Everything that was due has been looked at: now the deadlines can be judged.
                self.urgent.remove(&id);
                self.advance(&id, Input::Tick, now, actions);
            }
        }
    }

    /// The targets of a watch that a look at this place is for.
    fn served(&self, id: &RequestId, place: &Place) -> Vec<Target> {
        let urgent = self.urgent.contains_key(id);
        let courses = self.watches[id].courses.iter().filter(|course| urgent || !course.is_over());
        courses.filter(|course| place.serves(course)).map(|course| course.target.clone()).collect()
    }

    /// Moves one watch by one input.
    fn advance(&mut self, id: &RequestId, input: Input, now: Timestamp, actions: &mut Vec<Action>) {
        let Some(watch) = self.watches.get(id) else { return };
        let moved = step(watch, input, now);
        // The revision rises with every change.
        if moved.watch.revision != watch.revision {
            let watch = Arc::new(moved.watch);
            actions.push(Action::Save { watch: Arc::clone(&watch), events: moved.happened });
            self.watches.insert(id.clone(), watch);
        }
    }

    /// Lets go of what is over, unless somebody wants one more look at it.
    fn let_go(&mut self) {
        let is_busy = |w: &Watch| self.proving.contains(&w.id) || self.is_under_way(w);
        let is_done_with = |w: &&Arc<Watch>| w.is_over() && !self.urgent.contains_key(&w.id) && !is_busy(w);
        let over: Vec<RequestId> = self.watches.values().filter(is_done_with).map(|w| w.id.clone()).collect();
        for id in over {
            self.watches.remove(&id);
            self.asked_remote.remove(&id);
        }
    }

    fn reconfigure(&mut self, id: &RequestId, actions: &mut Vec<Action>) {
        if self.configuring.insert(id.clone()) {
            actions.push(Action::Send(Errand::Reconfigure(Arc::clone(&self.watches[id]))));
        }
    }

    fn is_under_way(&self, watch: &Watch) -> bool {
        let places = || watch.courses.iter().flat_map(Place::all);
        self.configuring.contains(&watch.id) || places().any(|(_, place)| self.is_asked(&place))
    }

    fn is_asked(&self, place: &Place) -> bool {
        self.places.get(place).is_some_and(|state| state.is_asking)
    }

    /// Starts what is due: the configuration where it is in the way, the landing, logs, and one look a place.
    fn take_up_what_is_due(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let mut looks: BTreeMap<Place, Target> = BTreeMap::new();
        for id in self.ids() {
            self.fetch_logs(&id, now, actions);
            let watch = &self.watches[&id];
            let urgent = self.urgent.contains_key(&id);
            let is_idle = !self.is_under_way(watch);
            if self.is_overdue(watch, now) {
                self.advance(&id, Input::Tick, now, actions);
            }
            let watch = &self.watches[&id];
            let due = self.due_places(watch, now);
            if self.configuring.contains(&id) || (due.is_empty() && !(is_idle && (urgent || watch.is_due(now)))) {
                continue;
            }
            if watch.is_configuration_due(now) && !urgent {
                self.reconfigure(&id, actions);
                continue;
            }
            if urgent || watch.is_due(now) {
                self.prove(&id, now, actions);
            }
            if due.is_empty() {
                self.urgent.remove(&id);
                self.advance(&id, Input::Tick, now, actions);
            }
            looks.extend(due);
        }
        for (place, target) in looks {
            actions.push(Action::Send(self.look(place, target, now)));
        }
    }

    /// The places that are to be asked for a watch now and are not being asked; all that are left if somebody wants
    /// to know.
    fn due_places(&self, watch: &Watch, now: Timestamp) -> Vec<(Place, Target)> {
        let urgent = self.urgent.get(&watch.id);
        let is_due = |course: &Course, source: Source, place: &Place| match urgent {
            Some(left) => left.contains(place),
            None => watch.wants_look(course, source, now),
        };
        let places = watch.courses.iter().flat_map(|course| Place::all(course).map(move |at| (course, at)));
        let due = places.filter(|(course, (source, place))| is_due(course, *source, place) && !self.is_asked(place));
        due.map(|(course, (_, place))| (place, course.target.clone())).collect()
    }

    fn prove(&mut self, id: &RequestId, now: Timestamp, actions: &mut Vec<Action>) {
        let watch = &self.watches[id];
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

    fn look(&mut self, place: Place, target: Target, now: Timestamp) -> Errand {
        let served = |watch: &&Arc<Watch>| !self.served(&watch.id, &place).is_empty();
        let watches: Vec<Arc<Watch>> = self.watches.values().filter(served).cloned().collect();
        let state = self.places.entry(place.clone()).or_default();
        let mut by_push: Vec<&Watch> = watches.iter().map(|watch| &**watch).collect();
        by_push.sort_by_key(|watch| watch.push.at);
        let urls: BTreeSet<String> = watches.iter().filter_map(|watch| watch.push.url.clone()).collect();
        let want = Want {
            commits: by_push.iter().map(|watch| watch.sha.clone()).collect(),
            branches: branches(&by_push),
            back_to: here(&watches, &place).filter_map(|(watch, name)| watch.back_to(name, now)).min(),
            memo: state.memo.clone(),
            remotes: urls.into_iter().collect(),
            afresh: state.looks.is_multiple_of(LOOKS_PER_APP_ANSWER)
                || here(&watches, &place).any(|(watch, name)| wants_app(watch, name, now)),
        };
        state.looks = state.looks.wrapping_add(1);
        state.is_asking = true;
        Errand::Look { place, target: Box::new(target), want: Box::new(want), watches }
    }

    /// The first try follows the failure at once, each later one when the watch is due.
    fn fetch_logs(&mut self, id: &RequestId, now: Timestamp, actions: &mut Vec<Action>) {
        let watch = &self.watches[id];
        for course in
            watch.courses.iter().filter(|course| course.wanted_log().is_some_and(|n| n == 0 || watch.is_due(now)))
        {
            let name = course.target.name.clone();
            if self.fetching.insert((id.clone(), name.clone())) {
                let app = self.places.get(&Place::App(Box::new(App::of(&course.target))));
                let memo = app.map(|app| app.memo.clone()).unwrap_or_default();
                let watch = Arc::clone(watch);
                actions.push(Action::Send(Errand::FetchLog { watch, target: name, memo }));
            }
        }
    }
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

/// The targets of these watches that are asked for here.
fn here<'w>(watches: &'w [Arc<Watch>], place: &'w Place) -> impl Iterator<Item = (&'w Watch, &'w TargetName)> {
    let courses = watches.iter().flat_map(|watch| watch.courses.iter().map(move |course| (&**watch, course)));
    courses.filter(|(_, course)| place.serves(course)).map(|(watch, course)| (watch, &course.target.name))
}

/// What was noted about the app must not decide: at the first look, because the app may have been pinned or freed
/// since, and when a missing deployment is judged.
fn wants_app(watch: &Watch, name: &TargetName, now: Timestamp) -> bool {
    let is_first = watch.course(name).is_some_and(|course| course.lead.good_answer_at.is_none());
    watch.wants_app_afresh(name) && (is_first || now >= watch.register_by)
}

#[cfg(test)]
mod tests;
