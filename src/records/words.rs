//! What the words mean that real tables have for a status.

use std::collections::BTreeMap;

use crate::watch::State;

/// The words, without case, blanks, `-` and `_`.
const WORDS: &[(State, &[&str])] = &[
    (
        State::Succeeded,
        &[
            "success",
            "succeeded",
            "successful",
            "ok",
            "live",
            "active",
            "done",
            "deployed",
            "complete",
            "completed",
            "finished",
            "ready",
            "passed",
            "released",
        ],
    ),
    (State::Failed, &["failed", "failure", "fail", "error", "errored", "crashed", "buildfailed", "deployfailed"]),
    (
        State::Queued,
        &["pending", "queued", "waiting", "created", "new", "scheduled", "requested", "initializing", "enqueued"],
    ),
    (State::Building, &["building", "build"]),
    (
        State::Deploying,
        &[
            "deploying",
            "running",
            "inprogress",
            "started",
            "starting",
            "processing",
            "releasing",
            "rollingout",
            "deploy",
            "promoting",
        ],
    ),
    (State::Canceled, &["cancelled", "canceled", "aborted"]),
    (State::Replaced, &["superseded", "replaced", "rolledback", "inactive"]),
    (State::Skipped, &["skipped", "ignored"]),
    (State::Blocked, &["waitingforapproval", "awaitingapproval", "pendingapproval", "approval", "blocked", "onhold"]),
];

/// What a word means: the user's own words first, then the usual ones. Anything else is unknown, which decides
/// nothing.
pub(super) fn state(own: &BTreeMap<String, State>, word: &str) -> State {
    let word = squashed(word);
    if word.is_empty() {
        return State::Unknown;
    }
    let own = own.iter().find(|(key, _)| squashed(key) == word).map(|(_, state)| *state);
    let usual = || WORDS.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(state, _)| *state);
    own.or_else(usual).unwrap_or(State::Unknown)
}

/// A name without what people write differently: `In-Progress`, `in_progress` and `inProgress` are one.
pub(super) fn squashed(name: &str) -> String {
    let letters = name.trim().chars().filter(|c| !matches!(c, '-' | '_' | ' '));
    letters.flat_map(char::to_lowercase).collect()
}

/// Whether a failure's word says that it was while building; `None`: it does not say.
pub(super) fn in_build(word: &str) -> Option<bool> {
    match squashed(word).as_str() {
        "buildfailed" => Some(true),
        "deployfailed" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_words_of_real_tables_are_known() {
        let none = BTreeMap::new();
        for (words, expected) in [
            ("success succeeded ok live active done SUCCESS Deployed", State::Succeeded),
            ("failed error crashed ERROR Build-Failed", State::Failed),
            ("pending queued", State::Queued),
            ("building", State::Building),
            ("deploying running in_progress IN-PROGRESS inProgress", State::Deploying),
            ("cancelled canceled", State::Canceled),
            ("superseded replaced rolled_back", State::Replaced),
            ("skipped ignored", State::Skipped),
            ("waiting_for_approval approval", State::Blocked),
            ("0 5 t true successfully not_live nosuccess żywy - _ suc\u{200b}cess", State::Unknown),
        ] {
            for word in words.split(' ') {
                assert_eq!(state(&none, word), expected, "{word}");
            }
        }
        assert_eq!(state(&none, " in progress\t"), State::Deploying);
        assert_eq!(state(&none, ""), State::Unknown);
    }

    #[test]
    fn no_word_means_two_things() {
        let all: Vec<_> = WORDS.iter().flat_map(|(_, words)| *words).collect();
        assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len());
        assert!(all.iter().all(|word| squashed(word) == **word));
    }

    #[test]
    fn the_teams_own_words_outrank_the_usual_ones() {
        let own = [("Shipped".to_owned(), State::Succeeded), ("done".to_owned(), State::Deploying)].into();
        assert_eq!(state(&own, "SHIPPED"), State::Succeeded);
        assert_eq!(state(&own, "done"), State::Deploying);
        assert_eq!(state(&own, "live"), State::Succeeded);
    }

    proptest! {
        #[test]
        fn case_and_separators_make_no_difference(at in any::<prop::sample::Index>(), separator in "[-_ ]{0,2}", upper: bool) {
            let all: Vec<_> = WORDS.iter().flat_map(|(state, words)| words.iter().map(|word| (*state, *word))).collect();
            let (expected, word) = *at.get(&all);
            let (left, right) = word.split_at(word.len() / 2);
            let spelled = format!("{left}{separator}{right}");
            let spelled = if upper { spelled.to_uppercase() } else { spelled };
            prop_assert_eq!(state(&BTreeMap::new(), &spelled), expected);
        }

        #[test]
        fn only_known_words_decide(word in ".{0,30}") {
            let decides = !matches!(state(&BTreeMap::new(), &word), State::Unknown);
            let is_known = WORDS.iter().any(|(_, words)| words.contains(&squashed(&word).as_str()));
            prop_assert_eq!(decides, is_known);
        }
    }
}
