//! What a tracked file asks to be trusted with: its sensitive keys and their values, as they are read.
//!
//! What is allowed is bound to these and to the providers they go with: whoever changes one of them has to ask anew.
//! Everything else in the file may change without anybody's leave.

use std::collections::BTreeMap;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::de::ValueDeserializer;
use toml::{Spanned, Value};

use super::layer::{Layer, LayerKind, Place};
use super::page::Entry;
use super::{ConfigError, read};
use crate::base::text;

/// The sensitive keys of one tracked file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    claims: Vec<Claim>,
    digest: String,
}

/// One sensitive key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its dotted name.
    pub key: String,
    /// Where it stands.
    pub at: Place,
    value: String,
}

impl Claims {
    /// Those of a file, whether or not they are allowed.
    pub fn of(layer: &Layer) -> Result<Self, ConfigError> {
        let layer = Layer { kind: LayerKind::Tracked, ..layer.clone() };
        let sheet = read::read(&layer)?;
        let claims = sheet.untrusted;
        let mut bound: BTreeMap<String, String> = claims.iter().map(|c| (c.key.clone(), c.value.clone())).collect();
        for target in sheet.targets.iter().filter(|target| !target.withheld.is_empty()) {
            let provider = target.provider.as_ref().map(|told| Value::from(told.value.as_str()).to_string());
            bound.extend(provider.map(|provider| (format!("target.{}.provider", target.name), provider)));
        }
        Ok(Self { claims, digest: digest(&bound) })
    }

    /// The keys, by their order in the file.
    pub fn iter(&self) -> impl Iterator<Item = &Claim> {
        self.claims.iter()
    }

    /// The file asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }

    /// By what the same keys with the same values are known again.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl Claim {
    /// What a key asks for.
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        // In the one form that equal values share.
        let value = ValueDeserializer::from(Spanned::new(0..0, entry.value.clone()));
        let value = Value::deserialize(value).map(|value| value.to_string()).unwrap_or_default();
        Self { key: entry.name.clone(), at: entry.place(), value }
    }

    /// Its value, safe to show and whole: in what looks like a secret a host or a program could hide.
    pub fn shown(&self) -> String {
        text::escaped(&self.value)
    }
}

fn digest(bound: &BTreeMap<String, String>) -> String {
    let mut digest = Sha256::new();
    for part in bound.iter().flat_map(|(key, value)| [key, value]) {
        // With its length before it no text can pass for two others.
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    format!("{:x}", digest.finalize())
}
