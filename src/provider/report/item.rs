//! One deployment of a document.

use serde_json::Value;

use super::{Reader, state};
use crate::base::{Timestamp, text};
use crate::provider::reading::inert;
use crate::watch::{Cause, CommitMark, Deployment, Misheard, State, StepReason};
use crate::wire::origin;

/// What the pointers find that is not null.
pub(super) fn find<'v>(value: &'v Value, pointers: &[String]) -> Option<&'v Value> {
    first(value, pointers).filter(|found| !found.is_null())
}

/// What the pointers find, null as well.
pub(super) fn first<'v>(value: &'v Value, pointers: &[String]) -> Option<&'v Value> {
    let mut found = pointers.iter().filter_map(|pointer| value.pointer(pointer)).peekable();
    let first = found.peek().copied();
    found.find(|value| !value.is_null()).or(first)
}

impl Reader<'_> {
    /// A deployment; `None` if it is one of another environment than the target's.
    pub(super) fn deployment(&self, item: &Value) -> Result<Option<Deployment>, Misheard> {
        let fields = self.fields;
        let environment = self.raw(item, "the environment", &fields.environment)?;
        if self.target.environment.is_some() && environment.is_some() && environment != self.target.environment {
            return Ok(None);
        }
        let commit = first(item, &fields.commit)
            .ok_or_else(|| self.garbled("the commit of a deployment", &fields.commit, "anything"))?;
        let commits = self.commits(commit, "the commit of a deployment", &fields.commit)?;
        let raw_state = self
            .text(item, "the state of a deployment", &fields.state)?
            .ok_or_else(|| self.garbled("the state of a deployment", &fields.state, "a word"))?;
        let state = state::of(&raw_state, &self.target.particulars.states);
        let created_at = self.time(item)?;
        let id = self.text(item, "the id of a deployment", &fields.id)?;
        let own = || commits.first().map(|mark| mark.sha.clone());
        let dated = || created_at.map(|at| at.to_string());
        let error = self.text(item, "the error of a deployment", &fields.error)?;
        let branch = self.raw(item, "the branch of a deployment", &fields.branch)?;
        let url = self.text(item, "the page of a deployment", &fields.url)?;
        Ok(Some(Deployment {
            id: id.or_else(own).or_else(dated).unwrap_or_else(|| raw_state.clone()),
            state,
            reason: (state == State::Failed).then(|| reason(error, &raw_state)),
            raw_state: text::cut(&raw_state, 40, false),
            commits,
            branch: branch.map(|branch| branch.strip_prefix("refs/heads/").unwrap_or(&branch).to_owned()),
            environment,
            created_at,
            updated_at: None,
            is_live: None,
            was_live: None,
            cause: Cause::Push,
            done_steps: None,
            step: None,
            url: url.filter(|url| origin(url).is_some_and(|origin| origin.scheme == "https")),
        }))
    }

    /// The commit named by a value; none by null.
    pub(super) fn commits(&self, value: &Value, what: &str, pointers: &[String]) -> Result<Vec<CommitMark>, Misheard> {
        if value.is_null() {
            return Ok(Vec::new());
        }
        let found = value.as_str().and_then(|sha| CommitMark::of(sha.trim(), None));
        let wanted = "a commit id (7 or more hexadecimal digits)";
        found.map(|mark| vec![mark]).ok_or_else(|| self.garbled(what, pointers, wanted))
    }

    /// A text for people.
    fn text(&self, item: &Value, what: &str, pointers: &[String]) -> Result<Option<String>, Misheard> {
        Ok(self.raw(item, what, pointers)?.as_deref().map(inert))
    }

    /// A text as it is, which can be compared; it may as well be a number. `None` where there is none.
    fn raw(&self, item: &Value, what: &str, pointers: &[String]) -> Result<Option<String>, Misheard> {
        match find(item, pointers) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(self.garbled(what, pointers, "a text")),
        }
    }

    /// When it was made: a date as in RFC 3339, or seconds or milliseconds since 1970.
    fn time(&self, item: &Value) -> Result<Option<Timestamp>, Misheard> {
        let pointers = &self.fields.created_at;
        let Some(found) = find(item, pointers) else { return Ok(None) };
        let time = match found {
            Value::String(text) => text.trim().parse().ok(),
            Value::Number(number) => number.as_i64().filter(|number| *number >= 0).map(since_1970),
            _ => None,
        };
        let wanted = "a time such as 2026-08-01T10:00:00Z";
        time.map(Some).ok_or_else(|| self.garbled("the time of a deployment", pointers, wanted))
    }
}

/// A number this large can only be milliseconds.
fn since_1970(number: i64) -> Timestamp {
    const MILLISECONDS: i64 = 100_000_000_000;
    if number < MILLISECONDS { Timestamp::from_secs(number) } else { Timestamp::from_secs(number / 1000) }
}

fn reason(error: Option<String>, raw_state: &str) -> StepReason {
    let message = error.unwrap_or_else(|| raw_state.to_owned());
    StepReason { code: String::new(), message, step: None, in_build: None }
}
