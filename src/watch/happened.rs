//! What happened between two states of a watch: the lines of its timeline, found by comparing.

use super::{Event, EventKind, Phase, Warning, Watch, outlook, tell};
use crate::base::Timestamp;

/// The first lines of a timeline.
pub(super) fn beginning(watch: &Watch, now: Timestamp) -> Vec<Event> {
    let seen = outlook(watch);
    let noted = Event {
        at: now,
        kind: EventKind::Phase,
        target: None,
        from: None,
        to: Some(Phase::Pushing.to_string()),
        message: format!("noted {} -> {}", watch.sha.short(), tell::place(&watch.push)),
    };
    let verdict = seen.verdict.map(|verdict| Event {
        at: now,
        kind: EventKind::Verdict,
        target: None,
        from: Some(Phase::Pushing.to_string()),
        to: Some(verdict.to_string()),
        message: seen.message,
    });
    std::iter::once(noted).chain(watch.warnings.iter().map(|w| warning(w, now))).chain(verdict).collect()
}

fn warning(warning: &Warning, now: Timestamp) -> Event {
    Event { at: now, kind: EventKind::Warning, target: None, from: None, to: None, message: warning.message.clone() }
}
