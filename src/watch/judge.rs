//! What a good answer means for a landed push. No provider says "superseded" cleanly, so words such as cancelled and
//! replaced are judged by ancestry, by what is newer and by what was live, never by themselves.

use super::ours::View;
use super::{Course, Deployment, Phase, Reason, State};

/// What the provider's answer means for a course.
#[derive(Debug)]
pub(super) enum Judgement<'a> {
    /// Neither our commit nor one that contains it is to be seen.
    Nothing,
    /// The same, and it will not be: the push is not to be deployed here.
    Excluded(Exclusion<'a>),
    /// Our deployment is on its way, this far.
    Underway(&'a Deployment, Phase, Reason),
    /// Our deployment ended without having been live, and nothing newer contains our commit.
    Canceled(&'a Deployment),
    /// The provider decided not to run it.
    Skipped(&'a Deployment),
    /// Our deployment failed.
    Failed(&'a Deployment),
    /// Our commit is, or was, live; with its deployment where the list has it.
    Live(Option<&'a Deployment>),
    /// A newer commit that contains ours stands for it.
    Through(Newer<'a>),
}

impl Judgement<'_> {
    /// Our commit, or one that contains it, is live as far as the source knows.
    pub(super) const fn is_live(&self) -> bool {
        matches!(self, Self::Live(_) | Self::Through(Newer { fate: Fate::Live, .. }))
    }
}

/// Why a push is not to be deployed.
#[derive(Debug)]
pub(super) enum Exclusion<'a> {
    /// Pushes to the branch are not deployed; these branches' are.
    Branch(Vec<&'a str>),
    /// The branch is the app's, and deploying on a push is switched off.
    SwitchedOff,
    /// No push is deployed at the moment, in the provider's words.
    Frozen(&'a str),
}

/// A newer commit that contains ours.
#[derive(Debug)]
pub(super) struct Newer<'a> {
    /// Our own deployment, where there was one.
    pub(super) ours: Option<&'a Deployment>,
    /// The newer commit, as the provider or our own push names it.
    pub(super) commit: &'a str,
    pub(super) fate: Fate<'a>,
}

/// What became of a newer commit.
#[derive(Debug)]
pub(super) enum Fate<'a> {
    Live,
    Undecided,
    Failed(&'a Deployment),
}

/// What the answer means. What certainly happened outranks what may still happen: serving ours, ours failed, a newer
/// one serving, ours on its way; and any deployment outranks the provider's settings.
pub(super) fn judge<'a>(view: &View<'a>, course: &Course) -> Judgement<'a> {
    if let Some(serving) = view.ours().find(|d| view.serves(d)) {
        return Judgement::Live(Some(serving));
    }
    if view.unlisted_live().is_some() {
        return Judgement::Live(None);
    }
    match view.ours().next() {
        Some(ours) => judge_ours(view, course, ours),
        None => newer(view, None).map_or_else(|| excluded(view), Judgement::Through),
    }
}

fn judge_ours<'a>(view: &View<'a>, course: &Course, ours: &'a Deployment) -> Judgement<'a> {
    let underway = |phase, reason| match live_newer(view, Some(ours)) {
        Some(newer) => Judgement::Through(newer),
        None => Judgement::Underway(ours, phase, reason),
    };
    match ours.state {
        State::Failed => Judgement::Failed(ours),
        State::Skipped => Judgement::Skipped(ours),
        State::Queued => underway(Phase::Queued, Reason::DeployQueued),
        State::Blocked => underway(Phase::Queued, Reason::WaitingForApproval),
        State::Unknown => underway(Phase::Queued, Reason::UnknownState),
        State::Building => underway(Phase::Building, Reason::BuildRunning),
        State::Deploying => underway(Phase::Deploying, Reason::DeployRunning),
        _ if view.went_live(ours) || course.saw_live(ours) => Judgement::Live(Some(ours)),
        State::Succeeded | State::Canceled | State::Replaced => match newer(view, Some(ours)) {
            Some(newer) => Judgement::Through(newer),
            None if ours.state == State::Succeeded => underway(Phase::Verifying, Reason::NotServing),
            None => Judgement::Canceled(ours),
        },
    }
}

/// The newer commit that stands for ours: a live one first, then one that is on its way, then one that failed.
fn newer<'a>(view: &View<'a>, ours: Option<&'a Deployment>) -> Option<Newer<'a>> {
    let through = |commit, fate| Some(Newer { ours, commit, fate });
    if let Some(live) = live_newer(view, ours) {
        return Some(live);
    }
    let newest = view.containing(ours).next();
    let running = view.containing(ours).find(|d| is_undecided(d));
    let commit_of = |d: &'a Deployment| view.container(&d.commits);
    if let Some(commit) = running.and_then(commit_of) {
        return through(commit, Fate::Undecided);
    }
    let is_deployed = |pushed: &str| view.containing(ours).any(|d| commit_of(d).is_some_and(|c| pushed.starts_with(c)));
    // What was pushed before one that has its deployment gets none of its own any more: that one stands for it, too.
    if let Some(pushed) = view.newer_pushes().next().filter(|pushed| !is_deployed(pushed)) {
        // A push alone proves no takeover: while nothing was cancelled, ours may still get its deployment.
        return through(pushed, Fate::Undecided).filter(|_| ours.is_some() || newest.is_some());
    }
    let newest = newest?;
    let fate = if newest.state == State::Failed { Fate::Failed(newest) } else { Fate::Undecided };
    through(commit_of(newest)?, fate)
}

/// The live commit that contains ours.
fn live_newer<'a>(view: &View<'a>, ours: Option<&'a Deployment>) -> Option<Newer<'a>> {
    let listed = view.containing(ours).find(|d| view.went_live(d)).and_then(|d| view.container(&d.commits));
    Some(Newer { ours, commit: listed.or_else(|| view.unlisted_container())?, fate: Fate::Live })
}

const fn is_undecided(deployment: &Deployment) -> bool {
    match deployment.state {
        State::Failed | State::Canceled | State::Replaced | State::Skipped => false,
        State::Queued | State::Blocked | State::Building | State::Deploying | State::Succeeded | State::Unknown => true,
    }
}

/// Whether the provider's settings rule a deployment out.
fn excluded<'a>(view: &View<'a>) -> Judgement<'a> {
    if let Some(why) = &view.snapshot.frozen {
        return Judgement::Excluded(Exclusion::Frozen(why));
    }
    let (Some(triggers), Some(branch)) = (&view.snapshot.triggers, view.branch()) else {
        return Judgement::Nothing;
    };
    let of_branch = || triggers.iter().filter(|trigger| trigger.branch == branch);
    if of_branch().any(|trigger| trigger.on_push) {
        Judgement::Nothing
    } else if of_branch().next().is_some() {
        Judgement::Excluded(Exclusion::SwitchedOff)
    } else {
        let deployed = triggers.iter().filter(|trigger| trigger.on_push);
        Judgement::Excluded(Exclusion::Branch(deployed.map(|trigger| trigger.branch.as_str()).collect()))
    }
}
