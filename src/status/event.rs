//! `afterpush.event/1` and `afterpush.error/1`: what `watch --jsonl` streams, one document a line.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Document, Observation, Target, Word};
use crate::base::Timestamp;
use crate::push::Sha;
use crate::watch::{EventKind, Source};

/// The schema of [`EventDocument`].
pub const EVENT_SCHEMA: &str = "afterpush.event/1";
/// The schema of [`ErrorDocument`].
pub const ERROR_SCHEMA: &str = "afterpush.error/1";

/// What a source says that knows nothing of the commit.
const NOTHING: &str = "nothing";

/// One thing that happened to a commit. A stream ends with its one `verdict`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventDocument {
    /// `afterpush.event/1`
    pub schema: String,
    /// Rises by one from 1 in each stream.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    #[serde(rename = "type")]
    pub kind: Word<EventKind>,
    /// The commit.
    pub sha: Sha,
    /// Which target; null: the commit as a whole.
    pub target: Option<String>,
    /// The phase, verdict or reading before, where it changed.
    pub from: Option<String>,
    /// The phase, verdict or reading now; null: the source gave no answer.
    pub to: Option<String>,
    /// The same in a sentence.
    pub message: String,
}

/// Why a command could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorDocument {
    /// `afterpush.error/1`
    pub schema: String,
    /// A stable word.
    pub code: String,
    /// What went wrong, in a sentence.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

/// What happened between two documents of one commit; `old` is `None` at the beginning of a stream. `seq` is the
/// number of the last event so far and is moved on. The verdict comes last, and only when it is new.
pub fn events_between(old: Option<&Document>, new: &Document, now: Timestamp, seq: &mut u64) -> Vec<EventDocument> {
    let mut made = Maker { document: new, now, seq, events: Vec::new() };
    // A new attempt begins anew: what is told of the last one does not count.
    let old = old.filter(|old| old.attempt == new.attempt);
    if new.targets.is_empty() {
        made.whole_phase(old);
    }
    for target in &new.targets {
        let before = old.and_then(|old| old.targets.iter().find(|earlier| earlier.name == target.name));
        made.phase(before, target);
        made.readings(before, target);
    }
    for warning in &new.warnings {
        if !old.is_some_and(|old| old.warnings.contains(warning)) {
            made.push(EventKind::Warning, None, (None, Some(warning.code.clone())), &warning.message);
        }
    }
    if new.done && !old.is_some_and(|old| old.done && old.verdict == new.verdict) {
        let from = old.and_then(|old| old.phase.as_ref()).map(ToString::to_string);
        made.push(EventKind::Verdict, None, (from, Some(new.word())), &new.message);
    }
    made.events
}

/// Nothing changed for a while; the stream lives.
pub fn heartbeat(document: &Document, now: Timestamp, seq: &mut u64) -> EventDocument {
    let mut made = Maker { document, now, seq, events: Vec::new() };
    made.event(EventKind::Heartbeat, None, (None, Some(document.word())), &document.message)
}

struct Maker<'a> {
    document: &'a Document,
    now: Timestamp,
    seq: &'a mut u64,
    events: Vec<EventDocument>,
}

type Change = (Option<String>, Option<String>);

impl Maker<'_> {
    /// Before there are targets, the phase is the commit's own.
    fn whole_phase(&mut self, old: Option<&Document>) {
        let from = old.and_then(|old| old.phase.as_ref());
        if let Some(to) = self.document.phase.as_ref().filter(|to| from != Some(to)) {
            let change = (from.map(ToString::to_string), Some(to.to_string()));
            self.push(EventKind::Phase, None, change, &self.document.message);
        }
    }

    /// A target's way: its phase, and where there are several targets the end of each, too.
    fn phase(&mut self, before: Option<&Target>, target: &Target) {
        let several = self.document.targets.len() > 1;
        let word = |target: &Target| match &target.verdict {
            Some(verdict) if several => verdict.to_string(),
            _ => target.phase.to_string(),
        };
        let (from, to) = (before.map(word), word(target));
        if from.as_ref() != Some(&to) {
            self.push(EventKind::Phase, Some(&target.name), (from, Some(to)), &target.sentence());
        }
    }

    /// Readings that say something else than the last one of the same source.
    fn readings(&mut self, before: Option<&Target>, target: &Target) {
        for reading in &target.observations {
            let earlier = before.and_then(|b| b.observations.iter().find(|e| e.source == reading.source));
            let same =
                earlier.is_some_and(|e| (e.ok, &e.value, &e.error) == (reading.ok, &reading.value, &reading.error));
            // That a good answer knows nothing of the commit yet is no news after silence.
            let is_news = !reading.ok || reading.value.is_some() || earlier.is_some_and(|e| e.value.is_some());
            if !same && is_news {
                let (from, to) = (earlier.and_then(said), said(reading));
                let message = reading.error.as_ref().or(to.as_ref()).map_or("", String::as_str);
                let message = format!("{}: {message}", source(reading));
                self.push(EventKind::Observation, Some(&target.name), (from, to), &message);
            }
        }
    }

    fn push(&mut self, kind: EventKind, target: Option<&str>, change: Change, message: &str) {
        let event = self.event(kind, target, change, message);
        self.events.push(event);
    }

    fn event(&mut self, kind: EventKind, target: Option<&str>, (from, to): Change, message: &str) -> EventDocument {
        *self.seq += 1;
        EventDocument {
            schema: EVENT_SCHEMA.to_owned(),
            seq: *self.seq,
            at: self.now.whole_seconds(),
            kind: kind.into(),
            sha: self.document.commit.sha.clone(),
            target: target.map(str::to_owned),
            from,
            to,
            message: crate::base::text::visible(message),
        }
    }
}

/// What a source said; `None` where it did not answer, whatever it had said before. Endpoints that are not well have
/// said so.
fn said(reading: &Observation) -> Option<String> {
    let is_answer = reading.ok || reading.source == Source::Health;
    is_answer.then(|| reading.value.clone().unwrap_or_else(|| NOTHING.to_owned()))
}

fn source(reading: &Observation) -> String {
    match &reading.source {
        Word::Known(Source::Provider) => "provider".to_owned(),
        Word::Known(Source::Database) => "database".to_owned(),
        Word::Known(Source::Health) => "health".to_owned(),
        Word::Newer(word) => crate::base::text::visible(word),
    }
}
