//! One past deployment, in the stages as they were seen.

use serde::{Deserialize, Serialize};

use crate::base::Span;

/// One past deployment of a target that went live (or ended otherwise), in the stages as they were seen.
///
/// A stage that was not seen is `None`: it was skipped, or was over before anybody looked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Past {
    /// From the push until the provider knew of a deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registering: Option<Span>,
    /// How long it was queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued: Option<Span>,
    /// How long it was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub building: Option<Span>,
    /// How long it was rolled out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deploying: Option<Span>,
    /// How long health and version took to confirm it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verifying: Option<Span>,
    /// From the push until it was live and confirmed, or ended.
    pub total: Span,
}

/// The stage a deployment was seen in last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Pushed; the provider knows of no deployment yet.
    Registering,
    /// It waits for its turn.
    Queued,
    /// It is built.
    Building,
    /// It is rolled out.
    Deploying,
    /// It is rolled out and not confirmed yet.
    Verifying,
}

impl Stage {
    /// Every stage, in their order.
    pub const ALL: [Self; 5] = [Self::Registering, Self::Queued, Self::Building, Self::Deploying, Self::Verifying];
}

impl Past {
    /// How long `stage` took, in seconds; none if it was not seen.
    pub(super) fn secs_in(&self, stage: Stage) -> Option<f64> {
        let span = match stage {
            Stage::Registering => self.registering,
            Stage::Queued => self.queued,
            Stage::Building => self.building,
            Stage::Deploying => self.deploying,
            Stage::Verifying => self.verifying,
        };
        span.map(seconds)
    }

    /// Whether more than one stage was seen.
    pub(super) fn is_staged(&self) -> bool {
        Stage::ALL.into_iter().filter(|&stage| self.secs_in(stage).is_some()).nth(1).is_some()
    }

    /// How long the stages that follow `stage` took together, in seconds.
    pub(super) fn secs_after(&self, stage: Stage) -> f64 {
        Stage::ALL.into_iter().filter(|&later| later > stage).filter_map(|later| self.secs_in(later)).sum()
    }
}

/// Seconds, with what no deployment takes cut off: less than nothing, and more than a month.
pub(super) fn seconds(span: Span) -> f64 {
    const MOST: i64 = 31 * 86_400 * 1_000_000;
    #[expect(clippy::cast_precision_loss, reason = "a month of microseconds fits into 52 bits")]
    let micros = span.as_micros().clamp(0, MOST) as f64;
    micros / 1e6
}
