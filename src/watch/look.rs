//! A look came back: what a source said of a target, or why it said nothing.

use super::checks::SETTLED;
use super::judge::{Judgement, judge};
use super::ours::View;
use super::{
    Course, LogState, Misheard, Miss, Observation, Origin, Proof, Rate, Reason, Record, Snapshot, Source, State,
    TargetName, Verdict, Warning, Watch, schedule, tell,
};
use crate::base::{Timestamp, text};

/// A look that began before the user stopped the watch does not undo that.
fn is_outrun_by_a_stop(course: &Course, snapshot: &Snapshot) -> bool {
    let began = snapshot.observed_at - snapshot.latency;
    course.verdict == Some(Verdict::Stopped) && course.times.decided_at.is_some_and(|decided| began < decided)
}

/// The source said something newer before. (What was seen after now was seen before the clock was set back.)
fn is_late(course: &Course, source: Source, snapshot: &Snapshot, now: Timestamp) -> bool {
    let of_source = |seen: &&Observation| seen.source == source;
    let newest = course.observations.iter().find(of_source).map(|observation| observation.observed_at);
    newest.is_some_and(|newest| snapshot.observed_at < newest && newest <= now)
}

impl Watch {
    /// Takes in a good answer of the source that leads.
    pub(super) fn looked(&mut self, target: &TargetName, view: &View, now: Timestamp) {
        let Some(index) = self.index_of(target) else { return };
        let snapshot = view.snapshot;
        let course = &mut self.courses[index];
        let lead = course.target.lead();
        if is_late(course, lead, snapshot, now) || is_outrun_by_a_stop(course, snapshot) {
            return;
        }
        let is_heard_anew = course.lead.good_answer_at != Some(snapshot.observed_at);
        // Also where it changes nothing else: who has the sources asked sees that they have answered.
        course.lead.answered(snapshot.observed_at);
        course.observe(reading(lead, view));
        course.lead.not_before = snapshot.rate.not_before;
        if course.is_soaking() {
            course.note_overtaking(view);
            if is_heard_anew {
                self.look_back(index, view, now);
            }
            return self.plan_look(index, &snapshot.rate, now);
        }
        if course.verdict.is_some_and(Verdict::is_by_evidence) {
            return;
        }
        if view.proves_the_landing() {
            self.land(Proof::Deployment, now);
        }
        if self.ending.is_some() {
            return;
        }
        self.remark("provider_remark", snapshot);
        if self.has_landed() {
            let judgement = judge(view, &self.courses[index]);
            if is_heard_anew {
                self.courses[index].count_serving(&judgement, view);
            }
            self.take_in(index, &judgement, view, now);
            self.courses[index].note_overtaking(view);
        } else {
            self.courses[index].resume();
        }
        self.judge_record(index, now);
        self.plan_look(index, &snapshot.rate, now);
    }

    /// Takes in what the deployments table beside a provider says: a failure dated after the push decides, unless the
    /// provider has said before that the deployment is done.
    pub(super) fn recorded(&mut self, target: &TargetName, view: &View, now: Timestamp) {
        let Some(index) = self.index_of(target) else { return };
        let snapshot = view.snapshot;
        let course = &mut self.courses[index];
        if is_late(course, Source::Database, snapshot, now) || is_outrun_by_a_stop(course, snapshot) {
            return;
        }
        course.table.answered(snapshot.observed_at);
        course.observe(reading(Source::Database, view));
        if self.ending.is_some() {
            return;
        }
        let row = view.ours().next().filter(|row| row.state == State::Failed && row.created_at.is_some());
        let known = course.record.take();
        course.record = row.map(|row| {
            let known = known.filter(|known| known.row.id == row.id);
            let since = known.map_or(snapshot.observed_at, |known| known.since);
            Box::new(Record { row: row.clone(), since })
        });
        self.remark("database_remark", snapshot);
        self.judge_record(index, now);
        self.courses[index].table.next_look = schedule::after_record(self, &self.courses[index], now);
    }

    /// A failed row decides once the provider was asked, too, so that it does not matter who answers first: one that
    /// says that the commit is live outranks it, any other word or silence does not. An older push that is followed
    /// once more may have failed before.
    fn judge_record(&mut self, index: usize, now: Timestamp) {
        let is_retry = self.attempt > 1 && self.push.origin == Origin::Track;
        let counts = self.has_landed() && self.ending.is_none() && !is_retry;
        let course = &self.courses[index];
        let Some(record) = course.record.clone().filter(|_| counts) else { return };
        let lead = course.observations.iter().find(|seen| seen.source == course.target.lead());
        let is_heard = course.lead.misses > 0 || lead.is_some_and(|seen| seen.observed_at >= record.since);
        let is_open = course.verdict.is_none_or(|verdict| !verdict.is_by_evidence() && verdict != Verdict::Superseded);
        if !is_open || course.times.deployed_at.is_some() {
            return;
        }
        if !is_heard {
            return self.courses[index].lead.hurry(now);
        }
        if course.verdict.is_some() {
            self.reopen(index, now);
        }
        self.courses[index].fail_by_record(&record.row, now);
    }

    /// Takes in that a look at a source brought nothing.
    pub(super) fn missed(&mut self, target: &TargetName, source: Source, why: &Miss, now: Timestamp) {
        let Some(index) = self.index_of(target) else { return };
        if self.ending.is_some() || !self.courses[index].awaits_news() {
            return;
        }
        let course = &mut self.courses[index];
        let is_lead = source == course.target.lead();
        course.note_miss(source, is_lead, why, now);
        let until = match why {
            Miss::Misheard(Misheard::Throttled { until }) => *until,
            Miss::NoAnswer(_) | Miss::Misheard(_) | Miss::NoCredential(_) => None,
        };
        let course = &self.courses[index];
        let sight = if is_lead { &course.lead } else { &course.table };
        let next = schedule::after_miss(self, course, sight, why, until, now);
        let course = &mut self.courses[index];
        let sight = if is_lead { &mut course.lead } else { &mut course.table };
        (sight.next_look, sight.not_before) = (next, until);
        self.judge_record(index, now);
    }

    /// Takes in what became of a failed deployment's log.
    pub(super) fn logged(&mut self, target: &TargetName, log: LogState, now: Timestamp) {
        let Some(index) = self.index_of(target) else { return };
        let (log, next_look) = match log {
            LogState::Wanted(tries) if tries < schedule::LOG_TRIES => (log, schedule::after_log(self, tries, now)),
            LogState::Wanted(_) => (LogState::None, Timestamp::NEVER),
            LogState::Saved(_) | LogState::None => (log, Timestamp::NEVER),
        };
        let course = &mut self.courses[index];
        if let Some(failure) = course.failure.as_mut().filter(|failure| matches!(failure.log, LogState::Wanted(_))) {
            failure.log = log;
            course.lead.next_look = next_look;
        }
    }

    /// Adds a warning, unless the watch has it.
    pub(super) fn warn(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    fn remark(&mut self, code: &str, snapshot: &Snapshot) {
        for remark in &snapshot.remarks {
            self.warn(Warning { code: code.to_owned(), message: text::visible(remark) });
        }
    }

    /// While it soaks only one thing counts: whether an older commit went live again.
    fn look_back(&mut self, index: usize, view: &View, now: Timestamp) {
        let course = &mut self.courses[index];
        let ours = course.deployment.as_ref().map(|deployment| deployment.id.as_str());
        let Some(older) = view.gone_back_to(ours) else {
            course.serving = 0;
            if course.is_overtaken {
                // The newer commit is looked after by its own watch.
                course.soak_until = None;
            }
            return;
        };
        // The count now is of looks that found the older one.
        course.serving += 1;
        if !view.tells_only_what_serves() || course.serving >= SETTLED {
            let message = tell::rolled_back(course, older);
            course.soak_until = None;
            course.decide(Verdict::RolledBack, Reason::OlderLiveAgain, message, now);
        }
    }

    /// Plans the next look after a good answer.
    fn plan_look(&mut self, index: usize, rate: &Rate, now: Timestamp) {
        let course = &self.courses[index];
        self.courses[index].lead.next_look = if course.awaits_news() {
            schedule::after_answer(self, course, rate, now)
        } else if course.wanted_log().is_some() {
            now
        } else {
            Timestamp::NEVER
        };
    }
}

/// What a good answer says, for readers.
fn reading(source: Source, view: &View) -> Observation {
    let served = || view.unlisted_live().and_then(|live| live.commits.first()).map(|mark| mark.sha.as_str());
    let word = view.ours().next().map(|ours| ours.raw_state.as_str()).or_else(served);
    Observation {
        source,
        ok: true,
        value: word.map(text::visible),
        claim: view.claim(),
        observed_at: view.snapshot.observed_at,
        latency: Some(view.snapshot.latency),
        error: None,
    }
}

impl Course {
    fn count_serving(&mut self, judgement: &Judgement, view: &View) {
        self.serving = if judgement.is_live() && view.tells_only_what_serves() { self.serving + 1 } else { 0 };
    }

    fn note_overtaking(&mut self, view: &View) {
        self.is_overtaken = view.is_overtaken(self.deployment.as_ref().map(|deployment| deployment.id.as_str()));
    }

    fn note_miss(&mut self, source: Source, is_lead: bool, why: &Miss, now: Timestamp) {
        let reason = reason(why);
        let error = tell::miss(self, source, why);
        if is_lead {
            self.lead.missed(reason);
            if self.verdict.is_none() && reason.needs_the_user() {
                self.reason = reason;
                self.message.clone_from(&error);
            }
        } else {
            self.table.missed(reason);
        }
        // The last word of the source stays beside the error: it is still the newest that is known.
        let known = self.observations.iter().find(|known| known.source == source);
        let (value, claim) = known.map(|known| (known.value.clone(), known.claim)).unwrap_or_default();
        let (ok, latency, error) = (false, None, Some(error));
        self.observe(Observation { source, ok, value, claim, observed_at: now, latency, error });
    }
}

const fn reason(why: &Miss) -> Reason {
    match why {
        Miss::NoCredential(_) => Reason::CredentialsMissing,
        Miss::Misheard(Misheard::Denied(_) | Misheard::Forbidden(_)) => Reason::CredentialsRefused,
        Miss::Misheard(Misheard::NotFound(_)) => Reason::AppNotFound,
        Miss::Misheard(Misheard::Misconfigured(_)) => Reason::ConfigInvalid,
        Miss::Misheard(Misheard::Throttled { .. }) => Reason::Quota,
        Miss::NoAnswer(_) | Miss::Misheard(Misheard::Down(_) | Misheard::Garbled(_)) => Reason::Network,
    }
}
