//! What each source said, where more than one is asked.

use crate::base::{Timestamp, text};
use crate::cli::{Style, Tone};
use crate::status::{Observation, Target, Word};
use crate::watch::Source;

/// A line a source: who, what it said, how long ago. One source alone says nothing the steps do not show.
pub fn sources(target: &Target, style: &Style, now: Timestamp) -> Vec<String> {
    if target.observations.len() < 2 {
        return Vec::new();
    }
    let lines = target.observations.iter().map(|seen| line(target, seen, style, now));
    std::iter::once(String::new()).chain(lines).collect()
}

/// `  provider   ACTIVE                  4s ago`
fn line(target: &Target, seen: &Observation, style: &Style, now: Timestamp) -> String {
    let name = match &seen.source {
        Word::Known(Source::Provider) => target.provider.clone(),
        Word::Known(Source::Database) => "database".to_owned(),
        Word::Known(Source::Health) => "health".to_owned(),
        Word::Newer(word) => text::visible(word),
    };
    let said = match (&seen.error, &seen.value) {
        (Some(error), _) => Tone::Doubt.paint(&text::visible(error)),
        (None, Some(value)) => text::visible(value),
        (None, None) => "nothing of it yet".to_owned(),
    };
    let ago = Tone::Faint.paint(&format!("{} ago", now.whole_seconds().since(seen.observed_at)));
    let dash = if style.ascii { "-" } else { "·" };
    format!("  {name:<12} {said} {dash} {ago}")
}
