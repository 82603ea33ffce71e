//! What is known of a target from its past.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Past;

/// What is known of a target from its past: its newest deployments, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Habits(Arc<[Past]>);

impl Habits {
    /// How many deployments are remembered. More teach nothing: habits change, and the older ones count less anyway.
    pub const MOST: usize = 50;

    /// From past deployments, the newest first. What is too old is left out.
    pub fn new(mut newest_first: Vec<Past>) -> Self {
        newest_first.truncate(Self::MOST);
        Self(newest_first.into())
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

impl Serialize for Habits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().serialize(serializer)
    }
}

/// A list that was stored by a version that remembers more is cut, too.
impl<'de> Deserialize<'de> for Habits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::new)
    }
}
