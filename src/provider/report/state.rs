//! The words people have for the state of a deployment.

use std::collections::BTreeMap;

use crate::watch::State;

/// Words without the user's help, in small letters with `_` between.
const WORDS: &[(State, &[&str])] = &[
    (State::Queued, &["queued", "pending", "waiting", "created", "scheduled", "requested"]),
    (State::Blocked, &["blocked", "needs_approval", "waiting_for_approval", "pending_approval"]),
    (State::Building, &["building", "build", "running", "in_progress", "started"]),
    (State::Deploying, &["deploying", "deploy", "releasing", "rolling_out", "updating", "verifying"]),
    (
        State::Succeeded,
        &[
            "live",
            "success",
            "succeeded",
            "successful",
            "active",
            "deployed",
            "ready",
            "done",
            "completed",
            "finished",
            "healthy",
            "ok",
        ],
    ),
    (State::Failed, &["failed", "failure", "fail", "error", "errored", "crashed", "timed_out"]),
    (State::Canceled, &["canceled", "cancelled", "aborted", "stopped"]),
    (State::Replaced, &["replaced", "superseded", "inactive", "deactivated"]),
    (State::Skipped, &["skipped", "ignored"]),
];

/// What a word means: to the user, else to most people.
pub(super) fn of(word: &str, own: &BTreeMap<String, State>) -> State {
    let told = own.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
    if let Some((_, state)) = told {
        return *state;
    }
    let word = word.to_ascii_lowercase().replace([' ', '-'], "_");
    WORDS.iter().find(|(_, words)| words.contains(&word.as_str())).map_or(State::Unknown, |(state, _)| *state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_words_come_first_and_no_word_has_two_meanings() {
        let own = BTreeMap::from([("Shipped".to_owned(), State::Succeeded), ("ok".to_owned(), State::Building)]);
        let meant = ["shipped", "OK", "In Progress", "CANCELLED", "hyperdrive"].map(|word| of(word, &own));
        assert_eq!(meant, [State::Succeeded, State::Building, State::Building, State::Canceled, State::Unknown]);
        let mut all: Vec<_> = WORDS.iter().flat_map(|(_, words)| *words).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
