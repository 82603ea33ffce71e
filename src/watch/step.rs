//! The one function that moves a watch.

use std::sync::Arc;

use super::ours::View;
use super::{
    Event, Finding, Kin, LogState, Misheard, Plan, Proof, Reason, Snapshot, Source, TargetName, Watch, happened,
    schedule,
};
use crate::base::{Span, Timestamp};

/// A new fact about a watch.
#[derive(Clone, Debug)]
pub enum Input {
    /// What was found out about the landing of the push.
    Landing(LandingSeen),
    /// The source that leads (the provider, or without one the deployments table) answered for a target.
    Looked {
        /// Which target.
        target: TargetName,
        /// What it said.
        snapshot: Arc<Snapshot>,
        /// How its commits stand to ours.
        kin: Arc<Kin>,
    },
    /// The deployments table beside a provider answered for a target.
    Recorded {
        /// Which target.
        target: TargetName,
        /// What it says.
        snapshot: Arc<Snapshot>,
        /// How its commits stand to ours.
        kin: Arc<Kin>,
    },
    /// Every health endpoint of a target was asked once.
    Checked {
        /// Which target.
        target: TargetName,
        /// What they answered.
        findings: Vec<Finding>,
        /// How the commits they name stand to ours.
        kin: Arc<Kin>,
    },
    /// A look brought no answer.
    Missed {
        /// Which target.
        target: TargetName,
        /// Who was asked.
        source: Source,
        /// Why: no answer at all, or one that tells nothing.
        why: Miss,
    },
    /// The log of a failed deployment was fetched, or cannot be had.
    Logged {
        /// Which target.
        target: TargetName,
        /// What became of it; [`LogState::Wanted`] counts one try more than before.
        log: LogState,
    },
    /// The configuration was read anew, for a watch that has trouble with it or with a credential.
    Configured(Box<Plan>),
    /// The user stopped the watch.
    Stopped,
    /// The machine slept or nobody was watching for this long, until now.
    Slept(Span),
    /// Time passed: deadlines are judged. Sent only after everything due was looked at.
    Tick,
}

/// What is known of the landing of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LandingSeen {
    /// It landed.
    Proven(Proof),
    /// It did not, and this says why: rejected, dry run, remote ahead.
    Disproven(Reason),
    /// The pushing git has ended and neither is shown.
    GitGone,
}

/// Why a look brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// No answer: network, time-out, too large. In words, without secrets.
    NoAnswer(String),
    /// An answer that tells nothing of a deployment.
    Misheard(Misheard),
    /// There is no credential, or its configured source yields nothing. In words.
    NoCredential(String),
}

/// What a fact made of a watch.
#[must_use]
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The watch now.
    pub watch: Watch,
    /// What happened, for the timeline; empty if there is nothing to tell.
    pub happened: Vec<Event>,
}

/// Moves a watch by one fact. The revision rises by one if anything changed, be it only the next look.
pub fn step(before: &Watch, input: Input, now: Timestamp) -> Step {
    let mut watch = before.clone();
    match input {
        Input::Landing(seen) => watch.landing_seen(seen, now),
        Input::Looked { target, snapshot, kin } => {
            if let Some(view) = View::of(before, &target, &snapshot, &kin) {
                watch.looked(&target, &view, now);
            }
        }
        Input::Recorded { target, snapshot, kin } => {
            if let Some(view) = View::of(before, &target, &snapshot, &kin) {
                watch.recorded(&target, &view, now);
            }
        }
        Input::Checked { target, findings, kin } => watch.checked(&target, &findings, &kin, now),
        Input::Missed { target, source, why } => watch.missed(&target, source, &why, now),
        Input::Logged { target, log } => watch.logged(&target, log, now),
        Input::Configured(plan) => watch.configured(*plan, now),
        Input::Stopped => watch.stop(now),
        Input::Slept(span) => watch.slept(span, now),
        Input::Tick => watch.tick(now),
    }
    watch.keep_in_reach(now);
    watch.next_look = schedule::next_look(&watch, now);
    watch.revision += u32::from(watch != *before);
    let happened = happened::between(before, &watch, now);
    Step { watch, happened }
}

impl Miss {
    /// The same in other words.
    #[must_use]
    pub fn map(self, say: impl Fn(&str) -> String) -> Self {
        let misheard = match self {
            Self::NoAnswer(words) => return Self::NoAnswer(say(&words)),
            Self::NoCredential(words) => return Self::NoCredential(say(&words)),
            Self::Misheard(misheard) => misheard,
        };
        Self::Misheard(match misheard {
            Misheard::Denied(words) => Misheard::Denied(say(&words)),
            Misheard::Forbidden(words) => Misheard::Forbidden(say(&words)),
            Misheard::NotFound(words) => Misheard::NotFound(say(&words)),
            Misheard::Throttled { until } => Misheard::Throttled { until },
            Misheard::Down(words) => Misheard::Down(say(&words)),
            Misheard::Misconfigured(words) => Misheard::Misconfigured(say(&words)),
            Misheard::Garbled(words) => Misheard::Garbled(say(&words)),
        })
    }
}
