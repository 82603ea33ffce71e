//! How a watch begins, and how it begins anew once its configuration has been mended.

use std::path::PathBuf;
use std::sync::Arc;

use super::{
    Course, Landing, Origin, Policy, Proof, Push, Reason, Step, Target, Verdict, Warning, Watch, happened, tell,
};
use crate::base::{Boot, Span, Timestamp};
use crate::insight::Habits;
use crate::push::{RequestId, Sha};

/// Nothing is watched longer than this.
const LONGEST: Span = Span::from_hours(24);

/// The push or the wish a watch comes of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The request's id.
    pub id: RequestId,
    /// The commit.
    pub sha: Sha,
    /// 1 for the first push of this commit, one more for each later one after a verdict.
    pub attempt: u32,
    /// The push. One known from the reflog has landed; any other has to be proven.
    pub push: Push,
    /// The commit's subject line, inert.
    pub subject: Option<String>,
    /// Where the push was made.
    pub worktree: Option<PathBuf>,
    /// The machine's start by the clock the push was noted with.
    pub boot: Option<Boot>,
}

/// What the configuration has in mind for a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where to.
    pub aim: Aim,
    /// The limits; the timeout counts as 24 hours at most.
    pub policy: Policy,
    /// What the user should know of the configuration.
    pub warnings: Vec<Warning>,
}

/// Where a push is to be deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aim {
    /// To these targets, in the order of the configuration.
    Targets(Vec<Aimed>),
    /// Nowhere: the branch belongs to no target.
    Nowhere,
    /// The configuration does not tell: why, and a sentence that says what to do.
    Trouble(Reason, String),
}

/// A target of the push's branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aimed {
    /// The target.
    pub target: Target,
    /// The push touches none of the target's paths, so it is not deployed there.
    pub untouched: bool,
    /// How deployments of the target went so far.
    pub habits: Habits,
}

impl Watch {
    /// A new watch and the first lines of its timeline.
    pub fn begin(beginning: Beginning, plan: Plan, now: Timestamp) -> Step {
        let Beginning { id, sha, attempt, push, subject, worktree, boot } = beginning;
        let policy = within_limits(&plan.policy);
        let landing = match push.origin {
            Origin::Reflog => Landing::Landed { at: now, by: Proof::TrackingRef },
            Origin::Hook | Origin::Track => Landing::Unproven { git_gone: push.git.is_none() },
        };
        let mut watch = Self {
            id,
            sha,
            attempt,
            subject: subject.map(Arc::from),
            worktree,
            landing,
            courses: Vec::new(),
            ending: None,
            trouble: None,
            started_at: now,
            boot,
            register_by: push.at + policy.register_timeout,
            deadline: now + policy.timeout,
            next_look: now,
            slept: Span::ZERO,
            warnings: plan.warnings,
            policy,
            revision: 1,
            push: Arc::new(push),
        };
        watch.aim_at(plan.aim, now);
        if watch.is_over() {
            watch.next_look = Timestamp::NEVER;
        }
        let happened = happened::beginning(&watch, now);
        Step { watch, happened }
    }

    /// Takes in a configuration that was read anew, as far as there was trouble: the whole of it where there were no
    /// targets, else only the targets that wait for the user.
    pub(super) fn configured(&mut self, plan: Plan, now: Timestamp) {
        if self.is_over() {
            return;
        }
        if self.trouble.is_some() {
            let policy = within_limits(&plan.policy);
            self.deadline += policy.timeout - self.policy.timeout;
            self.register_by += policy.register_timeout - self.policy.register_timeout;
            self.policy = policy;
            plan.warnings.into_iter().for_each(|warning| self.warn(warning));
            return self.aim_at(plan.aim, now);
        }
        let Aim::Targets(targets) = plan.aim else { return };
        for aimed in targets {
            let is_mended =
                |c: &Course| c.needs_the_user() && c.target.name == aimed.target.name && *c.target != aimed.target;
            if let Some(index) = self.courses.iter().position(is_mended) {
                self.courses[index] = self.course_to(aimed, now);
            }
        }
    }

    /// Takes up the targets, or the reason why there are none.
    fn aim_at(&mut self, aim: Aim, now: Timestamp) {
        self.trouble = None;
        match aim {
            Aim::Targets(targets) if !targets.is_empty() => {
                self.courses = targets.into_iter().map(|aimed| self.course_to(aimed, now)).collect();
            }
            Aim::Targets(_) | Aim::Nowhere => {
                let message = tell::branch_not_deployed(&self.push);
                self.end(Verdict::Skipped, Reason::BranchNotDeployed, message, now);
            }
            Aim::Trouble(reason, message) => self.trouble = Some((reason, message)),
        }
    }

    fn course_to(&self, aimed: Aimed, now: Timestamp) -> Course {
        let mut course = Course::new(aimed.target, Some(self.push.at));
        course.lead.next_look = now;
        course.habits = aimed.habits;
        if aimed.untouched {
            course.decide(Verdict::Skipped, Reason::PathsUntouched, tell::paths_untouched(&course), now);
        } else if self.has_landed() {
            course.await_deployment(now);
        } else if self.is_git_gone() {
            course.await_proof(now);
        }
        course
    }
}

fn within_limits(policy: &Policy) -> Policy {
    Policy { timeout: policy.timeout.min(LONGEST), ..policy.clone() }
}
