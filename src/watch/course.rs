//! A watch and its courses: everything known of one attempt of one commit.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Checks, Deployment, Observation, Phase, Policy, Reason, Served, Sight, Target, Verdict, tell};
use crate::base::{Boot, Span, Timestamp};
use crate::insight::Habits;
use crate::push::{GitProcess, RefName, RemoteName, RequestId, Sha};

/// One attempt of one commit, followed on all the targets its branch deploys to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The id of the request it came of, so that a request taken twice makes one watch.
    pub id: RequestId,
    /// The commit.
    pub sha: Sha,
    /// 1 for the first push of this commit, one more for each later one after a verdict.
    pub attempt: u32,
    /// The push.
    pub push: Arc<Push>,
    /// The commit's subject line, inert.
    pub subject: Option<Arc<str>>,
    /// Where the push was made, for the status mirror.
    #[serde(default, with = "crate::base::path::maybe")]
    pub worktree: Option<PathBuf>,
    /// Whether the push got there.
    pub landing: Landing,
    /// One course a target, in the order of the configuration. Empty while the configuration gives none.
    pub courses: Vec<Course>,
    /// An end of the whole watch: not pushed, stopped, no target for this branch. Stands above the courses.
    #[serde(default)]
    pub ending: Option<Ending>,
    /// Why there are no courses: the configuration's trouble, in words.
    #[serde(default)]
    pub trouble: Option<(Reason, String)>,
    /// When it began.
    pub started_at: Timestamp,
    /// The machine's start by the clock the push was noted with, which may have been set since.
    #[serde(default)]
    pub boot: Option<Boot>,
    /// Until when the landing must be proven and, once it is, a deployment must show. Sleep has been added.
    #[serde(default)]
    pub register_by: Timestamp,
    /// When we stop looking. Sleep has been added.
    pub deadline: Timestamp,
    /// When to look again; [`Timestamp::NEVER`] when there is nothing more to see.
    pub next_look: Timestamp,
    /// How long nobody was awake to watch.
    #[serde(default)]
    pub slept: Span,
    /// Told once each.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// The limits it began with.
    pub policy: Policy,
    /// Rises with every change; the store refuses a change of an outdated one.
    pub revision: u32,
}

/// One push of one ref.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// When, by our clock.
    pub at: Timestamp,
    /// The remote.
    pub remote: RemoteName,
    /// Its URL without userinfo.
    #[serde(default)]
    pub url: Option<String>,
    /// The ref on the remote.
    pub ref_name: RefName,
    /// What the remote had.
    pub old: Option<Sha>,
    /// How many commits it brought, where the old id is known here.
    #[serde(default)]
    pub commits: Option<u32>,
    /// The old id is not an ancestor of the new one.
    #[serde(default)]
    pub forced: Option<bool>,
    /// How we know of it.
    pub origin: Origin,
    /// The pushing git.
    #[serde(default)]
    pub git: Option<GitProcess>,
    /// The remote had moved since the last fetch when the push began.
    #[serde(default)]
    pub moved: bool,
}

/// How we know of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The hook ran.
    Hook,
    /// The reflog of the tracking ref tells of it.
    Reflog,
    /// The user asked for this commit; the time of the push is not known, so no deployment is too old to count.
    Track,
}

/// Whether a push got there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Landing {
    /// Nothing proves or disproves it yet.
    Unproven {
        /// The pushing git has ended, or was never seen.
        git_gone: bool,
    },
    /// It did.
    Landed {
        /// When we knew.
        at: Timestamp,
        /// By what.
        by: Proof,
    },
    /// It did not.
    NotLanded,
}

/// What proves that a push landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The remote-tracking ref is at the commit, or its reflog has it as pushed.
    TrackingRef,
    /// `git ls-remote` says so.
    Remote,
    /// The provider deploys it.
    Deployment,
}

/// How the whole watch ended, whatever its courses say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// `not_pushed`, `skipped`, `unobservable`; and `stopped` where there are no courses to stop.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// One sentence.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// The way of one commit on one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// The target, as it was configured when the watch began.
    pub target: Arc<Target>,
    /// How far it is.
    pub phase: Phase,
    /// How it ended. `superseded` goes on being watched until the newer commit is decided.
    pub verdict: Option<Verdict>,
    /// Why.
    pub reason: Reason,
    /// One sentence, inert.
    pub message: String,
    /// The commit that is live or took over instead of ours and contains it.
    #[serde(default)]
    pub via: Option<Sha>,
    /// The same commit as the source names it.
    #[serde(default)]
    pub through: Option<String>,
    /// Our deployment at the provider.
    #[serde(default)]
    pub deployment: Option<DeploymentRef>,
    /// How far that is.
    #[serde(default)]
    pub progress: Option<Progress>,
    /// When it came where.
    pub times: Times,
    /// The newest reading of each source.
    #[serde(default)]
    pub observations: Vec<Observation>,
    /// What went wrong.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// Since when the deployment is cancelled with nothing newer in sight.
    #[serde(default)]
    pub canceled_since: Option<Timestamp>,
    /// How it stands with asking the source that leads ([`Target::lead`]).
    #[serde(flatten)]
    pub lead: Sight,
    /// The same for the deployments table beside a provider.
    #[serde(default)]
    pub table: Sight,
    /// A failed row of ours in that table, which waits for the provider's word.
    #[serde(default)]
    pub record: Option<Box<Record>>,
    /// A newer commit is live by now: what the service does is that one's affair.
    #[serde(default)]
    pub is_overtaken: bool,
    /// Looks in a row that found it serving, where the source tells only what serves now.
    #[serde(default)]
    pub serving: u32,
    /// What the health endpoints said since the deployment was done.
    #[serde(default)]
    pub checks: Option<Checks>,
    /// Which commit the service said it runs.
    #[serde(default)]
    pub served: Option<Served>,
    /// Live, and looked after until then. Sleep has been added.
    #[serde(default)]
    pub soak_until: Option<Timestamp>,
    /// How deployments of its target went before it began.
    #[serde(default, skip_serializing_if = "Habits::is_empty")]
    pub habits: Habits,
    /// Decided, and what it still waited for (a newer commit, a log) is waited for no longer.
    #[serde(default)]
    pub given_up: bool,
}

/// A row that says our deployment failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The row.
    pub row: Deployment,
    /// When it was read first.
    pub since: Timestamp,
}

/// Our deployment at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DeploymentRef {
    /// The provider's id.
    pub id: String,
    /// A page for people.
    pub url: Option<String>,
    /// The commit it names.
    pub sha: Option<String>,
    /// Why it was made: `push`, `manual`, `rollback`, `other`.
    pub cause: String,
}

/// How far a deployment is, in the provider's steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Progress {
    /// Steps done.
    pub done: u32,
    /// Steps in all.
    pub total: u32,
    /// The running step.
    pub step: Option<String>,
}

/// When a course came where; each is set once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// The push.
    pub pushed_at: Option<Timestamp>,
    /// The provider has it.
    pub registered_at: Option<Timestamp>,
    /// The build began.
    pub building_at: Option<Timestamp>,
    /// The rollout began.
    pub deploying_at: Option<Timestamp>,
    /// The provider said done.
    pub deployed_at: Option<Timestamp>,
    /// The health endpoints agreed for the first time.
    #[serde(default)]
    pub ready_at: Option<Timestamp>,
    /// They agreed often enough in a row.
    pub healthy_at: Option<Timestamp>,
    /// A verdict was given.
    pub decided_at: Option<Timestamp>,
}

/// What went wrong with a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Where: building or deploying.
    pub phase: Phase,
    /// `build_failed`, `deploy_failed`.
    pub code: Reason,
    /// The provider's words, inert.
    pub summary: String,
    /// Its log.
    pub log: LogState,
    /// A page for people that shows the log; never a signed URL.
    pub log_url: Option<String>,
}

/// What became of a failed deployment's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogState {
    /// To be fetched; so many tries so far.
    Wanted(u32),
    /// It is in this file.
    Saved(#[serde(with = "crate::base::path")] PathBuf),
    /// The provider has none, or would not give it.
    None,
}

/// Something the user should know that decides nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Warning {
    /// A stable word.
    pub code: String,
    /// One sentence.
    pub message: String,
}

impl Watch {
    /// A verdict was given for the whole watch or for every target.
    pub fn is_decided(&self) -> bool {
        self.ending.is_some() || (!self.courses.is_empty() && self.courses.iter().all(|c| c.verdict.is_some()))
    }

    /// There is nothing more to see: decided, and no course waits for a newer commit or soaks.
    pub fn is_over(&self) -> bool {
        self.ending.is_some() || (!self.courses.is_empty() && self.courses.iter().all(Course::is_over))
    }

    /// By how much the clock was set ahead since the push was noted, less than zero if back; `boot` is the machine's start
    /// by the clock of now.
    pub fn clock_set_since(&self, boot: &Boot) -> Span {
        self.boot.as_ref().map_or(Span::ZERO, |then| boot.set_since(then))
    }

    /// The push is proven.
    pub const fn has_landed(&self) -> bool {
        matches!(self.landing, Landing::Landed { .. })
    }

    /// The pushing git has ended, or was never seen, and its push is not proven.
    pub const fn is_git_gone(&self) -> bool {
        matches!(self.landing, Landing::Unproven { git_gone: true })
    }
}

impl Course {
    /// A course at its beginning.
    pub fn new(target: Target, pushed_at: Option<Timestamp>) -> Self {
        Self {
            target: Arc::new(target),
            phase: Phase::Pushing,
            verdict: None,
            reason: Reason::PushRunning,
            message: tell::pushing(),
            via: None,
            through: None,
            deployment: None,
            progress: None,
            times: Times { pushed_at, ..Times::default() },
            observations: Vec::new(),
            failure: None,
            canceled_since: None,
            lead: Sight { next_look: Timestamp::NEVER, ..Sight::default() },
            table: Sight::default(),
            record: None,
            is_overtaken: false,
            serving: 0,
            checks: None,
            served: None,
            soak_until: None,
            habits: Habits::default(),
            given_up: false,
        }
    }

    /// There is nothing more to see. A superseded course waits for the newer commit, a failed one until its log is
    /// settled, a live one until it has soaked.
    pub fn is_over(&self) -> bool {
        let is_open = self.verdict == Some(Verdict::Superseded) || self.is_soaking();
        let is_settled = !is_open && self.wanted_log().is_none();
        self.verdict.is_some() && (self.given_up || is_settled)
    }

    /// We saw this deployment of ours live.
    pub(super) fn saw_live(&self, deployment: &Deployment) -> bool {
        self.times.deployed_at.is_some() && self.deployment.as_ref().is_some_and(|ours| ours.id == deployment.id)
    }

    /// Gives a verdict.
    pub(super) fn decide(&mut self, verdict: Verdict, reason: Reason, message: String, now: Timestamp) {
        self.verdict = Some(verdict);
        self.reason = reason;
        self.message = message;
        self.times.decided_at = Some(now);
    }

    /// How often the log of its failed deployment was tried in vain; `None` if no log is wanted (any more).
    pub fn wanted_log(&self) -> Option<u32> {
        match self.failure.as_ref()?.log {
            LogState::Wanted(tries) => Some(tries),
            LogState::Saved(_) | LogState::None => None,
        }
    }
}
