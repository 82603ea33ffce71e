//! A source that has fallen silent, so that nobody takes the last thing it said for the newest truth.

use crate::watch::{Course, Source, Warning};

/// One look may miss without anybody having to know; from the second in a row on it is said.
const MISSES: u32 = 2;

/// The warning for a target that is not decided and whose provider gives no answer. It decides nothing, and it is gone
/// with the next good answer. What the user has to mend is told by the document itself.
pub(super) fn warning(course: &Course) -> Option<Warning> {
    if course.verdict.is_some() || course.reason.needs_the_user() || course.misses < MISSES {
        return None;
    }
    let provider = &course.target.provider;
    let newest = course.observations.iter().find(|seen| seen.source == Source::Provider)?;
    let error = newest.error.as_deref().unwrap_or_default();
    let error = error.strip_prefix(&format!("no answer from {provider}: ")).unwrap_or(error);
    let since = course.good_answer_at.map_or_else(
        || "yet".to_owned(),
        |at| {
            // A watch lasts a day at most, so the time of day is enough.
            let at = at.whole_seconds().to_string();
            format!("since {}", at.split_once('T').map_or(at.as_str(), |(_, time)| time))
        },
    );
    let message = format!("no good answer from {provider} {since} ({error}); last known: {}", course.phase);
    Some(Warning { code: "source_silent".to_owned(), message })
}
