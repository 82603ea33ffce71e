//! Phases a watch goes through, verdicts it can end in, and the exit code of each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How far a commit has come. Ordered: a phase never moves backwards within one deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The hook ran; the push is not confirmed.
    Pushing,
    /// Landed; no deployment seen yet.
    Registering,
    /// The provider has it and has not begun, or waits for somebody.
    Queued,
    /// Being built.
    Building,
    /// Being rolled out.
    Deploying,
    /// The provider says done, health or the served version has not confirmed it yet; or built but not serving.
    Verifying,
    /// Live, still probed.
    Soaking,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Deployed and confirmed, or contained in a live commit.
    Live,
    /// Build, release or deploy failed.
    Failed,
    /// Deployed, but not confirmed in time, or broke while soaking.
    Unhealthy,
    /// Cancelled, and nothing newer contains it.
    Canceled,
    /// Was live, then an older commit went live again.
    RolledBack,
    /// Landed, but a good answer shows no deployment of it.
    NoDeploy,
    /// Not to be deployed here.
    Skipped,
    /// Rejected, aborted or a dry run.
    NotPushed,
    /// A newer commit took over and is not live yet.
    Superseded,
    /// No source could be read, or the landing not be proven.
    Unobservable,
    /// The user stopped the watch.
    Stopped,
    /// We stopped looking.
    Timeout,
}

/// Exit codes that are not a verdict's.
pub mod exit {
    /// Done, and for commands with a verdict: live.
    pub const OK: u8 = 0;
    /// The answer is no; for other commands: failed.
    pub const NO: u8 = 1;
    /// A usage error, a bad revision, not a repository.
    pub const USAGE: u8 = 2;
    /// Nothing was deployed, by decision or because nothing was pushed.
    pub const NOTHING: u8 = 3;
    /// Credentials or configuration are missing or refused.
    pub const CONFIG: u8 = 4;
    /// It could not be found out.
    pub const UNKNOWN: u8 = 5;
    /// Another commit took over.
    pub const SUPERSEDED: u8 = 6;
    /// Nobody watches this commit.
    pub const NOT_WATCHED: u8 = 7;
    /// Still in progress.
    pub const RUNNING: u8 = 8;
    /// We stopped looking.
    pub const TIMEOUT: u8 = 124;
}

impl Phase {
    /// All, in order.
    pub const ALL: [Self; 7] = [
        Self::Pushing,
        Self::Registering,
        Self::Queued,
        Self::Building,
        Self::Deploying,
        Self::Verifying,
        Self::Soaking,
    ];

    /// The word of the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pushing => "pushing",
            Self::Registering => "registering",
            Self::Queued => "queued",
            Self::Building => "building",
            Self::Deploying => "deploying",
            Self::Verifying => "verifying",
            Self::Soaking => "soaking",
        }
    }
}

impl Verdict {
    /// All, in the contract's order.
    pub const ALL: [Self; 12] = [
        Self::Live,
        Self::Failed,
        Self::Unhealthy,
        Self::Canceled,
        Self::RolledBack,
        Self::NoDeploy,
        Self::Skipped,
        Self::NotPushed,
        Self::Superseded,
        Self::Unobservable,
        Self::Stopped,
        Self::Timeout,
    ];

    /// The word of the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Failed => "failed",
            Self::Unhealthy => "unhealthy",
            Self::Canceled => "canceled",
            Self::RolledBack => "rolled_back",
            Self::NoDeploy => "no_deploy",
            Self::Skipped => "skipped",
            Self::NotPushed => "not_pushed",
            Self::Superseded => "superseded",
            Self::Unobservable => "unobservable",
            Self::Stopped => "stopped",
            Self::Timeout => "timeout",
        }
    }

    /// The exit code of `status`, `wait` and `watch`.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Live => exit::OK,
            Self::Failed | Self::Unhealthy | Self::Canceled | Self::RolledBack => exit::NO,
            Self::NoDeploy | Self::Skipped | Self::NotPushed => exit::NOTHING,
            Self::Superseded => exit::SUPERSEDED,
            Self::Unobservable | Self::Stopped => exit::UNKNOWN,
            Self::Timeout => exit::TIMEOUT,
        }
    }

    /// Given because of something seen, and so final for its attempt; the others mean that we gave up, and are
    /// reopened by evidence seen later. (`superseded` is neither: it waits for the newer commit.)
    pub const fn is_by_evidence(self) -> bool {
        matches!(self, Self::Live | Self::Failed | Self::Unhealthy | Self::Canceled | Self::RolledBack | Self::Skipped)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Verdict {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|verdict| verdict.as_str()).collect();
            format!("`{text}` is not a verdict; the verdicts are {}", all.join(", "))
        })
    }
}
