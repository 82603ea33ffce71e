//! Fields of a JSON answer. Everything may be missing, empty or of another type; text comes out inert.

use serde_json::Value;

use crate::base::Timestamp;
use crate::provider::reading::kind;
pub(super) use crate::provider::reading::{branch, words};
use crate::watch::Misheard;
use crate::wire::Answer;

/// The time that stands for "unset".
const UNSET: &str = "0001-01-01";

/// The JSON object a good answer holds.
pub(super) fn object(answer: &Answer) -> Result<Value, Misheard> {
    let value = serde_json::from_slice::<Value>(&answer.body).map_err(|_| garbled(answer))?;
    if value.is_object() { Ok(value) } else { Err(garbled(answer)) }
}

/// The list under this name. Empty lists are not sent, so a page without one is empty if it looks like a page.
pub(super) fn list<'a>(page: &'a Value, name: &str) -> Result<&'a [Value], Misheard> {
    match page.get(name) {
        Some(Value::Array(list)) => Ok(list),
        None | Some(Value::Null) if page.get("meta").is_some() || page.get("links").is_some() => Ok(&[]),
        _ => Err(Misheard::Garbled(format!("DigitalOcean's answer has no list of {name}"))),
    }
}

/// An id that can stand in a URL's path.
pub(super) fn id(value: &Value) -> Option<&str> {
    let id = value.get("id")?.as_str()?;
    is_id(id).then_some(id)
}

pub(super) fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A point in time that is set.
pub(super) fn time(value: &Value, name: &str) -> Option<Timestamp> {
    let found = value.get(name)?.as_str()?;
    if found.starts_with(UNSET) { None } else { found.parse().ok() }
}

/// A number of things; what is not sent is 0.
pub(super) fn count(value: &Value, name: &str) -> u32 {
    let found = value.get(name).and_then(Value::as_u64).unwrap_or(0);
    u32::try_from(found).unwrap_or(u32::MAX)
}

/// The elements of a list that may be missing.
pub(super) fn each<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// Another page follows.
pub(super) fn has_next(page: &Value) -> bool {
    page.pointer("/links/pages/next").and_then(Value::as_str).is_some_and(|url| !url.is_empty())
}

fn garbled(answer: &Answer) -> Misheard {
    Misheard::Garbled(format!(
        "DigitalOcean's answer is not a JSON object but {}; is a proxy or a log-in page in between?",
        kind(answer)
    ))
}
