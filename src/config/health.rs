//! `[target.NAME.health]`: the running service's endpoints, and how long they have.

use toml::de::DeValue;

use super::ConfigError;
use super::key;
use super::layer::{Place, Told, pick};
use super::page::Entry;
use super::value::{self, Checked};
use crate::base::{Span, text};
use crate::watch::{Endpoint, Health, Version, VersionPart};

/// How long a deployment has to be confirmed, where nothing is told.
const WITHIN: Span = Span::from_mins(5);
/// How long a live commit is looked after, where nothing is told and there is something to look at.
const SOAK: Span = Span::from_mins(10);

/// What one layer tells of a target's health.
#[derive(Debug, Default)]
pub(super) struct HealthSheet {
    pub live: Option<Told<Endpoint>>,
    pub ready: Option<Told<Endpoint>>,
    pub version: Option<Told<Version>>,
    pub within: Option<Told<Span>>,
    pub soak: Option<Told<Span>>,
}

impl HealthSheet {
    /// Reads a key of the table.
    pub fn read(&mut self, entry: &Entry<'_>) -> Result<(), ConfigError> {
        let value = entry.value;
        match entry.key {
            "live" => self.live = entry.told(endpoint(value))?,
            "ready" => self.ready = entry.told(endpoint(value))?,
            "version" => self.version = entry.told(version(value))?,
            "within" => self.within = entry.told(value::duration(value, value::limit))?,
            "soak" => self.soak = entry.told(value::duration(value, value::limit_or_none))?,
            _ => return Err(entry.unknown(key::HEALTH)),
        }
        Ok(())
    }

    /// Where a key is told.
    pub fn place(&self, key: &str) -> Option<&Place> {
        match key {
            "live" => self.live.as_ref().map(|told| &told.at),
            "ready" => self.ready.as_ref().map(|told| &told.at),
            "version" => self.version.as_ref().map(|told| &told.at),
            "within" => self.within.as_ref().map(|told| &told.at),
            "soak" => self.soak.as_ref().map(|told| &told.at),
            _ => None,
        }
    }
}

/// All that is told of a target's health, the strongest layer first; `None` where there is nothing to look at.
pub(super) fn merge<'a>(sheets: impl Iterator<Item = &'a HealthSheet> + Clone) -> Option<Health> {
    let soak = pick(sheets.clone(), |sheet| &sheet.soak);
    let mut health = Health {
        live: pick(sheets.clone(), |sheet| &sheet.live),
        ready: pick(sheets.clone(), |sheet| &sheet.ready),
        version: pick(sheets.clone(), |sheet| &sheet.version),
        within: pick(sheets, |sheet| &sheet.within).unwrap_or(WITHIN),
        soak: Span::ZERO,
    };
    health.soak = soak.unwrap_or(if health.has_endpoints() { SOAK } else { Span::ZERO });
    (health.has_endpoints() || health.soak > Span::ZERO).then_some(health)
}

/// A URL, or a table with it.
fn endpoint(value: &DeValue<'_>) -> Checked<Endpoint> {
    const WANTED: &str = "a URL in quotes, or a table such as { url = \"https://…\", html = true }";
    let Some(table) = value.as_table() else {
        return Ok(Endpoint { url: value::url(value::string(value, WANTED)?)?, html: false });
    };
    let (mut url, mut html) = (None, false);
    for (name, value) in table {
        match name.get_ref().as_ref() {
            "url" => url = Some(value::url(value::string(value.get_ref(), WANTED)?)?),
            "html" => html = value::boolean(value.get_ref())?,
            other => return Err(value::unknown_inside(other, &["url", "html"])),
        }
    }
    let url = url.ok_or_else(|| format!("must be {WANTED}"))?;
    Ok(Endpoint { url, html })
}

/// A URL whose body is the commit, or a table that says where in the answer it is.
fn version(value: &DeValue<'_>) -> Checked<Version> {
    const WANTED: &str = "a URL in quotes, or a table such as { url = \"https://…\", pointer = \"/commit\" }";
    let Some(table) = value.as_table() else {
        return Ok(Version { url: value::url(value::string(value, WANTED)?)?, part: VersionPart::Body });
    };
    let (mut url, mut part) = (None, VersionPart::Body);
    for (name, value) in table {
        let (name, text) = (name.get_ref().as_ref(), value::string(value.get_ref(), WANTED));
        if part != VersionPart::Body && matches!(name, "pointer" | "header") {
            return Err("names both a pointer and a header; the commit is in one of them".to_owned());
        }
        match name {
            "url" => url = Some(value::url(text?)?),
            "pointer" => part = VersionPart::Pointer(value::pointer(text?)?),
            "header" => part = VersionPart::Header(header(text?)?),
            other => return Err(value::unknown_inside(other, &["url", "pointer", "header"])),
        }
    }
    let url = url.ok_or_else(|| format!("must be {WANTED}"))?;
    Ok(Version { url, part })
}

fn header(name: &str) -> Checked<String> {
    let fits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if fits { Ok(name.to_ascii_lowercase()) } else { Err(format!("names no header: {}", text::visible(name))) }
}
