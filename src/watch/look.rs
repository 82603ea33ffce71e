//! A look came back: what the provider said of a target, or why it said nothing.

use super::judge::judge;
use super::ours::View;
use super::{
    Course, LogState, Misheard, Miss, Observation, Proof, Rate, Reason, Snapshot, Source, TargetName, Verdict, Warning,
    Watch, schedule, tell,
};
use crate::base::{Timestamp, text};

/// A look that began before the user stopped the watch does not undo that.
fn is_outrun_by_a_stop(course: &Course, snapshot: &Snapshot) -> bool {
    let began = snapshot.observed_at - snapshot.latency;
    course.verdict == Some(Verdict::Stopped) && course.times.decided_at.is_some_and(|decided| began < decided)
}

/// Something newer was seen before. (What was seen after now was seen before the clock was set back.)
fn is_late(course: &Course, snapshot: &Snapshot, now: Timestamp) -> bool {
    let newest = course.observations.iter().map(|observation| observation.observed_at).max();
    newest.is_some_and(|newest| snapshot.observed_at < newest && newest <= now)
}

impl Watch {
    /// Takes in a good answer.
    pub(super) fn looked(&mut self, target: &TargetName, view: &View, now: Timestamp) {
        let Some(index) = self.courses.iter().position(|course| course.target.name == *target) else { return };
        let snapshot = view.snapshot;
        let course = &mut self.courses[index];
        if is_late(course, snapshot, now) || is_outrun_by_a_stop(course, snapshot) {
            return;
        }
        // Also where it changes nothing else: who has the sources asked sees that they have answered.
        course.note_answer(view);
        if course.verdict.is_some_and(Verdict::is_by_evidence) {
            return;
        }
        if view.proves_the_landing() {
            self.land(Proof::Deployment, now);
        }
        if self.ending.is_some() {
            return;
        }
        for remark in &snapshot.remarks {
            self.warn(Warning { code: "provider_remark".to_owned(), message: text::visible(remark) });
        }
        if self.has_landed() {
            let judgement = judge(view, &self.courses[index]);
            self.take_in(index, &judgement, view, now);
        } else {
            self.courses[index].resume();
        }
        self.plan_look(index, &snapshot.rate, now);
    }

    /// Takes in that a look brought nothing.
    pub(super) fn missed(&mut self, target: &TargetName, why: &Miss, now: Timestamp) {
        let Some(index) = self.courses.iter().position(|course| course.target.name == *target) else { return };
        if self.ending.is_some() || !self.courses[index].awaits_news() {
            return;
        }
        self.courses[index].note_miss(why, now);
        let until = match why {
            Miss::Misheard(Misheard::Throttled { until }) => *until,
            Miss::NoAnswer(_) | Miss::Misheard(_) | Miss::NoCredential(_) => None,
        };
        self.courses[index].next_look = schedule::after_miss(self, &self.courses[index], until, now);
    }

    /// Takes in what became of a failed deployment's log.
    pub(super) fn logged(&mut self, target: &TargetName, log: LogState, now: Timestamp) {
        let Some(index) = self.courses.iter().position(|course| course.target.name == *target) else { return };
        let (log, next_look) = match log {
            LogState::Wanted(tries) if tries < schedule::LOG_TRIES => (log, schedule::after_log(self, tries, now)),
            LogState::Wanted(_) => (LogState::None, Timestamp::NEVER),
            LogState::Saved(_) | LogState::None => (log, Timestamp::NEVER),
        };
        let course = &mut self.courses[index];
        if let Some(failure) = course.failure.as_mut().filter(|failure| matches!(failure.log, LogState::Wanted(_))) {
            failure.log = log;
            course.next_look = next_look;
        }
    }

    /// Adds a warning, unless the watch has it.
    pub(super) fn warn(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Plans the next look after a good answer.
    fn plan_look(&mut self, index: usize, rate: &Rate, now: Timestamp) {
        let course = &self.courses[index];
        self.courses[index].next_look = if course.awaits_news() {
            schedule::after_answer(self, course, rate, now)
        } else if course.wanted_log().is_some() {
            now
        } else {
            Timestamp::NEVER
        };
    }
}

impl Course {
    fn note_answer(&mut self, view: &View) {
        let snapshot = view.snapshot;
        self.good_answer_at = Some(snapshot.observed_at);
        self.misses = 0;
        self.miss = None;
        self.observe(Observation {
            source: Source::Provider,
            ok: true,
            value: view.ours().next().map(|ours| text::visible(&ours.raw_state)),
            observed_at: snapshot.observed_at,
            latency: Some(snapshot.latency),
            error: None,
        });
    }

    fn note_miss(&mut self, why: &Miss, now: Timestamp) {
        let reason = reason(why);
        let error = tell::miss(self, why);
        self.misses += 1;
        self.miss = Some(reason);
        if self.verdict.is_none() && reason.needs_the_user() {
            self.reason = reason;
            self.message.clone_from(&error);
        }
        // The last word of the provider stays beside the error: it is still the newest that is known.
        let value = self.observations.iter().find(|o| o.source == Source::Provider).and_then(|o| o.value.clone());
        let source = Source::Provider;
        self.observe(Observation { source, ok: false, value, observed_at: now, latency: None, error: Some(error) });
    }

    fn observe(&mut self, observation: Observation) {
        self.observations.retain(|known| known.source != observation.source);
        self.observations.push(observation);
    }
}

const fn reason(why: &Miss) -> Reason {
    match why {
        Miss::NoCredential(_) => Reason::CredentialsMissing,
        Miss::Misheard(Misheard::Denied(_) | Misheard::Forbidden(_)) => Reason::CredentialsRefused,
        Miss::Misheard(Misheard::NotFound(_)) => Reason::AppNotFound,
        Miss::Misheard(Misheard::Throttled { .. }) => Reason::Quota,
        Miss::NoAnswer(_) | Miss::Misheard(Misheard::Down(_) | Misheard::Garbled(_)) => Reason::Network,
    }
}
