//! `version`: which commit an answer names.

use serde_json::Value;

use super::probe;
use crate::base::text;
use crate::watch::{Outcome, Version, VersionPart};
use crate::wire::Answer;

/// Fewer digits name no commit, more than the longest id neither.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=64;

/// The error is what is wrong with the answer.
pub(super) fn hear(version: Option<&Version>, answer: &Answer) -> Result<Outcome, String> {
    if !(200..300).contains(&answer.status) {
        return Err(format!("answers {}", answer.status));
    }
    let part = version.map_or(&VersionPart::Body, |version| &version.part);
    let (told, place) = match part {
        VersionPart::Header(name) => {
            let told = answer.header(name).ok_or_else(|| format!("answers without the header {}", shown(name)))?;
            (told.to_owned(), format!("its header {}", shown(name)))
        }
        VersionPart::Body | VersionPart::Pointer(_) if probe::is_html(answer) => {
            return Err(format!("answers {} with a web page, not with a commit", answer.status));
        }
        VersionPart::Body => (plain(answer), "its body".to_owned()),
        VersionPart::Pointer(pointer) => (pointed(answer, pointer)?, format!("its pointer {}", shown(pointer))),
    };
    commit(&told).map(Outcome::Serves).ok_or_else(|| format!("names no commit: {place} holds {}", quoted(&told)))
}

/// The body's text; a JSON string counts without its quotes.
fn plain(answer: &Answer) -> String {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| String::from_utf8_lossy(&answer.body).into_owned())
}

fn pointed(answer: &Answer, pointer: &str) -> Result<String, String> {
    let body: Value = serde_json::from_slice(&answer.body).map_err(|_| "answers with what is not JSON".to_owned())?;
    match body.pointer(pointer) {
        Some(Value::String(told)) => Ok(told.clone()),
        Some(Value::Null) | None => Err(format!("answers with JSON that has nothing at {}", shown(pointer))),
        Some(_) => Err(format!("answers with JSON that has no text at {}", shown(pointer))),
    }
}

/// A commit's id, whole or its beginning, in lower case. What builds add to it (`-dirty`, `+build`, a `v` or `sha-`
/// in front) is left away.
fn commit(told: &str) -> Option<String> {
    let told = told.trim().trim_start_matches("sha-").trim_start_matches(['v', 'g']);
    let digits: String = told.chars().take_while(char::is_ascii_hexdigit).collect();
    let rest = &told[digits.len()..];
    let is_whole = rest.is_empty() || rest.starts_with(['-', '+', '_', ' ', '\n']);
    (DIGITS.contains(&digits.len()) && is_whole).then(|| digits.to_ascii_lowercase())
}

fn quoted(told: &str) -> String {
    if told.trim().is_empty() { "nothing".to_owned() } else { format!("\"{}\"", shown(told.trim())) }
}

fn shown(told: &str) -> String {
    text::cut(&text::visible(told), 40, false)
}
