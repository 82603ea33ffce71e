//! The settings that can be told by the environment. Targets cannot: name a file with `AFTERPUSH_CONFIG` instead.

use super::ConfigError;
use super::layer::{LayerKind, Place, Told};
use super::read::Sheet;
use super::value::{self, Checked};

/// The variables that tell a setting; lists are separated by commas, and an empty value says nothing.
pub const VARIABLES: &[&str] = &[
    "AFTERPUSH_TIMEOUT",
    "AFTERPUSH_REGISTER_TIMEOUT",
    "AFTERPUSH_BRANCHES",
    "AFTERPUSH_REMOTES",
    "AFTERPUSH_MIRROR",
    "AFTERPUSH_KEEP",
];

/// The variables as the strongest layer.
pub(super) fn read(variables: &[(String, String)]) -> Result<Sheet, ConfigError> {
    let mut sheet = Sheet::empty(LayerKind::Environment);
    for (name, text) in variables.iter().filter(|(_, text)| !text.trim().is_empty()) {
        let text = text.trim();
        match name.as_str() {
            "AFTERPUSH_TIMEOUT" => sheet.timeout = told(name, value::limit(text))?,
            "AFTERPUSH_REGISTER_TIMEOUT" => sheet.register_timeout = told(name, value::limit(text))?,
            "AFTERPUSH_BRANCHES" => sheet.branches = told(name, list(text, value::branch))?,
            "AFTERPUSH_REMOTES" => sheet.remotes = told(name, list(text, value::plain))?,
            "AFTERPUSH_MIRROR" => sheet.mirror = told(name, boolean(text))?,
            "AFTERPUSH_KEEP" => sheet.keep = told(name, value::keep(text))?,
            _ => {}
        }
    }
    Ok(sheet)
}

fn told<T>(name: &str, checked: Checked<T>) -> Result<Option<Told<T>>, ConfigError> {
    let at = Place { kind: LayerKind::Environment, shown: name.to_owned(), line: None };
    match checked {
        Ok(value) => Ok(Some(Told { value, at })),
        Err(why) => Err(at.error(format!("the value {why}"))),
    }
}

fn list(text: &str, check: fn(&str) -> Checked<String>) -> Checked<Vec<String>> {
    text.split(',').map(|item| check(item.trim())).collect()
}

fn boolean(text: &str) -> Checked<bool> {
    match text {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}
