//! What of a provider's answer counts for a push: which deployments are ours, and which contain ours.

use super::{
    Cause, Claim, CommitMark, Deployment, Kin, Live, Origin, Quality, Relation, Snapshot, Source, State, Target,
    TargetName, Watch,
};
use crate::base::{Span, Timestamp};
use crate::push::Sha;

/// How much earlier than the push, by the provider's clock, a deployment of it may have been made: clocks differ.
const SLACK: Span = Span::from_mins(2);
/// The same where what was deployed for an earlier push could be mistaken for ours: clocks only tell whole seconds.
const NARROW: Span = Span::from_secs(5);
/// How far back the list must reach for a commit that is tracked: when it was pushed is not known.
const TRACKED: Span = Span::from_hours(7 * 24);
/// How far the provider's clock may be off when the list is asked for; afterwards its own `Date` counts.
const SKEW: Span = Span::from_hours(1);
/// Fewer digits than this name no commit.
const SHORTEST_PREFIX: usize = 7;

/// An answer of a provider, or of the deployments table, seen from one course of a watch.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    watch: &'a Watch,
    target: &'a Target,
    pub(super) snapshot: &'a Snapshot,
    kin: &'a Kin,
}

impl<'a> View<'a> {
    /// `None`: the watch has no course to this target.
    pub(super) fn of(watch: &'a Watch, target: &TargetName, snapshot: &'a Snapshot, kin: &'a Kin) -> Option<Self> {
        let target = &watch.course(target)?.target;
        Some(Self { watch, target, snapshot, kin })
    }

    /// The deployments of this very commit, newest first.
    pub(super) fn ours(&self) -> impl Iterator<Item = &'a Deployment> {
        let view = *self;
        self.of_commit().filter(move |d| view.counts(d, view.not_before()) && view.is_dated_enough(d))
    }

    fn of_commit(&self) -> impl Iterator<Item = &'a Deployment> {
        let view = *self;
        let is_ours = move |d: &&Deployment| d.commits.iter().any(|mark| view.is_of_commit(mark));
        self.snapshot.deployments.iter().filter(is_ours)
    }

    /// A row that says "failed" counts only with a date; a provider lists what it deployed in order.
    fn is_dated_enough(&self, deployment: &Deployment) -> bool {
        let is_row = self.target.lead() == Source::Database;
        !is_row || deployment.state != State::Failed || deployment.created_at.is_some()
    }

    /// The table has rows of a commit that was never pushed before, and all of them are older than the push: most
    /// likely somebody writes local times.
    pub(super) fn has_misdated_rows(&self) -> bool {
        let is_first = self.watch.attempt == 1 && self.target.lead() == Source::Database;
        is_first && self.ours().next().is_none() && self.of_commit().next().is_some()
    }

    /// A commit that is newer than ours, or that this clone does not know, went live after our deployment.
    pub(super) fn is_overtaken(&self, ours: Option<&str>) -> bool {
        let is_newer = |marks: &[CommitMark]| {
            marks.iter().any(|mark| matches!(self.kin.of(&mark.sha), Relation::Contains | Relation::Unknown))
        };
        let place = self.snapshot.deployments.iter().position(|d| Some(d.id.as_str()) == ours);
        let newer = &self.snapshot.deployments[..place.unwrap_or(0)];
        let here = |d: &Deployment| self.is_of_branch(d) && self.is_of_environment(d) && self.went_live(d);
        let bare = self.snapshot.live.as_ref().filter(|live| live.deployment.is_none());
        newer.iter().any(|d| here(d) && is_newer(&d.commits)) || bare.is_some_and(|live| is_newer(&live.commits))
    }

    /// The deployments of commits that contain ours, newest first; only those newer than `ours`.
    pub(super) fn containing(&self, ours: Option<&Deployment>) -> impl Iterator<Item = &'a Deployment> {
        let view = *self;
        let stop = ours.map(|d| d.id.clone());
        let newer = self.snapshot.deployments.iter().take_while(move |d| Some(&d.id) != stop.as_ref());
        newer.filter(move |d| view.contains(&d.commits)).filter(move |d| view.counts(d, view.not_before_newer()))
    }

    /// Commits that contain ours and were pushed from this clone later, newest first.
    pub(super) fn newer_pushes(&self) -> impl Iterator<Item = &'a str> {
        let contains = self.kin.newer_pushes.iter().filter(|newer| newer.relation == Relation::Contains);
        contains.rev().map(|newer| newer.sha.as_str())
    }

    /// The whole id of a commit that contains ours. A provider may name a beginning; our own pushes tell the rest.
    pub(super) fn whole(&self, commit: &str) -> Option<Sha> {
        let digits = commit.to_ascii_lowercase();
        let pushed = self.newer_pushes().find(|pushed| pushed.starts_with(&digits));
        pushed.unwrap_or(&digits).parse().ok()
    }

    /// A newer deployment counts whose commit this clone does not know, so that nobody can tell whether it contains
    /// ours.
    pub(super) fn stranger(&self, ours: &Deployment) -> Option<&'a str> {
        let view = *self;
        let newer = self.snapshot.deployments.iter().take_while(|d| d.id != ours.id);
        let mut marks = newer.filter(|d| view.counts(d, view.not_before_newer())).flat_map(|d| &d.commits);
        marks.find(|mark| view.kin.of(&mark.sha) == Relation::Unknown).map(|mark| mark.sha.as_str())
    }

    /// The branch that was pushed.
    pub(super) fn branch(&self) -> Option<&'a str> {
        self.watch.push.ref_name.branch()
    }

    /// The deployment serves traffic now.
    pub(super) fn serves(&self, deployment: &Deployment) -> bool {
        let named = self.snapshot.live.as_ref().and_then(|live| live.deployment.as_ref());
        deployment.is_live == Some(true) || named == Some(&deployment.id)
    }

    /// It served traffic, now or once. A source that does not tell what serves is believed that success is live.
    pub(super) fn went_live(&self, deployment: &Deployment) -> bool {
        let is_believed = deployment.state == State::Succeeded && deployment.is_live.is_none();
        self.serves(deployment) || deployment.was_live == Some(true) || is_believed
    }

    /// Our commit serves traffic without being on the list. A deployment that has an id and is not on the list is
    /// older than the list, so it counts for no push but one of unknown time. Where the source tells nothing but the
    /// commit that serves now, it speaks of now, whenever that was deployed.
    pub(super) fn unlisted_live(&self) -> Option<&'a Live> {
        let live = self.unlisted(self.not_before())?;
        live.commits.iter().any(|mark| self.is_of_commit(mark)).then_some(live)
    }

    /// The same of a commit that contains ours. A push that leads back from one says nothing about it.
    pub(super) fn unlisted_container(&self) -> Option<&'a str> {
        let live = self.unlisted(self.not_before_newer())?;
        let counts = live.deployment.is_some() || !self.is_way_back();
        self.container(&live.commits).filter(|_| counts)
    }

    fn unlisted(&self, not_before: Option<Timestamp>) -> Option<&'a Live> {
        let live = self.snapshot.live.as_ref()?;
        let counts = match &live.deployment {
            Some(id) => not_before.is_none() && self.snapshot.deployments.iter().all(|d| d.id != *id),
            None => true,
        };
        counts.then_some(live)
    }

    /// The source knows no deployments, only the commit that serves now.
    pub(super) fn tells_only_what_serves(&self) -> bool {
        let is_bare = self.snapshot.live.as_ref().is_some_and(|live| live.deployment.is_none());
        is_bare && self.snapshot.deployments.is_empty()
    }

    /// What the answer says of the commit: the word of its newest deployment, and what that comes to.
    pub(super) fn claim(&self) -> Option<Claim> {
        if self.unlisted_live().is_some() || self.ours().any(|d| self.serves(d)) {
            return Some(Claim::Live);
        }
        let ours = self.ours().next()?;
        Some(match ours.state {
            State::Failed => Claim::Failed,
            _ if self.went_live(ours) => Claim::Live,
            _ => Claim::Underway,
        })
    }

    /// What went live after the deployment with this id and leads back behind our commit: a rollback, or a deployment
    /// of an ancestor.
    pub(super) fn gone_back_to(&self, ours: Option<&str>) -> Option<&'a str> {
        let name = |marks: &'a [CommitMark]| marks.first().map_or("", |mark| mark.sha.as_str());
        let is_older = |marks: &[CommitMark]| {
            !marks.is_empty() && marks.iter().all(|mark| self.kin.of(&mark.sha) == Relation::Older)
        };
        let place = self.snapshot.deployments.iter().position(|d| Some(d.id.as_str()) == ours);
        if let Some(place) = place {
            let here = |d: &&Deployment| self.is_of_branch(d) && self.is_of_environment(d) && self.went_live(d);
            let newest = self.snapshot.deployments[..place].iter().find(here)?;
            let is_ours = newest.commits.iter().any(|mark| self.is_of_commit(mark));
            let is_back = is_older(&newest.commits) || (newest.cause == Cause::Rollback && !is_ours);
            return is_back.then(|| name(&newest.commits));
        }
        let live = self.snapshot.live.as_ref().filter(|live| live.deployment.is_none())?;
        is_older(&live.commits).then(|| name(&live.commits))
    }

    /// The mark names the watched commit.
    pub(super) fn is_of_commit(&self, mark: &CommitMark) -> bool {
        let sha = self.watch.sha.as_str();
        match mark.quality {
            Quality::Exact => mark.sha.eq_ignore_ascii_case(sha),
            Quality::Prefix => {
                let beginning = sha.get(..mark.sha.len());
                mark.sha.len() >= SHORTEST_PREFIX && beginning.is_some_and(|b| b.eq_ignore_ascii_case(&mark.sha))
            }
        }
    }

    /// The commit among these that contains ours. Where one part is still at an older commit, none does.
    pub(super) fn container(&self, marks: &'a [CommitMark]) -> Option<&'a str> {
        let is = |relation| move |mark: &&CommitMark| self.kin.of(&mark.sha) == relation;
        let is_behind = marks.iter().any(|mark| is(Relation::Older)(&mark));
        marks.iter().find(is(Relation::Contains)).filter(|_| !is_behind).map(|mark| mark.sha.as_str())
    }

    /// The list reaches back to the push, so what is not on it does not exist.
    pub(super) fn reaches_the_push(&self) -> bool {
        let needed = self.in_provider_time(earliest(self.watch) + SKEW);
        self.snapshot.reaches_back_to.is_none_or(|oldest| oldest <= needed)
    }

    /// A deployment of exactly this id, certainly made after the push, or one of a commit that contains it: the
    /// remote must have the commit.
    pub(super) fn proves_the_landing(&self) -> bool {
        let is_exact = |mark: &CommitMark| mark.quality == Quality::Exact && self.is_of_commit(mark);
        let mut dated = self.ours().chain(self.containing(None)).filter(|d| d.created_at.is_some());
        dated.any(|d| d.commits.iter().any(is_exact) || self.contains(&d.commits))
    }

    fn contains(&self, marks: &'a [CommitMark]) -> bool {
        self.container(marks).is_some()
    }

    /// Of the push's branch, not too old, and no way back to an older commit.
    fn counts(&self, deployment: &Deployment, not_before: Option<Timestamp>) -> bool {
        let is_here = self.is_of_branch(deployment) && self.is_of_environment(deployment);
        deployment.cause != Cause::Rollback && is_here && self.is_fresh(deployment.created_at, not_before)
    }

    fn is_of_branch(&self, deployment: &Deployment) -> bool {
        deployment.branch.as_deref().is_none_or(|branch| Some(branch) == self.branch())
    }

    /// An environment counts for the target that names it; one that no target goes by counts for all that name none.
    fn is_of_environment(&self, deployment: &Deployment) -> bool {
        let Some(word) = &deployment.environment else { return true };
        if let Some(own) = &self.target.environment {
            return own.eq_ignore_ascii_case(word);
        }
        let mut others = self.watch.courses.iter().map(|course| &course.target).filter(|t| t.name != self.target.name);
        self.target.is_called(word) || !others.any(|other| other.is_called(word))
    }

    /// A deployment without a date counts for a first push: it can hardly be older than the commit.
    fn is_fresh(&self, created_at: Option<Timestamp>, not_before: Option<Timestamp>) -> bool {
        let Some(not_before) = not_before else { return true };
        created_at.map_or(self.watch.attempt == 1, |created_at| created_at >= not_before)
    }

    /// No deployment made before this counts as ours (provider's clock). A retry may follow soon after what was
    /// deployed for the attempt before.
    fn not_before(&self) -> Option<Timestamp> {
        self.slackened(if self.watch.attempt > 1 { NARROW } else { SLACK })
    }

    /// The same for deployments of newer commits. A forced push may lead back from such a commit soon after it was
    /// deployed.
    fn not_before_newer(&self) -> Option<Timestamp> {
        self.slackened(if self.is_way_back() { NARROW } else { SLACK })
    }

    fn is_way_back(&self) -> bool {
        self.watch.attempt > 1 || self.watch.push.forced == Some(true)
    }

    fn slackened(&self, slack: Span) -> Option<Timestamp> {
        (self.watch.push.origin != Origin::Track).then(|| self.in_provider_time(self.watch.push.at) - slack)
    }

    /// A time of ours from when the push was noted.
    fn in_provider_time(&self, noted: Timestamp) -> Timestamp {
        noted + self.kin.clock_set + self.clock_ahead()
    }

    /// How far the provider's clock is ahead of ours.
    fn clock_ahead(&self) -> Span {
        self.snapshot.provider_clock.unwrap_or(self.snapshot.observed_at).since(self.snapshot.observed_at)
    }

    /// When something happened that this look found and the one before did not, by our clock: when the provider says,
    /// as far as that lies between the two.
    pub(super) fn happened_at(&self, told: Option<Timestamp>) -> Timestamp {
        let found = self.snapshot.observed_at;
        let Some(told) = told.map(|told| told - self.clock_ahead()) else { return found };
        let before = self.watch.course(&self.target.name).and_then(|course| course.lead.good_answer_at);
        let earliest =
            if self.watch.push.origin == Origin::Track { before } else { before.or(Some(self.watch.push.at)) };
        earliest.map_or(found, |earliest| told.max(earliest).min(found))
    }
}

/// The earliest moment a deployment of the push can be from, if the provider's clock is off by no more than
/// [`SKEW`].
pub(super) fn earliest(watch: &Watch) -> Timestamp {
    let reach = if watch.push.origin == Origin::Track { TRACKED } else { SLACK };
    watch.push.at - reach - SKEW
}
