//! Paths in JSON: text where they are text, else their bytes, so that no repository is too strangely named to watch.
//!
//! For fields: `#[serde(default, with = "crate::base::path::maybe")]`, or `crate::base::path` for one that is there.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Bytes(Vec<u8>),
}

impl Written {
    fn of(path: &Path) -> Self {
        path.to_str()
            .map_or_else(|| Self::Bytes(path.as_os_str().as_bytes().to_vec()), |text| Self::Text(text.to_owned()))
    }

    fn path(self) -> PathBuf {
        match self {
            Self::Text(text) => text.into(),
            Self::Bytes(bytes) => OsString::from_vec(bytes).into(),
        }
    }
}

/// Writes a path.
pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    Written::of(path).serialize(serializer)
}

/// Reads a path.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    Written::deserialize(deserializer).map(Written::path)
}

/// The same for a path that may be absent.
pub mod maybe {
    use super::{Deserialize, Deserializer, PathBuf, Serialize, Serializer, Written};

    /// Writes it.
    pub fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_deref().map(Written::of).serialize(serializer)
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
        Option::<Written>::deserialize(deserializer).map(|written| written.map(Written::path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        #[serde(with = "super")]
        there: PathBuf,
        #[serde(default, with = "super::maybe")]
        perhaps: Option<PathBuf>,
    }

    #[test]
    fn paths_that_are_no_text_come_back_whole() {
        let strange = PathBuf::from(OsString::from_vec(b"/r\xff".to_vec()));
        for (there, perhaps, json) in [
            (PathBuf::from("/a"), None, r#"{"there":"/a","perhaps":null}"#),
            (strange.clone(), Some(strange), r#"{"there":[47,114,255],"perhaps":[47,114,255]}"#),
        ] {
            let holder = Holder { there, perhaps };
            assert_eq!(serde_json::to_string(&holder).expect("JSON"), json);
            assert_eq!(serde_json::from_str::<Holder>(json).expect("a holder"), holder);
        }
        assert_eq!(serde_json::from_str::<Holder>(r#"{"there":"/a"}"#).expect("a holder").perhaps, None);
    }
}
