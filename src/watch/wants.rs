//! What a watch wants to be told: questions of those who do the asking.

use super::{Course, Ending, Landing, Origin, TargetName, Verdict, Watch, ours};
use crate::base::Timestamp;

impl Watch {
    /// The course of a target.
    pub fn course(&self, target: &TargetName) -> Option<&Course> {
        self.courses.iter().find(|course| course.target.name == *target)
    }

    /// Something is to be done: look, check the landing, fetch a log, read the configuration again, and afterwards
    /// judge the deadlines with a tick.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next_look <= now
    }

    /// The landing is to be checked whenever the watch is due.
    pub fn wants_landing(&self) -> bool {
        !self.is_over() && matches!(self.landing, Landing::Unproven { .. })
    }

    /// It ended because the landing was disproven or never proven; a proof found later would reopen it.
    pub fn may_yet_land(&self) -> bool {
        !self.has_landed() && self.ending.as_ref().is_some_and(Ending::is_of_landing)
    }

    /// The configuration is to be read again whenever the watch is due: it has trouble with it or a credential.
    pub fn wants_configuration(&self) -> bool {
        !self.is_over() && (self.trouble.is_some() || self.courses.iter().any(Course::needs_the_user))
    }

    /// The provider is to be asked about this target now. While git is still pushing there is nothing to ask.
    pub fn wants_look(&self, target: &TargetName, now: Timestamp) -> bool {
        let is_pushing = matches!(self.landing, Landing::Unproven { git_gone: false });
        let is_wanted = |course: &Course| course.awaits_news() && course.next_look <= now;
        self.ending.is_none() && !is_pushing && self.course(target).is_some_and(is_wanted)
    }

    /// How far back the answer about this target should reach (the provider's clock); `None`: the newest page is
    /// enough. A tracked commit may have been deployed long ago, which is looked up once and again before
    /// `no_deploy`.
    pub fn back_to(&self, target: &TargetName, now: Timestamp) -> Option<Timestamp> {
        let course = self.course(target)?;
        let is_new = course.good_answer_at.is_none() || now >= self.register_by;
        let is_worth_paging = self.push.origin != Origin::Track || (is_new && course.deployment.is_none());
        is_worth_paging.then(|| ours::earliest(self))
    }

    /// What the app is (pinned, its branches) should be asked anew rather than remembered: nothing but that may
    /// explain why there is no deployment.
    pub fn wants_app_afresh(&self, target: &TargetName) -> bool {
        self.course(target).is_some_and(|course| course.verdict.is_none() && course.deployment.is_none())
    }
}

impl Course {
    /// Looks may still change something: undecided, or waiting for a newer commit.
    pub(super) fn awaits_news(&self) -> bool {
        !self.is_over() && matches!(self.verdict, None | Some(Verdict::Superseded))
    }

    /// The user has to mend something before this course can go on.
    pub(super) fn needs_the_user(&self) -> bool {
        self.verdict.is_none() && self.reason.needs_the_user()
    }
}
