//! What time alone decides, what sleep adds, and what the user ends.

use super::{Course, Rate, Reason, Verdict, Watch, schedule, tell};
use crate::base::{Span, Timestamp};

/// How much longer a commit soaks whose endpoints do not answer well in the end.
const MORE: Span = Span::from_secs(30);

impl Watch {
    /// Judges what time alone can decide. Who was due and did not answer is asked again later.
    pub(super) fn tick(&mut self, now: Timestamp) {
        if self.is_over() {
            return;
        }
        self.judge_landing(now);
        if self.ending.is_none() && now >= self.deadline {
            self.time_is_up(now);
        }
        for index in 0..self.courses.len() {
            let course = &self.courses[index];
            if course.soak_until.is_some_and(|until| until <= now) {
                // Nothing ends well in the middle of bad answers.
                let is_ill = course.checks.as_ref().is_some_and(|checks| checks.bad > 0) && now < self.deadline;
                self.courses[index].soak_until = is_ill.then(|| now + self.policy.pace.of(MORE));
                self.put_off(index, now);
            } else if !course.is_over() {
                self.put_off(index, now);
            }
        }
    }

    /// Time alone may change something now. Only right after another fact of this very moment a `false` means that
    /// [`super::Input::Tick`] changes nothing: each fact takes back what a clock that was set back has put too far ahead.
    pub fn is_moved_by_time(&self, now: Timestamp) -> bool {
        let is_due = |course: &Course| {
            let table = course.wants_table().then_some(course.table.next_look);
            let round = course.checks.as_ref().map(|checks| checks.next_round);
            let looks = [Some(course.lead.next_look), table, round];
            !course.is_over() && looks.into_iter().flatten().any(|at| at <= now)
        };
        let is_moved = |course: &Course| course.soak_until.is_some_and(|until| until <= now) || is_due(course);
        let is_unsettled = !self.has_landed() || self.courses.is_empty() || now >= self.deadline;
        !self.is_over() && (is_unsettled || self.courses.iter().any(is_moved))
    }

    /// Plans anew what was due and brought nothing.
    fn put_off(&mut self, index: usize, now: Timestamp) {
        let course = &self.courses[index];
        let lead = match course.wanted_log() {
            Some(tries) => schedule::after_log(self, tries, now),
            None => schedule::after_answer(self, course, &Rate::default(), now),
        };
        let (record, round) = (schedule::after_record(self, course, now), schedule::after_round(self, course, now));
        let wants_table = course.wants_table();
        let course = &mut self.courses[index];
        let table = Some(&mut course.table.next_look).filter(|_| wants_table);
        let checks = course.checks.as_mut().map(|checks| &mut checks.next_round);
        let plans = [(Some(&mut course.lead.next_look), lead), (table, record), (checks, round)];
        for (planned, anew) in plans.into_iter().filter_map(|(planned, anew)| Some((planned?, anew))) {
            if *planned <= now {
                *planned = anew;
            }
        }
    }

    /// Adds time asleep to every limit, and has everything looked at before any is judged.
    pub(super) fn slept(&mut self, span: Span, now: Timestamp) {
        if self.is_over() || span <= Span::ZERO {
            return;
        }
        self.deadline += span;
        self.register_by += span;
        self.slept += span;
        for course in self.courses.iter_mut().filter(|course| !course.is_over()) {
            course.canceled_since = course.canceled_since.map(|since| since + span);
            course.soak_until = course.soak_until.map(|until| until + span);
            course.lead.next_look = now;
            course.table.next_look = now;
            if let Some(checks) = &mut course.checks {
                checks.by += span;
                checks.next_round = now;
                (checks.good, checks.bad, checks.bad_since) = (0, 0, None);
            }
        }
    }

    /// Ends what is not decided, and waits no longer for what only follows.
    pub(super) fn stop(&mut self, now: Timestamp) {
        if self.is_over() {
            return;
        }
        if self.courses.is_empty() {
            return self.end(Verdict::Stopped, Reason::StoppedByUser, tell::stopped(), now);
        }
        for course in self.courses.iter_mut().filter(|course| !course.is_over()) {
            match course.verdict {
                Some(_) => course.let_go(),
                None => course.decide(Verdict::Stopped, Reason::StoppedByUser, tell::stopped(), now),
            }
        }
    }

    /// Brings back what only a clock that was set back can have put so far ahead.
    pub(super) fn keep_in_reach(&mut self, now: Timestamp) {
        if self.is_over() {
            return;
        }
        let soak = |course: &Course| course.soak_until.and(course.target.health.as_ref()).map(|health| health.soak);
        let soak = self.courses.iter().filter_map(soak).max().unwrap_or(Span::ZERO);
        self.deadline = self.deadline.min(now + self.policy.timeout.max(soak));
        self.register_by = self.register_by.min(now + self.policy.register_timeout);
        let latest = schedule::latest(self, now);
        for course in self.courses.iter_mut().filter(|course| !course.is_over()) {
            course.lead.next_look = course.lead.next_look.min(latest);
            course.table.next_look = course.table.next_look.min(latest);
            let health = course.target.health.as_ref();
            let (within, soak) = health.map_or((Span::ZERO, Span::ZERO), |health| (health.within, health.soak));
            course.soak_until = course.soak_until.map(|until| until.min(now + soak.max(MORE)));
            if let Some(checks) = &mut course.checks {
                checks.next_round = checks.next_round.min(latest);
                checks.by = checks.by.min(now + within);
            }
        }
    }

    fn time_is_up(&mut self, now: Timestamp) {
        if let Some((reason, message)) = self.trouble.clone() {
            return self.end(Verdict::Unobservable, reason, message, now);
        }
        let watched = now.since(self.started_at);
        let heard_since = self.deadline - self.policy.register_timeout;
        let is_pushing = !self.has_landed();
        for course in self.courses.iter_mut().filter(|course| !course.is_over()) {
            let is_heard = is_pushing || course.last_heard().is_some_and(|at| at >= heard_since);
            match course.verdict {
                Some(_) => course.let_go(),
                None if is_heard => {
                    let message = tell::timeout(course, watched);
                    course.decide(Verdict::Timeout, Reason::TimeUp, message, now);
                }
                None => course.give_up_unheard(now),
            }
        }
    }
}

impl Course {
    /// Decided, and followed no further.
    fn let_go(&mut self) {
        self.given_up = true;
        self.soak_until = None;
    }

    /// The last good answer of a source that tells how the deployment stands.
    fn last_heard(&self) -> Option<Timestamp> {
        self.lead.good_answer_at.max(self.table.good_answer_at)
    }

    /// For the last `register_timeout` before the deadline nothing was heard, so what we saw before may be long
    /// outdated.
    fn give_up_unheard(&mut self, now: Timestamp) {
        let reason = if self.reason.needs_the_user() { self.reason } else { self.lead.miss.unwrap_or(Reason::TimeUp) };
        self.decide(Verdict::Unobservable, reason, tell::unobservable(self), now);
    }
}
