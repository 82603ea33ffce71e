//! `watch` off a terminal: one line an event, a heartbeat, and exactly one `DONE`.

use super::{branch, elapsed, is_slow};
use crate::base::{Span, Timestamp};
use crate::status::{Document, Eta, EventDocument, Word};
use crate::watch::EventKind;

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The verdict, or why there is none: `timeout`, `interrupted`, the phase that was asked for.
    pub word: String,
    /// The exit code.
    pub code: u8,
    /// The same in a sentence.
    pub message: String,
    /// The caller gave up, and has to be told what that means for the commit.
    pub gave_up: bool,
}

/// `2026-11-20T15:02:11Z a1b2c3d WATCH branch=main targets=web timeout=15m`
pub fn opening(document: &Document, limit: Option<Span>, now: Timestamp) -> String {
    let mut line = format!("{} WATCH", head(document, now));
    let targets: Vec<_> = document.targets.iter().map(|target| target.name.as_str()).collect();
    line.extend(branch(document).map(|branch| format!(" branch={branch}")));
    if !targets.is_empty() {
        line.extend([" targets=", &targets.join(",")]);
    }
    line.extend(limit.map(|limit| format!(" timeout={limit}")));
    let usual = |eta: &Eta| format!(" usually={}s p90={}s n={}", eta.p50_s, eta.p90_s, eta.n);
    line.extend(document.eta.as_ref().map(usual));
    line
}

/// The line of an event; `None` for one that tells a reader nothing new: the verdict comes in the `DONE` line, and
/// what a source said is told by the phase, unless it is that it did not answer.
pub fn change(event: &EventDocument) -> Option<String> {
    let to = event.to.as_deref().unwrap_or_default();
    let target = event.target.as_ref().map_or_else(String::new, |target| format!(" target={target}"));
    let words = match event.kind.known()? {
        EventKind::Phase => match &event.from {
            Some(from) => format!("{from} -> {to}{target} {}", event.message),
            None => format!("{to}{target} {}", event.message),
        },
        // What kind of trouble the sentence says: nothing was heard, or a refusal.
        EventKind::Observation if event.to.is_none() => format!("trouble{target} {}", event.message),
        EventKind::Warning => format!("warning{target} {}", event.message),
        EventKind::Observation | EventKind::Heartbeat | EventKind::Verdict => return None,
    };
    Some(format!("{} {} {}", event.at, event.sha.short(), words.trim_end()))
}

/// `2026-11-20T15:04:41Z a1b2c3d HEARTBEAT deploying elapsed=150s step=3/5`
pub fn heartbeat(document: &Document, now: Timestamp) -> String {
    let progress = document.targets.iter().find_map(|target| target.progress.as_ref());
    let step = progress.map_or_else(String::new, |p| format!(" step={}/{}", p.done, p.total));
    let slow = if is_slow(document, now) { " slower_than_usual" } else { "" };
    format!("{} HEARTBEAT {}{}{step}{slow}", head(document, now), document.word(), seconds(document, now))
}

/// `2026-11-20T15:05:20Z a1b2c3d DONE live elapsed=189s reason=deployed_live exit=0`
pub fn done(document: &Document, ending: &Ending, now: Timestamp) -> String {
    let mut line = format!("{} DONE {}{}", head(document, now), ending.word, seconds(document, now));
    if !document.done {
        line.extend(document.phase.as_ref().map(|phase| format!(" phase={phase}")));
    }
    line.extend([" reason=".to_owned(), document.reason.to_string()]);
    line.extend(document.via.as_ref().map(|via| format!(" via={}", via.short())));
    line.extend([" exit=".to_owned(), ending.code.to_string()]);
    line.extend(document.next.first().map(|next| format!(" next=\"{}\"", next.command)));
    line
}

/// The last event of `--jsonl`.
pub fn last_event(document: &Document, ending: &Ending, now: Timestamp, seq: u64) -> EventDocument {
    EventDocument {
        schema: crate::status::EVENT_SCHEMA.to_owned(),
        seq: seq + 1,
        at: now.whole_seconds(),
        kind: Word::Known(EventKind::Verdict),
        sha: document.commit.sha.clone(),
        target: None,
        from: document.phase.as_ref().map(ToString::to_string),
        to: Some(ending.word.clone()),
        message: ending.message.clone(),
    }
}

fn head(document: &Document, now: Timestamp) -> String {
    format!("{} {}", now.whole_seconds(), document.commit.short)
}

fn seconds(document: &Document, now: Timestamp) -> String {
    elapsed(document, now).map_or_else(String::new, |span| format!(" elapsed={}s", span.as_secs()))
}
