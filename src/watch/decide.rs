//! What a judgement makes of a course: how far it is, or a verdict.

use super::checks::SETTLED;
use super::judge::{Exclusion, Fate, Judgement, Newer};
use super::ours::View;
use super::{
    Course, Deployment, DeploymentRef, Failure, Health, LogState, Phase, Progress, Reason, Source, Verdict, Warning,
    Watch, tell,
};
use crate::base::{Timestamp, text};

impl Watch {
    /// Takes in what a good answer means for a course of a landed push.
    pub(super) fn take_in(&mut self, index: usize, judgement: &Judgement, view: &View, now: Timestamp) {
        let course = &self.courses[index];
        let is_unseen = match judgement {
            Judgement::Nothing => true,
            // The list may have forgotten a deployment we saw.
            Judgement::Excluded(_) => course.deployment.is_some(),
            _ => false,
        };
        if is_unseen {
            return self.see_nothing(index, view, now);
        }
        match course.verdict {
            // A newer commit took over: what counts is how that ends.
            Some(Verdict::Superseded) if !matches!(judgement, Judgement::Live(_) | Judgement::Through(_)) => return,
            Some(Verdict::Superseded) | None => {}
            Some(_) => self.reopen(index, now),
        }
        if !matches!(judgement, Judgement::Through(_)) {
            let course = &mut self.courses[index];
            (course.via, course.through) = (None, None);
        }
        // Of several instances the first new one answers among old ones.
        if judgement.is_live() && view.tells_only_what_serves() && self.courses[index].serving < SETTLED {
            return self.courses[index].settle();
        }
        let waits_until = self.courses[index].canceled_since.map(|since| since + self.policy.register_timeout);
        let course = &mut self.courses[index];
        match judgement {
            Judgement::Nothing => {}
            Judgement::Excluded(why) => course.exclude(why, view, now),
            Judgement::Underway(ours, phase, reason) => course.move_along(ours, *phase, *reason, view),
            Judgement::Canceled(ours) => course.wait_or_cancel(ours, waits_until, view, now),
            Judgement::Skipped(ours) => course.skip(ours, view, now),
            Judgement::Failed(ours) => course.fail(ours, view, now),
            Judgement::Live(ours) => course.go_live(*ours, view),
            Judgement::Through(newer) => course.follow(newer, view, now),
        }
        if judgement.is_live() {
            self.done(index, now);
        }
    }

    /// The source says that the commit, or one that contains it, is live: it is, once the health endpoints, where
    /// there are any, agree.
    fn done(&mut self, index: usize, now: Timestamp) {
        let course = &mut self.courses[index];
        let is_news =
            course.checks.is_none() || (course.verdict.is_none() && course.reason != Reason::WaitingForHealth);
        if course.target.health.as_ref().is_some_and(Health::has_endpoints) {
            course.wait(Reason::WaitingForHealth);
            if is_news {
                course.message = tell::verifying(course);
            }
            course.verify(now);
        } else {
            self.confirm(index, now);
        }
    }

    /// No deployment: a verdict only by an answer that is late enough and reaches back to the push.
    fn see_nothing(&mut self, index: usize, view: &View, now: Timestamp) {
        let is_late = view.snapshot.observed_at >= self.register_by;
        if is_late && view.has_misdated_rows() {
            self.warn(Warning { code: "misdated_rows".to_owned(), message: tell::misdated() });
        }
        let is_sure = is_late && view.reaches_the_push() && !view.has_misdated_rows();
        let waited = self.policy.register_timeout;
        let course = &mut self.courses[index];
        match course.verdict {
            None | Some(Verdict::Timeout | Verdict::Unobservable) if is_sure && course.deployment.is_none() => {
                course.decide(Verdict::NoDeploy, Reason::NothingRegistered, tell::no_deploy(course, waited), now);
            }
            None => course.resume(),
            Some(_) => {}
        }
    }

    /// Something was seen after we had given up.
    pub(super) fn reopen(&mut self, index: usize, now: Timestamp) {
        let course = &mut self.courses[index];
        course.verdict = None;
        course.times.decided_at = None;
        course.given_up = false;
        course.canceled_since = None;
        course.forget_health();
        self.renew_deadline(now);
    }

    /// A watch that goes on after its time was up gets the same time again.
    pub(super) fn renew_deadline(&mut self, now: Timestamp) {
        if self.deadline <= now {
            self.deadline = now + self.policy.timeout;
        }
    }
}

impl Course {
    fn move_along(&mut self, ours: &Deployment, phase: Phase, reason: Reason, view: &View) {
        self.adopt(ours, view);
        self.canceled_since = None;
        self.checks = None;
        let is_step_back = phase < self.phase && !matches!(reason, Reason::WaitingForApproval | Reason::UnknownState);
        let began = view.happened_at(ours.updated_at);
        self.advance(phase, began.max(self.times.registered_at.unwrap_or(began)));
        self.reason = if is_step_back { running(self.phase) } else { reason };
        self.message = tell::underway(self, ours);
    }

    fn wait_or_cancel(&mut self, ours: &Deployment, until: Option<Timestamp>, view: &View, now: Timestamp) {
        self.adopt(ours, view);
        let at = view.snapshot.observed_at;
        if self.canceled_since.is_some() && until.is_some_and(|until| until <= at) {
            let message = tell::canceled(self, ours, view.stranger(ours));
            return self.decide(Verdict::Canceled, Reason::CanceledByProvider, message, now);
        }
        self.canceled_since.get_or_insert(at);
        self.phase = Phase::Queued;
        self.reason = Reason::CanceledWaiting;
        self.message = tell::canceled_waiting(self, ours);
    }

    fn skip(&mut self, ours: &Deployment, view: &View, now: Timestamp) {
        self.adopt(ours, view);
        let message = tell::skipped_by_provider(self, ours);
        self.decide(Verdict::Skipped, Reason::SkippedByProvider, message, now);
    }

    fn exclude(&mut self, why: &Exclusion, view: &View, now: Timestamp) {
        let (reason, message) = match why {
            Exclusion::Branch(deployed) => (Reason::BranchNotDeployed, tell::other_branches(self, view, deployed)),
            Exclusion::SwitchedOff => (Reason::DeployOnPushOff, tell::switched_off(self, view)),
            Exclusion::Frozen(why) => (Reason::AppPinned, tell::frozen(self, why)),
        };
        self.decide(Verdict::Skipped, reason, message, now);
    }

    fn fail(&mut self, ours: &Deployment, view: &View, now: Timestamp) {
        self.adopt(ours, view);
        let failure = if self.target.lead() == Source::Database {
            self.recorded(ours)
        } else {
            failure(ours, self.phase, LogState::Wanted(0))
        };
        // No time is noted: nobody saw a stage begin that is first heard of by its failure.
        self.phase = self.phase.max(failure.phase);
        self.decide(Verdict::Failed, failure.code, tell::failed(self, &failure), now);
        self.failure = Some(failure);
    }

    /// The team's own table says so, whatever the provider still does.
    pub(super) fn fail_by_record(&mut self, row: &Deployment, now: Timestamp) {
        let failure = self.recorded(row);
        self.phase = self.phase.max(Phase::Registering);
        self.decide(Verdict::Failed, failure.code, tell::recorded_failed(self, &failure.summary), now);
        self.failure = Some(failure);
    }

    /// A failure as the table tells of it; it has no log.
    fn recorded(&self, row: &Deployment) -> Failure {
        let phase = self.phase.clamp(Phase::Building, Phase::Deploying);
        let (code, summary) = (Reason::RecordedFailed, tell::summary(row));
        Failure { phase, code, summary, log: LogState::None, log_url: row.url.clone() }
    }

    /// What the service said was said of another deployment.
    fn forget_health(&mut self) {
        self.checks = None;
        self.served = None;
        self.serving = 0;
        self.times.ready_at = None;
        self.observations.retain(|seen| seen.source != Source::Health);
    }

    fn go_live(&mut self, ours: Option<&Deployment>, view: &View) {
        if let Some(ours) = ours {
            self.adopt(ours, view);
        }
        self.canceled_since = None;
        self.phase = self.phase.max(Phase::Verifying);
        let done = view.happened_at(ours.and_then(|ours| ours.updated_at));
        self.times.deployed_at.get_or_insert(done.max(self.times.registered_at.unwrap_or(done)));
    }

    fn follow(&mut self, newer: &Newer, view: &View, now: Timestamp) {
        if let Some(ours) = newer.ours {
            self.adopt(ours, view);
        }
        self.via = view.whole(newer.commit);
        self.through = Some(newer.commit.to_owned());
        let (verdict, reason, message) = match newer.fate {
            // Whether the newer one is well decides.
            Fate::Live => {
                self.phase = self.phase.max(Phase::Verifying);
                return;
            }
            Fate::Undecided => (Verdict::Superseded, Reason::NewerCommit, tell::superseded(self, newer.commit)),
            Fate::Failed(theirs) => {
                // Its log belongs to the newer commit's own watch.
                let failure = failure(theirs, self.phase, LogState::None);
                let message = tell::newer_failed(self, newer.commit, &failure);
                self.failure = Some(failure);
                (Verdict::Failed, Reason::NewerFailed, message)
            }
        };
        if self.verdict != Some(verdict) || self.message != message {
            self.decide(verdict, reason, message, now);
        }
    }

    /// Takes the deployment for ours. Where it is another one than before the provider tries again, and the way
    /// begins anew.
    fn adopt(&mut self, ours: &Deployment, view: &View) {
        // What was live without a deployment that is listed was another one.
        let is_other = |known: &DeploymentRef| known.id != ours.id;
        if self.deployment.as_ref().map_or(self.times.deployed_at.is_some(), is_other) {
            self.phase = Phase::Registering;
            self.canceled_since = None;
            self.times.building_at = None;
            self.times.deploying_at = None;
            self.times.deployed_at = None;
            self.is_overtaken = false;
            self.forget_health();
        }
        let mark = ours.commits.iter().find(|mark| view.is_of_commit(mark));
        self.deployment = Some(DeploymentRef {
            id: ours.id.clone(),
            url: ours.url.clone(),
            sha: mark.map(|mark| mark.sha.clone()),
            cause: ours.cause.as_str().to_owned(),
        });
        self.progress = ours.done_steps.map(|(done, total)| Progress {
            done,
            total,
            step: ours.step.as_deref().map(text::visible),
        });
        self.times.registered_at.get_or_insert(view.happened_at(ours.created_at));
    }

    /// It serves ours, and has not said so often enough.
    fn settle(&mut self) {
        self.phase = self.phase.max(Phase::Verifying);
        self.wait(Reason::NotServing);
        self.message = tell::settling(self, self.serving, SETTLED);
    }

    /// Goes on for this reason; a superseded course keeps its own.
    fn wait(&mut self, reason: Reason) {
        if self.verdict.is_none() {
            self.reason = reason;
        }
    }

    /// Moves on, never back.
    fn advance(&mut self, phase: Phase, at: Timestamp) {
        self.phase = self.phase.max(phase);
        match self.phase {
            Phase::Building => _ = self.times.building_at.get_or_insert(at),
            Phase::Deploying => _ = self.times.deploying_at.get_or_insert(at),
            Phase::Pushing | Phase::Registering | Phase::Queued | Phase::Verifying | Phase::Soaking => {}
        }
    }

    /// A good answer brought no news; what the user had to mend is mended.
    pub(super) fn resume(&mut self) {
        if self.needs_the_user() {
            self.reason = running(self.phase);
            self.message = tell::resumed(self);
        }
    }
}

/// Why a course that goes on stands in this phase.
pub(super) const fn running(phase: Phase) -> Reason {
    match phase {
        Phase::Pushing => Reason::PushRunning,
        Phase::Registering => Reason::WaitingForDeployment,
        Phase::Queued => Reason::DeployQueued,
        Phase::Building => Reason::BuildRunning,
        Phase::Deploying => Reason::DeployRunning,
        Phase::Verifying | Phase::Soaking => Reason::NotServing,
    }
}

/// What went wrong with a deployment that was seen this far.
fn failure(failed: &Deployment, seen: Phase, log: LogState) -> Failure {
    let in_build = failed.reason.as_ref().and_then(|reason| reason.in_build).unwrap_or(seen < Phase::Deploying);
    let (phase, code) =
        if in_build { (Phase::Building, Reason::BuildFailed) } else { (Phase::Deploying, Reason::DeployFailed) };
    Failure { phase, code, summary: tell::summary(failed), log, log_url: failed.url.clone() }
}
