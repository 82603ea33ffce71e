//! What only some providers are told: which of it a target's provider reads, and what it cannot do without.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::key;
use super::layer::{Place, Told};
use super::page::Entry;
use super::value::{self, Checked};
use crate::base::{Span, text};
use crate::provider::Keys;
use crate::watch::State;
use crate::wire;

/// No command that asks how a deployment stands takes longer.
const LONGEST_COMMAND: Span = Span::from_mins(10);

/// What one layer tells of a target for some providers.
#[derive(Debug, Default)]
pub(super) struct ParticularsSheet {
    pub environment: Option<Told<String>>,
    pub workflow: Option<Told<String>>,
    pub url: Option<Told<String>>,
    pub command: Option<Told<Vec<String>>>,
    pub limit: Option<Told<Span>>,
    pub pointers: Option<Told<BTreeMap<String, String>>>,
    pub states: Option<Told<BTreeMap<String, State>>>,
}

impl ParticularsSheet {
    /// Reads a key, if it is one of these.
    pub fn read(&mut self, entry: &Entry<'_>) -> Result<bool, ConfigError> {
        let value = entry.value;
        match entry.key {
            "environment" => self.environment = entry.told(name(value))?,
            "workflow" => self.workflow = entry.told(name(value))?,
            "url" => self.url = entry.told(url(value))?,
            "command" => self.command = entry.told(command(value))?,
            "limit" => self.limit = entry.told(value::duration(value, limit))?,
            "pointers" => self.pointers = entry.told(pointers(value))?,
            "states" => self.states = entry.told(states(value))?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Where a key is told.
    pub fn place(&self, key: &str) -> Option<&Place> {
        fn at<T>(told: Option<&Told<T>>) -> Option<&Place> {
            told.map(|told| &told.at)
        }
        match key {
            "environment" => at(self.environment.as_ref()),
            "workflow" => at(self.workflow.as_ref()),
            "url" => at(self.url.as_ref()),
            "command" => at(self.command.as_ref()),
            "limit" => at(self.limit.as_ref()),
            "pointers" => at(self.pointers.as_ref()),
            "states" => at(self.states.as_ref()),
            _ => None,
        }
    }
}

/// The rest of a sentence about a required key that is not told.
pub(super) fn lacking(key: &str) -> String {
    let example = match key {
        "app" => "app = \"…\", its id or name",
        "url" => "url = \"https://…\" in a file of your own",
        "command" => "command = [\"…\"] in a file of your own",
        _ => "it",
    };
    format!("no {key}: add {example}")
}

/// The keys a provider reads, for people.
pub(super) fn listed(keys: Keys) -> String {
    keys.required.iter().chain(keys.optional).copied().collect::<Vec<_>>().join(", ")
}

fn name(value: &DeValue<'_>) -> Checked<String> {
    value::plain(value::string(value, "a name in quotes")?)
}

/// A URL that is asked as it stands.
fn url(value: &DeValue<'_>) -> Checked<String> {
    let text = value::string(value, "a URL in quotes")?;
    // The value is not repeated: what is wrong with it may be the password in it.
    let origin =
        wire::origin(text).ok_or("must be an https URL, or http on this machine, without user name or password")?;
    if origin.scheme == "http" && !origin.is_loopback() {
        return Err("must be https; plain http is for this machine alone".to_owned());
    }
    if text.contains('#') || text::visible(text) != text || text.trim() != text {
        return Err("must be a plain URL without fragment".to_owned());
    }
    Ok(text.to_owned())
}

/// A program and its arguments, as a list or in one string; never a line for a shell.
fn command(value: &DeValue<'_>) -> Checked<Vec<String>> {
    const WANTED: &str = "a list of words such as [\"kamal\", \"app\", \"version\"], or one string of words";
    let words = if let Some(array) = value.as_array() {
        array
            .iter()
            .map(|word| value::string(word.get_ref(), WANTED).map(str::to_owned))
            .collect::<Checked<Vec<_>>>()?
    } else {
        let text = value::string(value, WANTED)?;
        shell_words::split(text).map_err(|_| "has a quote that does not end")?
    };
    if words.first().is_none_or(|program| program.trim().is_empty()) {
        return Err("must name a program".to_owned());
    }
    if words.iter().any(|word| word.contains('\0')) {
        return Err("must not hold a zero byte".to_owned());
    }
    Ok(words)
}

fn limit(text: &str) -> Checked<Span> {
    let span = value::limit(text)?;
    if span > LONGEST_COMMAND { Err(format!("may be {LONGEST_COMMAND} at most, not {span}")) } else { Ok(span) }
}

/// A table; an empty one says nothing and is most likely a mistake.
fn filled<'v>(value: &'v DeValue<'v>, wanted: &str) -> Checked<&'v DeTable<'v>> {
    let table = value.as_table().ok_or_else(|| value::wrong_type(value, wanted))?;
    if table.is_empty() { Err("is empty; leave it out for the default".to_owned()) } else { Ok(table) }
}

fn pointers(value: &DeValue<'_>) -> Checked<BTreeMap<String, String>> {
    const WANTED: &str = "a table of JSON pointers such as { commit = \"/git/sha\" }";
    let table = filled(value, WANTED)?;
    let mut pointers = BTreeMap::new();
    for (name, pointer) in table {
        let name = name.get_ref().as_ref();
        if !key::POINTERS.contains(&name) {
            let shown = text::visible(name);
            return Err(format!("holds the unknown key \"{shown}\"; {}", key::inner_advice(name, key::POINTERS)));
        }
        let pointer = value::string(pointer.get_ref(), WANTED)?;
        if !(pointer.is_empty() || pointer.starts_with('/')) || text::visible(pointer) != pointer {
            return Err(format!("holds what is no JSON pointer for {name}; write for example \"/git/sha\""));
        }
        pointers.insert(name.to_owned(), pointer.to_owned());
    }
    Ok(pointers)
}

fn states(value: &DeValue<'_>) -> Checked<BTreeMap<String, State>> {
    const WANTED: &str = "a table of words such as { shipped = \"live\" }";
    let table = filled(value, WANTED)?;
    let mut states = BTreeMap::new();
    for (word, meaning) in table {
        let word = value::plain(word.get_ref().as_ref())?;
        let meaning = value::string(meaning.get_ref(), WANTED)?;
        let known = STATES.iter().find(|(name, _)| *name == meaning);
        let (_, state) = known.ok_or_else(|| {
            let names: Vec<_> = STATES.iter().map(|(name, _)| *name).collect();
            format!("gives {word} an unknown meaning; known: {}", names.join(", "))
        })?;
        states.insert(word, *state);
    }
    Ok(states)
}

/// What a word can be told to mean.
const STATES: &[(&str, State)] = &[
    ("queued", State::Queued),
    ("building", State::Building),
    ("deploying", State::Deploying),
    ("live", State::Succeeded),
    ("failed", State::Failed),
    ("canceled", State::Canceled),
    ("skipped", State::Skipped),
];
