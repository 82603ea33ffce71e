//! What only some providers are told: which of it a target's provider reads, and what it cannot do without.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::ConfigError;
use super::key;
use super::layer::{Place, Told};
use super::page::Entry;
use super::value::{self, Checked};
use crate::base::Span;
use crate::provider::Keys;
use crate::watch::State;

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
            "url" => self.url = entry.told(value::string(value, "a URL in quotes").and_then(value::url))?,
            "command" => self.command = entry.told(command(value))?,
            "limit" => self.limit = entry.told(value::duration(value, limit))?,
            "pointers" => self.pointers = entry.told(pointers(value))?,
            "states" => self.states = entry.told(value::states(value))?,
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
    let keys = keys.required.iter().chain(keys.optional).copied().collect::<Vec<_>>().join(", ");
    if keys.is_empty() { "nothing of the kind".to_owned() } else { keys }
}

fn name(value: &DeValue<'_>) -> Checked<String> {
    value::plain(value::string(value, "a name in quotes")?)
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

fn pointers(value: &DeValue<'_>) -> Checked<BTreeMap<String, String>> {
    const WANTED: &str = "a table of JSON pointers such as { commit = \"/git/sha\" }";
    let table = value::filled(value, WANTED)?;
    let mut pointers = BTreeMap::new();
    for (name, pointer) in table {
        let name = name.get_ref().as_ref();
        if !key::POINTERS.contains(&name) {
            return Err(value::unknown_inside(name, key::POINTERS));
        }
        let pointer = value::pointer(value::string(pointer.get_ref(), WANTED)?);
        pointers.insert(name.to_owned(), pointer.map_err(|why| format!("{why} for {name}"))?);
    }
    Ok(pointers)
}
