//! What becomes of a commit: the stages its deployment goes through.

use serde::{Deserialize, Serialize};

/// The course of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// It appears after so many steps of its app; 0: at once.
    #[serde(default)]
    pub after: u32,
    /// Its stages. It stays in the last one; without any it never appears.
    pub stages: Vec<Stage>,
    /// The lines of its log.
    #[serde(default)]
    pub log: Vec<String>,
}

/// A stage of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Waits for its build; only the cause names the commit yet.
    PendingBuild,
    /// Is built.
    Building,
    /// Waits for its rollout.
    PendingDeploy,
    /// Is rolled out.
    Deploying,
    /// Serves traffic; what did before is superseded.
    Active,
    /// The build ended with an error.
    BuildError,
    /// The rollout ended with an error.
    DeployError,
    /// Was cancelled.
    Canceled,
    /// Was replaced without ever having been live.
    Superseded,
    /// A phase of this name.
    Other(String),
}

impl Recipe {
    /// Through these stages.
    pub fn of(stages: impl IntoIterator<Item = Stage>) -> Self {
        Self { after: 0, stages: stages.into_iter().collect(), log: Vec::new() }
    }

    /// Built, rolled out, live.
    pub fn live() -> Self {
        Self::of([Stage::PendingBuild, Stage::Building, Stage::Deploying, Stage::Active])
    }

    /// Live without a build, as where nothing had to be built.
    pub fn live_without_build() -> Self {
        Self::of([Stage::PendingBuild, Stage::Deploying, Stage::Active])
    }

    /// A build that fails with this log.
    pub fn failing_build(log: &[&str]) -> Self {
        Self::of([Stage::PendingBuild, Stage::Building, Stage::BuildError]).with_log(log)
    }

    /// A rollout that fails with this log.
    pub fn failing_deploy(log: &[&str]) -> Self {
        Self::of([Stage::PendingBuild, Stage::Building, Stage::Deploying, Stage::DeployError]).with_log(log)
    }

    /// Never a deployment at all.
    pub fn nothing() -> Self {
        Self::of([])
    }

    /// The same, appearing after so many steps of its app.
    #[must_use]
    pub fn late(mut self, after: u32) -> Self {
        self.after = after;
        self
    }

    /// The same with this log.
    #[must_use]
    pub fn with_log(mut self, log: &[&str]) -> Self {
        self.log = log.iter().map(|&line| line.to_owned()).collect();
        self
    }
}

impl Stage {
    /// The provider's word.
    pub(super) fn phase(&self) -> &str {
        match self {
            Self::PendingBuild => "PENDING_BUILD",
            Self::Building => "BUILDING",
            Self::PendingDeploy => "PENDING_DEPLOY",
            Self::Deploying => "DEPLOYING",
            Self::Active => "ACTIVE",
            Self::BuildError | Self::DeployError => "ERROR",
            Self::Canceled => "CANCELED",
            Self::Superseded => "SUPERSEDED",
            Self::Other(word) => word,
        }
    }

    /// Nothing follows by itself.
    pub(super) const fn is_end(&self) -> bool {
        matches!(self, Self::Active | Self::BuildError | Self::DeployError | Self::Canceled | Self::Superseded)
    }

    /// The steps that are done when this stage begins, of [`STEPS`].
    pub(super) const fn steps_done(&self) -> u32 {
        match self {
            Self::PendingBuild | Self::Canceled | Self::Superseded | Self::Other(_) => 0,
            Self::Building | Self::BuildError => 1,
            Self::PendingDeploy => 3,
            Self::Deploying | Self::DeployError => 4,
            Self::Active => STEPS,
        }
    }
}

/// The steps of every deployment.
pub(super) const STEPS: u32 = 6;
