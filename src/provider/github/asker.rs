//! Questions whose answers are kept: each is asked with the `ETag` of its last answer, and 304 means "as before".

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::refusal;
use crate::base::{Span, Timestamp};
use crate::provider::Heard;
use crate::provider::replay::Replay;
use crate::watch::{Memo, Misheard, Rate, Target};
use crate::wire::{Answer, Ask, Attach, HttpAsk};

/// No list is larger.
const MAX_BYTES: usize = 4 << 20;

/// Goes through a conversation.
pub(super) struct Asker<'a> {
    pub(super) target: &'a Target,
    replay: Replay<'a>,
    known: Notes,
    noted: Notes,
    pub(super) rate: Rate,
    /// When the first answer came, by our clock and GitHub's: what is not in the list was not there then.
    pub(super) observed: Option<(Timestamp, Option<Timestamp>)>,
    pub(super) latency: Span,
}

/// What was answered, by URL.
type Notes = BTreeMap<String, Note>;

/// The part of an answer that matters.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    etag: Option<String>,
    value: Value,
}

impl<'a> Asker<'a> {
    pub(super) fn new(target: &'a Target, memo: &Memo, answers: &'a [Answer]) -> Self {
        Self {
            target,
            replay: Replay::new(answers),
            known: Notes::deserialize(&memo.0).unwrap_or_default(),
            noted: Notes::new(),
            rate: Rate::default(),
            observed: None,
            latency: Replay::latency(answers),
        }
    }

    /// What was answered before this look.
    pub(super) fn known<T: DeserializeOwned>(&self, url: &str) -> Option<T> {
        T::deserialize(&self.known.get(url)?.value).ok()
    }

    /// Asks, unless it was answered already in this conversation. `read` makes of a good answer what is kept.
    pub(super) fn get<T: Serialize + DeserializeOwned>(
        &mut self,
        url: &str,
        read: impl FnOnce(&Value) -> Result<T, Misheard>,
    ) -> Result<Heard<T>, Misheard> {
        let before = self.known.get(url).cloned();
        let Some(answer) = self.replay.next() else {
            return Ok(Heard::Ask(ask(url, before.and_then(|note| note.etag))));
        };
        let (value, etag) = if answer.status == 304 {
            let before = before.and_then(|note| Some((T::deserialize(&note.value).ok()?, note.etag)));
            before.ok_or_else(|| Misheard::Garbled("GitHub answers 304 to what was asked for the first time".into()))?
        } else {
            refusal::check(self.target, answer)?;
            (read(&refusal::json(answer)?)?, answer.header("etag").map(str::to_owned))
        };
        self.observed.get_or_insert((answer.at, answer.server_clock()));
        self.rate = refusal::rate(answer);
        self.keep(url, &value, etag);
        Ok(Heard::Seen(value))
    }

    /// Keeps what is known without asking.
    pub(super) fn keep_known(&mut self, url: &str) {
        if let Some(note) = self.known.get(url) {
            self.noted.insert(url.to_owned(), note.clone());
        }
    }

    /// Keeps something else of an answer than was read from it.
    pub(super) fn amend<T: Serialize>(&mut self, url: &str, value: &T) {
        let etag = self.noted.get(url).and_then(|note| note.etag.clone());
        self.keep(url, value, etag);
    }

    /// What is kept for the next look: only what this one needed.
    pub(super) fn memo(&self) -> Memo {
        Memo(serde_json::to_value(&self.noted).unwrap_or_default())
    }

    fn keep<T: Serialize>(&mut self, url: &str, value: &T, etag: Option<String>) {
        let value = serde_json::to_value(value).unwrap_or_default();
        self.noted.insert(url.to_owned(), Note { etag, value });
    }
}

fn ask(url: &str, etag: Option<String>) -> Ask {
    Ask::Http(HttpAsk { etag, ..plain(url, MAX_BYTES) })
}

/// A question with the credential and the version of the API it is put in.
pub(super) fn plain(url: &str, max_bytes: usize) -> HttpAsk {
    let headers = vec![("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")];
    HttpAsk { attach: Attach::Bearer, headers, ..HttpAsk::plain(url, max_bytes) }
}
