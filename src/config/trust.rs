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
use super::read::TargetSheet;
use super::{ConfigError, read};
use crate::base::text;
use crate::{provider, wire};

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
    /// Who gets the credential it is about, as far as the file says it: provider and origin.
    pub goes_to: Option<String>,
    value: String,
}

impl Claims {
    /// Those of a file, whether or not they are allowed.
    pub fn of(layer: &Layer) -> Result<Self, ConfigError> {
        let layer = Layer { kind: LayerKind::Tracked, ..layer.clone() };
        let sheet = read::read(&layer)?;
        let mut claims = sheet.untrusted;
        let mut bound: BTreeMap<String, String> = claims.iter().map(|c| (c.key.clone(), c.value.clone())).collect();
        for target in sheet.targets.iter().filter(|target| !target.withheld.is_empty()) {
            let provider = target.provider.as_ref().map(|told| Value::from(told.value.as_str()).to_string());
            bound.extend(provider.map(|provider| (format!("target.{}.provider", target.name), provider)));
        }
        for claim in &mut claims {
            claim.goes_to = sheet.targets.iter().find_map(|target| goes_to(target, &claim.key, &bound));
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
        Self { key: entry.name.clone(), at: entry.place(), goes_to: None, value }
    }

    /// Its value, safe to show and whole: in what looks like a secret a host or a program could hide.
    pub fn shown(&self) -> String {
        text::escaped(&self.value)
    }
}

/// Where a target's credential goes, if this is the key of its source or of its goal.
fn goes_to(target: &TargetSheet, key: &str, bound: &BTreeMap<String, String>) -> Option<String> {
    let own = |key: &str| format!("target.{}.{key}", target.name);
    let is_about_it = ["token", "base_url"].into_iter().any(|about| key == own(about));
    let provider = target.provider.as_ref().filter(|_| is_about_it)?.value.as_str();
    let named = ["base_url", "url"].into_iter().find_map(|key| bound.get(&own(key)));
    let named = named.map(|value| value.trim_matches(['"', '\'']));
    let usual = || provider::by_name(provider).and_then(|provider| provider.address().usual());
    let provider = text::escaped(provider);
    Some(match named.or_else(usual).and_then(wire::origin) {
        Some(origin) => format!("{provider} at {origin}"),
        None => provider,
    })
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
