//! Whether the push got there, and what follows from it.

use super::{Course, Ending, Landing, LandingSeen, Origin, Phase, Proof, Reason, Verdict, Watch, tell};
use crate::base::Timestamp;

impl Watch {
    /// Takes in what was found out about the landing. What is proven stays proven.
    pub(super) fn landing_seen(&mut self, seen: LandingSeen, now: Timestamp) {
        match seen {
            LandingSeen::Proven(by) => self.land(by, now),
            LandingSeen::Disproven(reason) => self.not_pushed(reason, now),
            LandingSeen::GitGone => self.git_gone(now),
        }
    }

    /// The push is proven, which also takes back that it was given up.
    pub(super) fn land(&mut self, by: Proof, now: Timestamp) {
        if self.has_landed() {
            return;
        }
        self.landing = Landing::Landed { at: now, by };
        // A push that took long has its whole time to register.
        let landed = if self.push.origin == Origin::Hook { now } else { self.push.at };
        self.register_by = self.register_by.max(landed + self.policy.register_timeout);
        if self.ending.as_ref().is_some_and(Ending::is_of_landing) {
            self.ending = None;
            self.renew_deadline(now);
        }
        for course in &mut self.courses {
            course.await_deployment(now);
        }
    }

    fn not_pushed(&mut self, reason: Reason, now: Timestamp) {
        let is_open = self.ending.as_ref().is_none_or(|ending| ending.reason == Reason::LandingUnknown);
        if self.has_landed() || !is_open {
            return;
        }
        self.landing = Landing::NotLanded;
        // Where the user only asked for the commit, there was no push the remote could have refused.
        let was_asked_for = self.push.origin == Origin::Track;
        let reason = if was_asked_for && reason == Reason::Rejected { Reason::NotOnRemote } else { reason };
        self.end(Verdict::NotPushed, reason, tell::not_pushed(self, reason), now);
    }

    /// From its end on a push has its time to show up, however long it took; the provider is asked as well.
    fn git_gone(&mut self, now: Timestamp) {
        if self.landing != (Landing::Unproven { git_gone: false }) {
            return;
        }
        self.landing = Landing::Unproven { git_gone: true };
        self.register_by = self.register_by.max(now + self.policy.register_timeout);
        for course in &mut self.courses {
            course.await_proof(now);
        }
    }

    /// Gives up on the landing once its time is over. A git that still runs may push for as long as it takes.
    pub(super) fn judge_landing(&mut self, now: Timestamp) {
        let is_time_over = now >= self.register_by.min(self.deadline);
        if self.ending.is_none() && self.is_git_gone() && is_time_over {
            self.end(Verdict::Unobservable, Reason::LandingUnknown, tell::landing_unknown(self), now);
        }
    }

    pub(super) fn end(&mut self, verdict: Verdict, reason: Reason, message: String, now: Timestamp) {
        self.ending = Some(Ending { verdict, reason, message, at: now });
    }
}

impl Ending {
    /// Given for want of a proof of the landing.
    pub(super) fn is_of_landing(&self) -> bool {
        self.verdict == Verdict::NotPushed || self.reason == Reason::LandingUnknown
    }
}

impl Course {
    /// The push is proven: from now on a deployment is waited for.
    pub(super) fn await_deployment(&mut self, now: Timestamp) {
        if self.verdict.is_none() && self.phase == Phase::Pushing {
            self.phase = Phase::Registering;
            self.reason = Reason::WaitingForDeployment;
            self.message = tell::waiting_for_deployment(self);
            self.lead.next_look = now;
        }
    }

    /// The pushing git has ended, or was never seen: its push has to be proven.
    pub(super) fn await_proof(&mut self, now: Timestamp) {
        if self.verdict.is_none() {
            self.reason = Reason::LandingUnknown;
            self.message = tell::unproven();
            self.lead.next_look = now;
        }
    }
}
