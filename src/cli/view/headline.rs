//! The first line about a commit: mark, short id, subject, state, time.

use unicode_width::UnicodeWidthStr;

use super::{Mark, elapsed};
use crate::base::{Timestamp, text};
use crate::cli::{Style, Tone};
use crate::status::Document;
use crate::watch::{Reason, Verdict, exit};

/// Columns a subject keeps when the state is long.
const SUBJECT: usize = 24;

/// `● a1b2c3d  fix(cart): round totals                     deploying  1m52s`
pub fn headline(document: &Document, style: &Style, now: Timestamp) -> String {
    let (state, took) = (state(document), took(document, now));
    let short = &document.commit.short;
    let fixed = 1 + usize::from(style.ascii) + 1 + short.len() + 2 + 2 + state.width() + took.width();
    let subject = document.commit.subject.as_deref().unwrap_or_default();
    let room = style.width.saturating_sub(fixed).max(subject.width().min(SUBJECT));
    let subject = text::cut(subject, room, style.ascii);
    let gap = " ".repeat(room.saturating_sub(subject.width()));
    let mark = Mark::of(document.exit_code);
    format!("{} {}  {subject}{gap}  {}{took}", mark.paint(style), Tone::Strong.paint(short), mark.tone().paint(&state))
}

/// What `wait` prints: the same without the gap, and with the message where the word alone would leave one wondering.
pub fn one_line(document: &Document, style: &Style, now: Timestamp) -> String {
    let mark = Mark::of(document.exit_code);
    let subject = document.commit.subject.as_deref().filter(|subject| !subject.is_empty());
    let subject = subject.map_or_else(String::new, |subject| format!("  {}", text::cut(subject, 48, style.ascii)));
    let is_open = !matches!(document.exit_code, exit::OK | exit::NO | exit::RUNNING | exit::SUPERSEDED);
    let message = if is_open { format!(": {}", document.message) } else { String::new() };
    let (state, took) = (mark.tone().paint(&state(document)), took(document, now));
    format!("{} {}{subject}  {state}{message}{took}", mark.paint(style), Tone::Strong.paint(&document.commit.short))
}

fn took(document: &Document, now: Timestamp) -> String {
    elapsed(document, now).map_or_else(String::new, |span| format!("  {span}"))
}

/// The state in a few words.
fn state(document: &Document) -> String {
    let via = document.via.as_ref().map(|sha| sha.short().to_owned());
    let Some(verdict) = &document.verdict else {
        return match document.exit_code {
            exit::CONFIG => "needs you".to_owned(),
            exit::NOT_WATCHED => "not watched".to_owned(),
            _ => within(&document.word(), via),
        };
    };
    match verdict.known() {
        Some(Verdict::Live) | None => within(&document.word(), via),
        Some(Verdict::Failed) => within(failed(document), via),
        Some(Verdict::Superseded) => via.map_or_else(|| "superseded".to_owned(), |via| format!("superseded by {via}")),
        Some(Verdict::Unhealthy) => "UNHEALTHY".to_owned(),
        Some(Verdict::Canceled) => "CANCELED".to_owned(),
        Some(Verdict::RolledBack) => "ROLLED BACK".to_owned(),
        Some(Verdict::Stopped) => "stopped".to_owned(),
        Some(Verdict::Timeout) => "stopped looking".to_owned(),
        Some(Verdict::NoDeploy) => "no deployment".to_owned(),
        Some(Verdict::Skipped) => "skipped".to_owned(),
        Some(Verdict::NotPushed) => "not pushed".to_owned(),
        Some(Verdict::Unobservable) => "cannot tell".to_owned(),
    }
}

fn within(word: &str, via: Option<String>) -> String {
    via.map_or_else(|| word.to_owned(), |via| format!("{word} via {via}"))
}

fn failed(document: &Document) -> &'static str {
    match document.failure.as_ref().map(|failure| failure.code.known()) {
        Some(Some(Reason::BuildFailed)) => "FAILED in build",
        Some(Some(Reason::DeployFailed)) => "FAILED in deploy",
        _ => "FAILED",
    }
}
