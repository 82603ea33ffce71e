//! What is known of a target from its past.

use serde::{Deserialize, Deserializer, Serialize};

use super::Past;

/// What is known of a target from its past: its newest deployments, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Habits(Vec<Past>);

impl Habits {
    /// How many deployments are remembered. More teach nothing: habits change, and the older ones count less anyway.
    pub const MOST: usize = 50;

    /// From past deployments, the newest first. What is too old is left out.
    pub fn new(mut newest_first: Vec<Past>) -> Self {
        newest_first.truncate(Self::MOST);
        Self(newest_first)
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many deployments are known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The deployments, the newest first.
    pub fn pasts(&self) -> &[Past] {
        &self.0
    }
}

/// A list that was stored by a version that remembers more is cut, too.
impl<'de> Deserialize<'de> for Habits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::new)
    }
}
