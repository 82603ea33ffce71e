//! `status/<sha>.log`: one line an event.

use crate::base::text::visible;
use crate::push::Sha;
use crate::watch::{Event, EventKind};

/// `2026-11-20T15:02:17Z a1b2c3d web building the build runs`, with a line feed. An event without a target is the
/// push's own.
pub fn timeline_line(sha: &Sha, event: &Event) -> String {
    let target = event.target.as_ref().map_or("push", |name| name.as_str());
    let what = match (event.kind, &event.to) {
        (EventKind::Verdict, Some(to)) => format!("DONE {}", visible(to)),
        (EventKind::Phase, Some(to)) => visible(to),
        (EventKind::Verdict, None) => "DONE".to_owned(),
        (EventKind::Phase, None) => "phase".to_owned(),
        (EventKind::Observation, _) => "observed".to_owned(),
        (EventKind::Heartbeat, _) => "heartbeat".to_owned(),
        (EventKind::Warning, _) => "warning".to_owned(),
    };
    let line = format!("{} {} {target} {what} {}", event.at.whole_seconds(), sha.short(), visible(&event.message));
    format!("{}\n", line.trim_end())
}
