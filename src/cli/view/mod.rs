//! What a status document looks like to a person or a script. Everything here is pure: a document, a [`Style`] and
//! the time in, lines out.

mod headline;
mod row;
mod screen;
mod sources;
mod steps;
mod stream;
mod table;

pub use headline::{headline, one_line};
pub use row::{row, rows};
pub use screen::{explanation, screen};
pub use sources::sources;
pub use steps::live_lines;
pub use stream::{Ending, change, done, heartbeat, last_event, opening};
pub use table::{listed_row, table};

use super::{Style, Tone};
use crate::base::{Span, Timestamp};
use crate::status::{Document, Eta, Target, Word};
use crate::watch::{Reason, Verdict, exit};

/// What a person should think of a state at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Yes.
    Good,
    /// No.
    Bad,
    /// In progress.
    Busy,
    /// Still to come.
    Ahead,
    /// Nothing was deployed.
    Nothing,
    /// Another commit took over.
    Passed,
    /// It is not known, or needs the user.
    Doubt,
}

impl Mark {
    /// The mark of an exit code of `status`.
    pub const fn of(exit_code: u8) -> Self {
        match exit_code {
            exit::OK => Self::Good,
            exit::NO => Self::Bad,
            exit::RUNNING => Self::Busy,
            exit::NOTHING => Self::Nothing,
            exit::SUPERSEDED => Self::Passed,
            _ => Self::Doubt,
        }
    }

    /// The mark of a target.
    pub fn of_target(target: &Target) -> Self {
        match target.verdict.as_ref().map(Word::known) {
            Some(Some(verdict)) => Self::of(verdict.exit_code()),
            Some(None) => Self::Doubt,
            None if target.reason.known().is_some_and(Reason::needs_the_user) => Self::Doubt,
            None => Self::Busy,
        }
    }

    /// Its symbol, in its colour. Words beside it carry the meaning.
    pub fn paint(self, style: &Style) -> String {
        let (symbol, ascii) = match self {
            Self::Good => ("✓", "ok"),
            Self::Bad => ("✗", "x"),
            Self::Busy => ("●", "*"),
            Self::Ahead => ("○", "o"),
            Self::Nothing => ("⊘", "-"),
            Self::Passed => ("↷", ">"),
            Self::Doubt => ("?", "?"),
        };
        // All ASCII marks take the width of the widest, so that columns stand below each other.
        if style.ascii { self.tone().paint(&format!("{ascii:<2}")) } else { self.tone().paint(symbol) }
    }

    /// Its colour.
    pub const fn tone(self) -> Tone {
        match self {
            Self::Good => Tone::Good,
            Self::Bad => Tone::Bad,
            Self::Busy => Tone::Busy,
            Self::Ahead | Self::Nothing => Tone::Faint,
            Self::Passed | Self::Doubt => Tone::Doubt,
        }
    }
}

/// From the push to the decision, or until now; `None` where neither is known. A skipped commit took no time.
pub fn elapsed(document: &Document, now: Timestamp) -> Option<Span> {
    let start = document.push.as_ref().and_then(|push| push.at);
    let start = start.or_else(|| document.targets.iter().filter_map(|target| target.timeline.registered_at).min())?;
    let decided = document.targets.iter().filter_map(|target| target.timeline.decided_at).max();
    let end = if document.done { decided.or(document.observed_at)? } else { now };
    let took = end.since(start);
    let nothing_ran = document.verdict.as_ref().is_some_and(|verdict| *verdict == Verdict::Skipped);
    (took >= Span::ZERO && !nothing_ran).then_some(took)
}

/// The document's sentence, where neither the state nor the steps nor the failure say the same.
fn remark(document: &Document) -> Option<&str> {
    let reason = document.reason.known();
    let is_told = matches!(reason, Some(Reason::DeployedLive | Reason::BuildRunning | Reason::DeployRunning))
        || document.failure.is_some()
        || document.targets.iter().any(|target| target.progress.is_some());
    Some(document.message.as_str()).filter(|message| !is_told && !message.is_empty())
}

/// How long it usually takes, and whether this one is slower.
fn usual(document: &Document, now: Timestamp) -> Option<String> {
    let eta = document.eta.as_ref()?;
    let usual = format!("usually live after {} (median of {}; 9 of 10 within {})", p50(eta), eta.n, p90(eta));
    let is_slow = is_slow(document, now);
    Some(if is_slow { format!("{usual}; this one is slower") } else { usual })
}

/// It takes longer than 9 of 10 did.
fn is_slow(document: &Document, now: Timestamp) -> bool {
    let p90 = document.eta.as_ref().map(p90);
    elapsed(document, now).zip(p90).is_some_and(|(elapsed, p90)| elapsed > p90)
}

fn p50(eta: &Eta) -> Span {
    Span::from_secs(i64::try_from(eta.p50_s).unwrap_or(i64::MAX))
}

fn p90(eta: &Eta) -> Span {
    Span::from_secs(i64::try_from(eta.p90_s).unwrap_or(i64::MAX))
}

/// What to know, a line each.
fn warnings(document: &Document) -> impl Iterator<Item = String> {
    document.warnings.iter().map(|warning| format!("  {} {}", Tone::Doubt.paint("warning:"), warning.message))
}

/// The word of a target: its verdict, else its phase.
fn word_of(target: &Target) -> String {
    target.verdict.as_ref().map_or_else(|| target.phase.to_string(), ToString::to_string)
}

/// The push as a whole ended (not pushed, stopped, no target for the branch), whatever the targets had come to.
fn ended_above_targets(document: &Document) -> bool {
    document.done && document.targets.iter().all(|target| target.verdict != document.verdict)
}

/// The branch's short name, or the whole ref.
fn branch(document: &Document) -> Option<&str> {
    let name = document.push.as_ref()?.ref_name.as_str();
    Some(name.strip_prefix("refs/heads/").unwrap_or(name))
}

#[cfg(test)]
mod tests;
