//! What a watch wants to be told: questions of those who do the asking.

use super::{Course, Ending, Landing, Origin, Source, TargetName, Verdict, Watch, ours};
use crate::base::Timestamp;

impl Watch {
    /// The course of a target.
    pub fn course(&self, target: &TargetName) -> Option<&Course> {
        self.index_of(target).map(|index| &self.courses[index])
    }

    /// Where the course of a target stands in the list.
    pub(super) fn index_of(&self, target: &TargetName) -> Option<usize> {
        self.courses.iter().position(|course| course.target.name == *target)
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

    /// It has trouble with the configuration or a credential, and is to be told when either may have been mended.
    pub fn wants_configuration(&self) -> bool {
        !self.is_over() && (self.trouble.is_some() || self.courses.iter().any(Course::needs_the_user))
    }

    /// The configuration is to be read again before what it has trouble with is tried again.
    pub fn is_configuration_due(&self, now: Timestamp) -> bool {
        let is_tried = |course: &Course| course.needs_the_user() && course.lead.next_look <= now;
        let is_due = (self.trouble.is_some() && self.is_due(now)) || self.courses.iter().any(is_tried);
        !self.is_over() && is_due
    }

    /// When something ends by time alone: the watch, or the soaking of one of its courses. `None` once it is over.
    pub fn limit(&self) -> Option<Timestamp> {
        let soaks = self.courses.iter().filter_map(|course| course.soak_until);
        (!self.is_over()).then(|| soaks.fold(self.deadline, Timestamp::min))
    }

    /// This source is to be asked about a course now.
    pub fn wants_look(&self, course: &Course, source: Source, now: Timestamp) -> bool {
        self.may_be_looked_at() && course.next_look_at(source).is_some_and(|at| at <= now)
    }

    /// Sources can tell something: the push has not ended otherwise, and git is no longer at it.
    pub fn may_be_looked_at(&self) -> bool {
        self.ending.is_none() && !matches!(self.landing, Landing::Unproven { git_gone: false })
    }

    /// How far back the answer about a course should reach (the provider's clock); `None`: the newest page is enough. A
    /// tracked commit may have been deployed long ago, which is looked up once and again before `no_deploy`.
    pub fn back_to(&self, course: &Course, now: Timestamp) -> Option<Timestamp> {
        let is_new = course.lead.good_answer_at.is_none() || now >= self.register_by;
        let is_worth_paging = self.push.origin != Origin::Track || (is_new && course.deployment.is_none());
        is_worth_paging.then(|| ours::earliest(self))
    }

    /// What the app of a course is (pinned, its branches) should be asked anew rather than remembered: nothing but that
    /// may explain why there is no deployment. That is so at the first look, because the app may have been pinned or
    /// freed since, and when a missing deployment is judged.
    pub fn wants_app_afresh(&self, course: &Course, now: Timestamp) -> bool {
        let is_unexplained = course.verdict.is_none() && course.deployment.is_none();
        is_unexplained && (course.lead.good_answer_at.is_none() || now >= self.register_by)
    }
}

impl Course {
    /// Looks may still change something: undecided, waiting for a newer commit, or soaking.
    pub(super) fn awaits_news(&self) -> bool {
        !self.is_over() && (matches!(self.verdict, None | Some(Verdict::Superseded)) || self.is_soaking())
    }

    /// The deployments table beside a provider is to be read.
    pub(super) fn wants_table(&self) -> bool {
        let is_open = self.verdict.is_none() || self.is_soaking();
        self.target.second().is_some() && is_open && !self.is_over()
    }

    /// Every source that can be asked about it, due or not; the table comes first.
    pub fn sources(&self) -> impl Iterator<Item = Source> {
        Source::ALL.into_iter().filter(|source| self.has_source(*source))
    }

    /// This source can be asked about it, due or not.
    pub fn has_source(&self, source: Source) -> bool {
        match source {
            Source::Health => self.is_checked(),
            Source::Provider | Source::Database => source == self.target.lead() || self.target.second().is_some(),
        }
    }

    /// What this source has said before need not be said again yet: a newer commit took over, so that all that can be
    /// news is how that one goes on, and more than a third of the time until the next look is left. (Whose look is nearer
    /// than that is spared it.)
    pub fn can_wait(&self, source: Source, now: Timestamp) -> bool {
        let can = |next: Timestamp| {
            let last = self.lead.good_answer_at.unwrap_or(next);
            next > now && next.since(now) > next.since(last).scaled(1, 3)
        };
        self.verdict == Some(Verdict::Superseded) && self.next_look_at(source).is_none_or(can)
    }

    /// When this source is to be asked next; `None` where nothing is wanted of it.
    pub fn next_look_at(&self, source: Source) -> Option<Timestamp> {
        match source {
            source if source == self.target.lead() => self.awaits_news().then_some(self.lead.next_look),
            Source::Health => self.checks.as_ref().filter(|_| self.is_checked()).map(|checks| checks.next_round),
            Source::Provider | Source::Database => self.wants_table().then_some(self.table.next_look),
        }
    }

    /// The user has to mend something before this course can go on.
    pub(super) fn needs_the_user(&self) -> bool {
        self.verdict.is_none() && self.reason.needs_the_user()
    }
}
