//! What must hold in every run, whatever goes wrong in it: the truth at each moment, the rest at the end.

use std::collections::BTreeMap;

use super::ground::{Ground, contains};
use super::run::{Pleas, Pushed};
use super::truth::{APPS, Truth};
use super::world::START;
use crate::base::{Span, Timestamp};
use crate::push::{RequestId, Sha};
use crate::status::Document;
use crate::store::Store;
use crate::watch::{Course, Event, EventKind, Origin, Source, Verdict, Watch, outlook};

/// What may be made this much before its push and still be of it: the clocks of two machines differ.
const SLACK: Span = Span::from_mins(2);

/// What the world has had so far, and what must be so because of it.
pub(super) struct Rules<'a> {
    pub(super) ground: &'a Ground,
    pub(super) pushed: &'a [Pushed],
    pub(super) pleas: &'a Pleas,
    pub(super) truth: &'a Truth,
    /// How far the clock was off since when.
    pub(super) offsets: &'a [(Span, Span)],
}

/// The watches and their timelines.
pub(super) type Watches = Vec<(Watch, Vec<Event>)>;

/// Everything the store knows of the commits of a run.
pub(super) async fn read(store: &Store, ground: &Ground) -> Watches {
    let mut all = Vec::new();
    for sha in &ground.commits {
        for watch in store.attempts(sha).await.expect("a store that can be read") {
            let events = store.events(&watch.id).await.expect("a store that can be read");
            all.push((watch, events));
        }
    }
    all
}

/// How many deployments are remembered.
pub(super) async fn pasts(store: &Store) -> usize {
    let mut count = 0;
    for target in store.targets().await.expect("a store that can be read") {
        count += store.pasts(&target).await.expect("a store that can be read").len();
    }
    count
}

impl Rules<'_> {
    /// The first rule that was broken at the end, in words; so many deployments are remembered.
    pub(super) fn check(&self, watches: &Watches, pasts: usize) -> Result<(), String> {
        self.every_landed_push_has_its_watch(watches)?;
        for (watch, events) in watches {
            let check = ends_in_one_verdict(watch, events).and_then(|()| self.is_true(watch));
            let check = check.and_then(|()| is_told_once(events));
            check.map_err(|why| format!("{} (attempt {}): {why}", watch.sha, watch.attempt))?;
        }
        let courses = watches.iter().flat_map(|(watch, _)| &watch.courses);
        let were_live = courses.filter(|course| course.times.deployed_at.is_some()).count();
        if pasts > were_live {
            return Err(format!("{pasts} deployments are remembered, and {were_live} were live"));
        }
        self.files_are_whole(watches)
    }

    fn every_landed_push_has_its_watch(&self, all: &Watches) -> Result<(), String> {
        let mut pushes: BTreeMap<&Sha, usize> = BTreeMap::new();
        for pushed in self.pushed {
            *pushes.entry(&pushed.sha).or_default() += 1;
        }
        for commit in &self.pleas.tracked {
            *pushes.entry(&self.ground.commits[*commit]).or_default() += 1;
        }
        for (sha, pushes) in pushes {
            let watches: Vec<&Watch> = all.iter().map(|(watch, _)| watch).filter(|w| w.sha == *sha).collect();
            if watches.len() > pushes {
                let ids: Vec<&RequestId> = watches.iter().map(|watch| &watch.id).collect();
                return Err(format!("{sha} was pushed {pushes} times and is watched {} times: {ids:?}", watches.len()));
            }
            let is_due = |pushed: &&Pushed| pushed.sha == *sha && pushed.id.is_some() && pushed.landed.is_some();
            for pushed in self.pushed.iter().filter(is_due) {
                let own = watches.iter().find(|watch| Some(&watch.id) == pushed.id.as_ref());
                // A push of what is being watched and has landed belongs to that watch.
                let of_branch = watches.iter().find(|watch| watch.push.ref_name.branch() == Some(pushed.branch));
                if own.or(of_branch).is_none() {
                    return Err(format!("the push of {sha} has landed and is not watched"));
                }
                let denied = own.filter(|watch| outlook(watch).verdict == Some(Verdict::NotPushed));
                if denied.is_some_and(|watch| !self.may_be_denied(pushed, watch)) {
                    return Err(format!("the push of {sha} has landed and is called not pushed"));
                }
            }
        }
        Ok(())
    }

    /// Nobody can tell any more that it landed: the remote went elsewhere, and this clone did not hear of it before, or
    /// notes it at an earlier time than the push, because the clock was put back before a monitor read what the hook
    /// had noted.
    fn may_be_denied(&self, pushed: &Pushed, watch: &Watch) -> bool {
        let place = |pushed: &Pushed| self.ground.place_of(pushed.sha.as_str()).unwrap_or(0);
        let goes_elsewhere = |other: &Pushed| other.landed.is_some() && !contains(place(other), place(pushed));
        let is_put_back = Self::set_unseen(pushed, watch) < Span::ZERO;
        let is_later = |other: &&Pushed| {
            other.plan != pushed.plan && other.branch == pushed.branch && other.landed >= pushed.landed
        };
        let mut others = self.pushed.iter().filter(is_later);
        (!pushed.is_shown_here || is_put_back) && others.any(goes_elsewhere)
    }

    /// By how much the clock was put ahead, less than zero if back, after a push and before a monitor took it up. What
    /// comes later a watch knows of.
    fn set_unseen(pushed: &Pushed, watch: &Watch) -> Span {
        watch.boot.as_ref().map_or(Span::ZERO, |boot| boot.at.since(START) - pushed.is_off_by)
    }

    /// `live`, `failed` and all else that is said of a watch only where the world says so, at any moment.
    pub(super) fn is_true(&self, watch: &Watch) -> Result<(), String> {
        let outlook = outlook(watch);
        let commit = self.ground.place_of(watch.sha.as_str()).expect("a commit of this repository");
        let is_there = |pushed: &Pushed| watch.push.ref_name.branch() == Some(pushed.branch);
        let has_landed =
            |pushed: &Pushed| pushed.landed.is_some() && is_there(pushed) && self.is_at_or_after(pushed, commit);
        if watch.has_landed() && !self.pushed.iter().any(has_landed) {
            return Err("is said to have landed and has not".to_owned());
        }
        for course in &watch.courses {
            self.is_true_of(watch, course, commit)?;
        }
        match outlook.verdict {
            Some(Verdict::Unhealthy) if !self.truth.was_ill && !self.truth.was_live_but(commit) => {
                Err(format!("is called unhealthy, and the service was well: {}", outlook.message))
            }
            Some(Verdict::Stopped) if !self.pleas.stopped.contains(&commit) => {
                Err("was stopped, and nobody asked for it".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn is_true_of(&self, watch: &Watch, course: &Course, commit: usize) -> Result<(), String> {
        // One that the journal told of is named by no request.
        let own = self.pushed.iter().find(|pushed| pushed.id.as_ref() == Some(&watch.id));
        let branch = watch.push.ref_name.branch();
        let is_of_it = |pushed: &&Pushed| pushed.sha == watch.sha && Some(pushed.branch) == branch;
        let made = own.or_else(|| self.pushed.iter().find(is_of_it));
        let target = course.target.name.as_str();
        let (app, _) = APPS.into_iter().find(|(_, known)| *known == target).expect("a target of this configuration");
        // Of one that somebody asked for it is not known when it was pushed.
        let made = made.filter(|_| watch.push.origin != Origin::Track);
        // A push that was noted before the clock was put ahead seems to be so much older to a monitor that takes it up
        // afterwards, and what was deployed shortly before the push may count for it.
        let set_unseen = made.map_or(Span::ZERO, |pushed| Self::set_unseen(pushed, watch));
        let made = made.map_or(Span::ZERO, |pushed| pushed.made);
        let since = made - SLACK - set_unseen.max(Span::ZERO);
        let by = course.times.decided_at.map_or(Span::from_hours(9000), |at| self.uptime_at(at));
        let message = &course.message;
        match course.verdict {
            Some(Verdict::Live) if !self.truth.was_live(app, commit, since, by) => {
                Err(format!("is called live and was not since {since}: {message}"))
            }
            Some(Verdict::Failed) if !self.truth.has_failed(app, commit, since, by) => {
                Err(format!("is called failed and has not since {since}: {message}"))
            }
            // The same the other way round: what was deployed since may seem to be older than the push.
            Some(Verdict::NoDeploy) if set_unseen >= Span::ZERO => {
                let answers = course.observations.iter().filter(|seen| seen.ok && seen.source == Source::Provider);
                let last = answers.filter_map(|seen| self.uptimes_at(seen.observed_at).min()).max();
                match last.filter(|last| self.truth.was_deployed(app, commit, made, *last)) {
                    Some(last) => Err(format!("is called not deployed, and was seen to be at {last}: {message}")),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// The push brought this commit, or one that contains it.
    fn is_at_or_after(&self, pushed: &Pushed, commit: usize) -> bool {
        self.ground.place_of(pushed.sha.as_str()).is_some_and(|place| contains(place, commit))
    }

    /// When the machine's clock last showed this.
    fn uptime_at(&self, at: Timestamp) -> Span {
        self.uptimes_at(at).max().unwrap_or(at.since(START))
    }

    /// Whenever the machine's clock showed this; where it was put back, more than once.
    fn uptimes_at(&self, at: Timestamp) -> impl Iterator<Item = Span> {
        let ends = self.offsets.iter().skip(1).map(|(since, _)| *since).chain([Span::from_hours(9000)]);
        let shown = move |(&(since, off), end): (&(Span, Span), Span)| {
            Some(at.since(START) - off).filter(|uptime| (since..=end).contains(uptime))
        };
        self.offsets.iter().zip(ends).filter_map(shown)
    }

    /// Readers see what the store knows, in whole files.
    pub(super) fn files_are_whole(&self, watches: &Watches) -> Result<(), String> {
        let folder = self.ground.layout.status_dir();
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            let is_json = std::path::Path::new(&name).extension().is_some_and(|extension| extension == "json");
            if name.starts_with('.') {
                return Err(format!("{name} was left behind"));
            } else if is_json {
                let document = Document::parse(&bytes).map_err(|why| format!("{name} is torn: {why}"))?;
                if !document.done {
                    return Err(format!("{name} says that it goes on"));
                }
            } else if bytes.last().is_some_and(|last| *last != b'\n') {
                return Err(format!("{name} is torn"));
            }
        }
        for (watch, _) in watches {
            let path = self.ground.layout.status(watch.sha.as_str());
            let bytes = std::fs::read(&path).map_err(|why| format!("{}: {why}", path.display()))?;
            let document = Document::parse(&bytes).map_err(|why| format!("{}: {why}", path.display()))?;
            let of_commit = watches.iter().map(|(watch, _)| watch).filter(|known| known.sha == watch.sha);
            let mut verdicts = of_commit.map(|watch| outlook(watch).verdict.map(Into::into));
            if !verdicts.any(|verdict| verdict == document.verdict) {
                return Err(format!("{} says {:?}, and no watch does", path.display(), document.verdict));
            }
        }
        Ok(())
    }
}

fn ends_in_one_verdict(watch: &Watch, events: &[Event]) -> Result<(), String> {
    let outlook = outlook(watch);
    if !outlook.done || !watch.is_over() {
        return Err(format!("has not ended: {outlook:?}"));
    }
    let told: Vec<&Event> = events.iter().filter(|event| event.kind == EventKind::Verdict).collect();
    let last = told.last().and_then(|event| event.to.clone());
    if last != outlook.verdict.map(|verdict| verdict.to_string()) {
        return Err(format!("ended as {:?}, and told {last:?}", outlook.verdict));
    }
    let is_final = |event: &&&Event| event.to.as_deref().is_some_and(|to| ["live", "failed"].contains(&to));
    let finals: Vec<_> = told.iter().filter(is_final).map(|event| event.to.clone()).collect();
    if finals.len() > 1 {
        return Err(format!("had several final verdicts: {finals:?}"));
    }
    Ok(())
}

/// No line of a timeline is there twice.
fn is_told_once(events: &[Event]) -> Result<(), String> {
    match events.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("was told twice: {:?}", pair[0])),
        None => Ok(()),
    }
}
