//! Object ids, SHA-1 and SHA-256 alike.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A whole object id: 40 or 64 lowercase hexadecimal digits, never the null id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha(Arc<str>);

/// A text that is not a whole object id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a whole object id (40 or 64 hexadecimal digits)")]
pub struct ShaError;

impl Sha {
    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, as people are shown.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }

    /// git's null id, which means "no such ref", in either length.
    pub fn is_null(text: &str) -> bool {
        matches!(text.len(), 40 | 64) && text.bytes().all(|b| b == b'0')
    }
}

impl FromStr for Sha {
    type Err = ShaError;
    fn from_str(text: &str) -> Result<Self, ShaError> {
        let whole = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !whole || Self::is_null(text) {
            return Err(ShaError);
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }
}

impl fmt::Display for Sha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Sha {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Sha {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Sha {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ObjectId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let pattern = "^([0-9a-f]{40}|[0-9a-f]{64})$";
        schemars::json_schema!({"description": "a whole object id", "type": "string", "pattern": pattern})
    }
}
