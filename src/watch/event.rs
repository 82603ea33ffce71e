//! What happened to a watch: the lines of its timeline.

use serde::{Deserialize, Serialize};

use super::TargetName;
use crate::base::Timestamp;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: EventKind,
    /// Which target; `None`: the push itself.
    pub target: Option<TargetName>,
    /// The phase or verdict before, where it changed.
    pub from: Option<String>,
    /// The phase or verdict now.
    pub to: Option<String>,
    /// One sentence for people, already made inert.
    pub message: String,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The phase changed.
    Phase,
    /// A source said something new.
    Observation,
    /// Nothing changed for a while.
    Heartbeat,
    /// Something the user should know.
    Warning,
    /// The attempt ended.
    Verdict,
}
