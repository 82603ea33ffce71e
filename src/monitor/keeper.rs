//! The keeper: what the monitor decides, without doing any of it.
//!
//! Something happened goes in, what is to be done comes out; the driver does it and tells the keeper how it went.
//! So every decision of the monitor can be tested, and replayed, without a clock, a network or a disk. What is
//! under way is remembered here, so that nothing is asked twice at once, and all watches of an app share one look.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{Span, Timestamp};
use crate::provider::Want;
use crate::push::{RequestId, Sha};
use crate::watch::{
    Course, Event, Input, Kin, LandingSeen, LogState, Memo, Miss, Plan, Snapshot, Target, TargetName, TokenSource,
    Watch, step,
};

/// After so many looks at an app it is asked anew what it is (pinned, live, its branches), not only what it deploys.
const LOOKS_PER_APP_ANSWER: u32 = 10;
/// Not proven by this clone alone, a landing is asked of the remote again after this long.
const REMOTE_AGAIN: Span = Span::from_secs(30);

/// All living watches, and what is under way for them.
#[derive(Default)]
pub struct Keeper {
    watches: BTreeMap<RequestId, Watch>,
    apps: BTreeMap<App, AppState>,
    proving: BTreeSet<RequestId>,
    asked_remote: BTreeMap<RequestId, Timestamp>,
    fetching: BTreeSet<(RequestId, TargetName)>,
    configuring: BTreeSet<RequestId>,
    /// To be looked at now, whatever their next look says, decided or not.
    urgent: BTreeSet<RequestId>,
}

/// What watches must have in common to share a look.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct App {
    provider: String,
    base_url: String,
    name: String,
    token: TokenSource,
}

#[derive(Default)]
struct AppState {
    memo: Memo,
    looks: u32,
    is_looking: bool,
}

/// Something that happened.
#[derive(Debug)]
pub enum Happening {
    /// Watches that were living when the last monitor ended, so long ago.
    Adopted(Vec<Watch>, Span),
    /// A request made this watch; these are the first lines of its timeline.
    Opened(Box<Watch>, Vec<Event>),
    /// Somebody wants to know now; the watch may be decided.
    Revisited(Box<Watch>),
    /// The user stops the watches of a commit, or all.
    Stopped(Option<Sha>),
    /// The landing of a push was looked into.
    Landing(RequestId, LandingSeen),
    /// A look ended.
    Looked(App, Result<Box<Seen>, Miss>),
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

/// A provider's answer, and how its commits stand to each watch it is for.
#[derive(Debug)]
pub struct Seen {
    /// The answer.
    pub snapshot: Snapshot,
    /// By watch.
    pub kin: BTreeMap<RequestId, Kin>,
}

/// Something to be done.
#[derive(Debug)]
pub enum Action {
    /// Store the watch and rewrite what readers see.
    Save {
        /// The watch as it is now.
        watch: Box<Watch>,
        /// What happened to it.
        events: Vec<Event>,
    },
    /// Find out whether the push landed; waits for the pushing git first.
    Prove {
        /// The watch.
        watch: Box<Watch>,
        /// The remote may be asked.
        ask_remote: bool,
    },
    /// Ask the provider about an app.
    Look {
        /// The app.
        app: App,
        /// One of its targets.
        target: Box<Target>,
        /// What the look is for.
        want: Want,
        /// The watches it serves.
        watches: Vec<Watch>,
    },
    /// Fetch the log of a failed deployment.
    FetchLog {
        /// The watch.
        watch: Box<Watch>,
        /// The target that failed.
        target: TargetName,
        /// What the adapter noted about the app.
        memo: Memo,
    },
    /// Read the configuration anew.
    Reconfigure(Box<Watch>),
}

impl App {
    /// The app a target is deployed to.
    pub fn of(target: &Target) -> Self {
        Self {
            provider: target.provider.clone(),
            base_url: target.base_url.clone(),
            name: target.app.clone(),
            token: target.token.clone(),
        }
    }
}

impl Keeper {
    /// Takes in what happened and says what is to be done.
    pub fn handle(&mut self, happening: Happening, now: Timestamp) -> Vec<Action> {
        let mut actions = Vec::new();
        match happening {
            Happening::Adopted(watches, gap) => {
                self.watches.extend(watches.into_iter().map(|watch| (watch.id.clone(), watch)));
                self.slept(gap, now, &mut actions);
            }
            Happening::Opened(watch, events) => {
                actions.push(Action::Save { watch: watch.clone(), events });
                if !watch.is_over() {
                    self.watches.insert(watch.id.clone(), *watch);
                }
            }
            Happening::Revisited(watch) => {
                self.urgent.insert(watch.id.clone());
                self.watches.entry(watch.id.clone()).or_insert(*watch);
            }
            Happening::Stopped(sha) => self.stop(sha.as_ref(), now, &mut actions),
            Happening::Landing(id, seen) => {
                self.proving.remove(&id);
                self.advance(&id, Input::Landing(seen), now, &mut actions);
            }
            Happening::Looked(app, outcome) => self.looked(&app, &outcome, now, &mut actions),
            Happening::Logged(id, target, log) => {
                self.fetching.remove(&(id.clone(), target.clone()));
                self.advance(&id, Input::Logged { target, log }, now, &mut actions);
            }
            Happening::Configured(id, plan) => {
                self.configuring.remove(&id);
                self.advance(&id, Input::Configured(plan), now, &mut actions);
                self.urgent.insert(id);
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
        self.watches.values().filter(|watch| !self.is_under_way(watch)).map(|watch| watch.next_look).min()
    }

    /// Nothing is left to watch.
    pub fn is_idle(&self) -> bool {
        self.watches.is_empty()
    }

    /// The living watch of a commit.
    pub fn of_commit(&self, sha: &Sha) -> Option<&Watch> {
        self.watches.values().filter(|watch| &watch.sha == sha).max_by_key(|watch| watch.attempt)
    }

    /// The living watch of this id.
    pub fn watch(&self, id: &RequestId) -> Option<&Watch> {
        self.watches.get(id)
    }

    fn ids(&self) -> Vec<RequestId> {
        self.watches.keys().cloned().collect()
    }

    /// Everything is looked at before any deadline is judged.
    fn slept(&mut self, span: Span, now: Timestamp, actions: &mut Vec<Action>) {
        for id in self.ids().into_iter().filter(|_| span > Span::ZERO) {
            self.advance(&id, Input::Slept(span), now, actions);
            self.urgent.insert(id);
        }
    }

    fn stop(&mut self, sha: Option<&Sha>, now: Timestamp, actions: &mut Vec<Action>) {
        for id in self.ids() {
            if sha.is_none_or(|sha| self.watches[&id].sha == *sha) {
                self.advance(&id, Input::Stopped, now, actions);
            }
        }
    }

    /// One answer serves every watch of the app that is not over, due or not.
    fn looked(&mut self, app: &App, outcome: &Result<Box<Seen>, Miss>, now: Timestamp, actions: &mut Vec<Action>) {
        let state = self.apps.entry(app.clone()).or_default();
        state.is_looking = false;
        if let Ok(seen) = outcome {
            state.memo = seen.snapshot.memo.clone();
        }
        for id in self.ids() {
            let urgent = self.urgent.contains(&id);
            let targets = self.watches[&id].courses.iter();
            let here: Vec<TargetName> = targets
                .filter(|course| (urgent || !course.is_over()) && App::of(&course.target) == *app)
                .map(|course| course.target.name.clone())
                .collect();
            if here.is_empty() {
                continue;
            }
            for target in here {
                let input = match outcome {
                    Ok(seen) => match seen.kin.get(&id) {
                        Some(kin) => Input::Looked { target, snapshot: seen.snapshot.clone(), kin: kin.clone() },
                        // It came while the look was under way: nobody has compared its commit. It has its own look.
                        None => continue,
                    },
                    Err(why) => Input::Missed { target, why: why.clone() },
                };
                self.advance(&id, input, now, actions);
            }
            if self.watches.get(&id).is_none_or(|watch| !self.is_under_way(watch)) {
                // Everything that was due has been looked at: now the deadlines can be judged.
                self.urgent.remove(&id);
                self.advance(&id, Input::Tick, now, actions);
            }
        }
    }

    /// Moves one watch by one input.
    fn advance(&mut self, id: &RequestId, input: Input, now: Timestamp, actions: &mut Vec<Action>) {
        let Some(watch) = self.watches.get(id) else { return };
        let moved = step(watch, input, now);
        if moved.watch != *watch {
            actions.push(Action::Save { watch: Box::new(moved.watch.clone()), events: moved.happened });
            self.watches.insert(id.clone(), moved.watch);
        }
    }

    /// Lets go of what is over, unless somebody wants one more look at it.
    fn let_go(&mut self) {
        let is_busy = |w: &Watch| self.proving.contains(&w.id) || self.is_under_way(w);
        let is_done_with = |w: &&Watch| w.is_over() && !self.urgent.contains(&w.id) && !is_busy(w);
        let over: Vec<RequestId> = self.watches.values().filter(is_done_with).map(|w| w.id.clone()).collect();
        for id in over {
            self.watches.remove(&id);
            self.asked_remote.remove(&id);
        }
    }

    fn reconfigure(&mut self, id: &RequestId, actions: &mut Vec<Action>) {
        if self.configuring.insert(id.clone()) {
            actions.push(Action::Reconfigure(Box::new(self.watches[id].clone())));
        }
    }

    fn is_under_way(&self, watch: &Watch) -> bool {
        self.configuring.contains(&watch.id)
            || watch.courses.iter().any(|course| self.apps.get(&App::of(&course.target)).is_some_and(|a| a.is_looking))
    }

    /// Starts what is due: the configuration where it is in the way, the landing, logs, and one look an app.
    fn take_up_what_is_due(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let mut looks: BTreeMap<App, Target> = BTreeMap::new();
        for id in self.ids() {
            self.fetch_logs(&id, now, actions);
            let watch = &self.watches[&id];
            let urgent = self.urgent.contains(&id);
            if self.is_under_way(watch) || !(urgent || watch.is_due(now)) {
                continue;
            }
            if watch.wants_configuration() && !urgent {
                self.reconfigure(&id, actions);
                continue;
            }
            let targets = due_targets(watch, urgent, now);
            self.prove(&id, now, actions);
            if targets.is_empty() {
                self.urgent.remove(&id);
                self.advance(&id, Input::Tick, now, actions);
            }
            looks.extend(targets);
        }
        for (app, target) in looks {
            actions.push(self.look(app, target, now));
        }
    }

    fn prove(&mut self, id: &RequestId, now: Timestamp, actions: &mut Vec<Action>) {
        let watch = &self.watches[id];
        let is_doubted = self.urgent.contains(id) && watch.may_yet_land();
        if !(watch.wants_landing() || is_doubted) || self.proving.contains(id) {
            return;
        }
        let ask_remote = is_doubted || self.asked_remote.get(id).is_none_or(|at| now.since(*at) >= REMOTE_AGAIN);
        if ask_remote {
            self.asked_remote.insert(id.clone(), now);
        }
        self.proving.insert(id.clone());
        actions.push(Action::Prove { watch: Box::new(watch.clone()), ask_remote });
    }

    fn look(&mut self, app: App, target: Target, now: Timestamp) -> Action {
        let served = |watch: &&Watch| {
            let urgent = self.urgent.contains(&watch.id);
            watch.courses.iter().any(|course| (urgent || !course.is_over()) && App::of(&course.target) == app)
        };
        let watches: Vec<Watch> = self.watches.values().filter(served).cloned().collect();
        let state = self.apps.entry(app.clone()).or_default();
        let want = Want {
            commits: watches.iter().map(|watch| watch.sha.clone()).collect(),
            back_to: here(&watches, &app).filter_map(|(watch, name)| watch.back_to(name, now)).min(),
            memo: state.memo.clone(),
            remotes: watches
                .iter()
                .filter_map(|watch| watch.push.url.clone())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            afresh: state.looks.is_multiple_of(LOOKS_PER_APP_ANSWER)
                || here(&watches, &app).any(|(watch, name)| wants_app(watch, name, now)),
        };
        state.looks = state.looks.wrapping_add(1);
        state.is_looking = true;
        Action::Look { app, target: Box::new(target), want, watches }
    }

    /// The first try follows the failure at once, each later one when the watch is due.
    fn fetch_logs(&mut self, id: &RequestId, now: Timestamp, actions: &mut Vec<Action>) {
        let watch = &self.watches[id];
        for course in
            watch.courses.iter().filter(|course| course.wanted_log().is_some_and(|n| n == 0 || watch.is_due(now)))
        {
            let name = course.target.name.clone();
            if self.fetching.insert((id.clone(), name.clone())) {
                let memo = self.apps.get(&App::of(&course.target)).map(|app| app.memo.clone()).unwrap_or_default();
                actions.push(Action::FetchLog { watch: Box::new(watch.clone()), target: name, memo });
            }
        }
    }
}

/// The targets of these watches that are deployed to this app.
fn here<'w>(watches: &'w [Watch], app: &'w App) -> impl Iterator<Item = (&'w Watch, &'w TargetName)> {
    let courses = watches.iter().flat_map(|watch| watch.courses.iter().map(move |course| (watch, course)));
    courses.filter(|(_, course)| App::of(&course.target) == *app).map(|(watch, course)| (watch, &course.target.name))
}

/// What was noted about the app must not decide: at the first look, because the app may have been pinned or freed
/// since, and when a missing deployment is judged.
fn wants_app(watch: &Watch, name: &TargetName, now: Timestamp) -> bool {
    let is_first = watch.course(name).is_some_and(|course| course.good_answer_at.is_none());
    watch.wants_app_afresh(name) && (is_first || now >= watch.register_by)
}

/// The targets of a watch that are to be looked at now; all of them if somebody wants to know.
fn due_targets(watch: &Watch, urgent: bool, now: Timestamp) -> Vec<(App, Target)> {
    let is_due = |course: &&Course| urgent || watch.wants_look(&course.target.name, now);
    watch.courses.iter().filter(is_due).map(|course| (App::of(&course.target), course.target.clone())).collect()
}

#[cfg(test)]
mod tests;
