//! A source that has fallen silent, so that nobody takes the last thing it said for the newest truth.

use crate::watch::{Course, Sight, Source, TABLE, Warning};

/// One look may miss without anybody having to know; from the second in a row on it is said.
const MISSES: u32 = 2;

/// The warnings for a target that is not decided and one of whose sources gives no answer. They decide nothing, and
/// are gone with the next good answer. What the user has to mend is told by the document itself; a health endpoint that
/// does not answer is no silence but what is waited for.
pub(super) fn warnings(course: &Course) -> impl Iterator<Item = Warning> {
    let lead = (course.target.lead(), course.target.lead_name(), &course.lead);
    let lead = Some(lead).filter(|_| !course.reason.needs_the_user());
    let table = course.target.second().map(|_| (Source::Database, TABLE, &course.table));
    let sights =
        lead.into_iter().chain(table).filter(|(_, _, sight)| course.verdict.is_none() && sight.misses >= MISSES);
    sights.filter_map(|(source, name, sight)| warning(course, source, name, sight))
}

fn warning(course: &Course, source: Source, name: &str, sight: &Sight) -> Option<Warning> {
    let newest = course.observations.iter().find(|seen| seen.source == source)?;
    let error = newest.error.as_deref().unwrap_or_default();
    let error = error.strip_prefix(&format!("no answer from {name}: ")).unwrap_or(error);
    let since = sight.good_answer_at.map_or_else(
        || "yet".to_owned(),
        |at| {
            // A watch lasts a day at most, so the time of day is enough.
            let at = at.whole_seconds().to_string();
            format!("since {}", at.split_once('T').map_or(at.as_str(), |(_, time)| time))
        },
    );
    let message = format!("no good answer from {name} {since} ({error}); last known: {}", course.phase);
    Some(Warning { code: "source_silent".to_owned(), message })
}
