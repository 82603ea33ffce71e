//! Why a watch stands where it stands: one stable word for programs, beside the sentence for people.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A stable code; sentences may change, these do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// git push has not ended, or its end has not been looked at.
    PushRunning,
    /// The push ended and nothing proves or disproves yet that it landed.
    LandingUnknown,
    /// The remote refused the push, or it did not get that far.
    Rejected,
    /// The remote does not have it, and no push of it from here is known.
    NotOnRemote,
    /// The remote has commits this clone lacks.
    RemoteAhead,
    /// `git push --dry-run`.
    DryRun,
    /// Landed; the provider shows no deployment of it yet.
    WaitingForDeployment,
    /// The provider has it in its queue.
    DeployQueued,
    /// The provider waits for a person or another system.
    WaitingForApproval,
    /// The build runs.
    BuildRunning,
    /// The rollout runs.
    DeployRunning,
    /// The provider built it and does not serve it yet.
    NotServing,
    /// The provider is done; the health endpoints have not confirmed it yet.
    WaitingForHealth,
    /// Cancelled, and it is still waited for a newer commit that contains it.
    CanceledWaiting,
    /// The provider answered something we do not know; it is shown raw.
    UnknownState,
    /// Live at the provider.
    DeployedLive,
    /// Contained in a commit that is live.
    Contained,
    /// A newer commit took over.
    NewerCommit,
    /// The newer commit that took over failed.
    NewerFailed,
    /// The build failed.
    BuildFailed,
    /// The rollout failed.
    DeployFailed,
    /// The deployments table says that it failed.
    RecordedFailed,
    /// The health endpoints did not agree in time.
    HealthNotConfirmed,
    /// The service runs another commit.
    OtherVersionServed,
    /// The health endpoints no longer agreed while it was still looked after.
    BrokeWhileSoaking,
    /// Somebody or the provider cancelled it.
    CanceledByProvider,
    /// An older commit went live again.
    OlderLiveAgain,
    /// No deployment after `register_timeout`.
    NothingRegistered,
    /// The branch deploys to no target.
    BranchNotDeployed,
    /// No path this target watches was touched.
    PathsUntouched,
    /// The app does not deploy on a push to this branch.
    DeployOnPushOff,
    /// The app is pinned to a deployment.
    AppPinned,
    /// The provider decided not to deploy it.
    SkippedByProvider,
    /// The provider refused the credential.
    CredentialsRefused,
    /// There is no credential.
    CredentialsMissing,
    /// The configuration has no target.
    NotConfigured,
    /// The configuration cannot be used.
    ConfigInvalid,
    /// The app, site or project does not exist or is not visible to the credential.
    AppNotFound,
    /// The network or the provider is down.
    Network,
    /// The provider's rate limit is used up.
    Quota,
    /// The user stopped the watch.
    StoppedByUser,
    /// The time for watching ran out.
    TimeUp,
    /// Nobody watches this commit.
    NotTracked,
}

impl Reason {
    /// The word, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PushRunning => "push_running",
            Self::LandingUnknown => "landing_unknown",
            Self::Rejected => "rejected",
            Self::NotOnRemote => "not_on_remote",
            Self::RemoteAhead => "remote_ahead",
            Self::DryRun => "dry_run",
            Self::WaitingForDeployment => "waiting_for_deployment",
            Self::DeployQueued => "deploy_queued",
            Self::WaitingForApproval => "waiting_for_approval",
            Self::BuildRunning => "build_running",
            Self::DeployRunning => "deploy_running",
            Self::NotServing => "not_serving",
            Self::WaitingForHealth => "waiting_for_health",
            Self::CanceledWaiting => "canceled_waiting",
            Self::UnknownState => "unknown_state",
            Self::DeployedLive => "deployed_live",
            Self::Contained => "contained",
            Self::NewerCommit => "newer_commit",
            Self::NewerFailed => "newer_failed",
            Self::BuildFailed => "build_failed",
            Self::DeployFailed => "deploy_failed",
            Self::RecordedFailed => "recorded_failed",
            Self::HealthNotConfirmed => "health_not_confirmed",
            Self::OtherVersionServed => "other_version_served",
            Self::BrokeWhileSoaking => "broke_while_soaking",
            Self::CanceledByProvider => "canceled_by_provider",
            Self::OlderLiveAgain => "older_live_again",
            Self::NothingRegistered => "nothing_registered",
            Self::BranchNotDeployed => "branch_not_deployed",
            Self::PathsUntouched => "paths_untouched",
            Self::DeployOnPushOff => "deploy_on_push_off",
            Self::AppPinned => "app_pinned",
            Self::SkippedByProvider => "skipped_by_provider",
            Self::CredentialsRefused => "credentials_refused",
            Self::CredentialsMissing => "credentials_missing",
            Self::NotConfigured => "not_configured",
            Self::ConfigInvalid => "config_invalid",
            Self::AppNotFound => "app_not_found",
            Self::Network => "network",
            Self::Quota => "quota",
            Self::StoppedByUser => "stopped_by_user",
            Self::TimeUp => "time_up",
            Self::NotTracked => "not_tracked",
        }
    }

    /// The user has to mend the configuration or the credential: not done, exit code 4.
    pub const fn needs_the_user(self) -> bool {
        matches!(
            self,
            Self::CredentialsRefused
                | Self::CredentialsMissing
                | Self::NotConfigured
                | Self::ConfigInvalid
                | Self::AppNotFound
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
