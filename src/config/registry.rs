//! The providers a target can name, and what each says of its own keys.

use super::layer::Told;
use super::{Config, ConfigError};
use crate::provider::{self, Address, Keys, Provider, Wrong};
use crate::watch::{NO_PROVIDER, Target};

/// The providers there are.
pub(super) type Registry<'a> = &'a [Listed];

/// What has to be known of a provider here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    pub name: &'static str,
    pub address: Address,
    pub keys: Keys,
}

/// Those of this version, and the word for none.
pub(super) fn all() -> Vec<Listed> {
    let listed = |p: &&dyn Provider| Listed { name: p.name(), address: p.address(), keys: p.keys() };
    let keys = Keys { required: &[], optional: &[] };
    let none = Listed { name: NO_PROVIDER, address: Address::Nowhere, keys };
    provider::ALL.iter().map(listed).chain([none]).collect()
}

/// The one a target names.
pub(super) fn find<'r>(provider: &Told<String>, registry: Registry<'r>) -> Result<&'r Listed, ConfigError> {
    let named = provider.value.as_str();
    if let Some(listed) = registry.iter().find(|listed| listed.name == named) {
        return Ok(listed);
    }
    Err(provider.at.error(format!("unknown provider \"{named}\" (known: {})", names(registry))))
}

/// Their names, for people.
pub(super) fn names(registry: Registry<'_>) -> String {
    registry.iter().map(|listed| listed.name).collect::<Vec<_>>().join(", ")
}

/// What the provider itself says of a target's settings.
pub(super) fn check(config: &Config, target: &Target) -> Result<(), ConfigError> {
    let verdict = provider::by_name(&target.provider).map_or(Ok(()), |provider| provider.check(target));
    let Err(Wrong { key, why }) = verdict else { return Ok(()) };
    let place = |key: &str| config.origin_of(&format!("target.{}.{key}", target.name));
    // What is wrong for want of a key is told at the provider's name, which every target has.
    match place(key).or_else(|| place("provider")) {
        Some(at) => Err(at.error(format!("target.{}.{key} {why}", target.name))),
        None => Ok(()),
    }
}
