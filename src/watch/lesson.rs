//! What a deployment that went live teaches about the next one.

use super::{Course, Origin, Phase, Reason, Target, Verdict, Watch};
use crate::base::{Span, Timestamp};
use crate::insight::{Past, Stage};

impl Watch {
    /// The deployments of this watch that went live themselves: to which target, when, and in which stages. A push
    /// whose time is not known teaches nothing, nor does one during which the machine slept.
    pub fn lessons(&self) -> Vec<(String, Timestamp, Past)> {
        let counts = self.push.origin != Origin::Track && self.is_decided() && self.slept == Span::ZERO;
        let courses = self.courses.iter().filter(|_| counts);
        courses
            .filter_map(|course| Some((course.target.identity(), course.times.decided_at?, course.past()?)))
            .collect()
    }
}

impl Target {
    /// What tells it apart from other places, whose deployments may take another time.
    pub fn identity(&self) -> String {
        let Self { name, provider, base_url, app, environment, particulars, .. } = self;
        let what = (name, provider, base_url, app, environment, particulars);
        serde_json::to_string(&what).unwrap_or_else(|_| name.to_string())
    }
}

impl Course {
    fn past(&self) -> Option<Past> {
        let went_live = self.verdict == Some(Verdict::Live) && self.reason == Reason::DeployedLive;
        let times = &self.times;
        let (pushed, deployed) = (times.pushed_at.filter(|_| went_live)?, times.deployed_at?);
        let took = |from: Option<Timestamp>, to: Option<Timestamp>| Some(to?.since(from?)).filter(|t| *t >= Span::ZERO);
        let built = times.building_at.or(times.deploying_at).or(Some(deployed));
        Some(Past {
            registering: took(Some(pushed), times.registered_at),
            queued: took(times.registered_at, built).filter(|_| times.building_at.is_some()),
            building: took(times.building_at, times.deploying_at.or(Some(deployed))),
            deploying: took(times.deploying_at, Some(deployed)),
            verifying: took(Some(deployed), times.healthy_at),
            total: times.healthy_at.unwrap_or(deployed).since(pushed),
        })
    }

    /// The stage it is in for the schedule, and when it entered it; `None` where no deployment is waited for.
    pub(super) fn stage(&self) -> Option<(Stage, Option<Timestamp>)> {
        let times = &self.times;
        match self.phase {
            Phase::Registering => Some((Stage::Registering, times.pushed_at)),
            Phase::Queued => Some((Stage::Queued, times.registered_at)),
            Phase::Building => Some((Stage::Building, times.building_at)),
            Phase::Deploying => Some((Stage::Deploying, times.deploying_at)),
            Phase::Pushing | Phase::Verifying | Phase::Soaking => None,
        }
    }
}
