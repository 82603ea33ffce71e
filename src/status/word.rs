//! Words of a known list that a newer writer may have made longer.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A word this program knows, or one that came after it. Readers show the latter and decide nothing by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Word<T> {
    /// One of the list.
    Known(T),
    /// A newer one.
    Newer(String),
}

impl<T: Copy> Word<T> {
    /// The word, where this program knows it.
    pub const fn known(&self) -> Option<T> {
        match self {
            Self::Known(word) => Some(*word),
            Self::Newer(_) => None,
        }
    }
}

impl<T: PartialEq> PartialEq<T> for Word<T> {
    fn eq(&self, other: &T) -> bool {
        matches!(self, Self::Known(word) if word == other)
    }
}

impl<T> From<T> for Word<T> {
    fn from(word: T) -> Self {
        Self::Known(word)
    }
}

impl<T: fmt::Display> fmt::Display for Word<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(word) => word.fmt(f),
            Self::Newer(word) => f.pad(&crate::base::text::visible(word)),
        }
    }
}
