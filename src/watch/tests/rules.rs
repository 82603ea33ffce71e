//! The table of the README that tells who decides, row by row.

use super::bed::{Bed, OLDER, OURS, ours, serving};
use super::health::{bad, runs, silent};
use super::sources::{row, sourced};
use crate::base::Span;
use crate::watch::{Deployment, Misheard, Miss, NO_PROVIDER, State, Verdict};

/// One row: what the three sources say, what comes of it, and how that is brought about.
type Rule = (&'static str, &'static str, &'static str, &'static str, fn() -> Bed);

const RULES: &[Rule] = &[
    ("live", "anything", "no endpoints are configured", "`live`", || plain().sees([live()])),
    ("live", "anything", "this commit, three times running", "`live`", || {
        checked().sees([live()]).finds_often(3, &runs(OURS))
    }),
    ("live", "failed", "this commit, three times running", "`live`, with the warning `sources_disagree`", || {
        checked().sees([live()]).reads([row(OURS, State::Failed)]).finds_often(3, &runs(OURS))
    }),
    ("live", "anything", "another commit, bad answers or none, for `within`", "`unhealthy`", || {
        checked().sees([live()]).after(300).finds_often(2, &runs(OLDER))
    }),
    ("live, then silent, too", "nothing", "it cannot be reached at all", "none; in the end `unobservable`", || {
        checked().sees([live()]).after(300).finds_often(3, &silent(false))
    }),
    ("on its way", "live", "anything", "none yet", || {
        plain().sees([ours(State::Building)]).reads([row(OURS, State::Succeeded)])
    }),
    ("on its way", "failed, dated after the push", "anything", "`failed`", || {
        plain().reads([row(OURS, State::Failed)]).sees([ours(State::Building)])
    }),
    ("silent or down", "failed, dated after the push", "anything", "`failed`", || {
        plain().misses(Miss::Misheard(Misheard::Down("503".to_owned()))).reads([row(OURS, State::Failed)])
    }),
    ("anything", "failed, dated before the push", "anything", "none by that", || {
        plain().reads([old(row(OURS, State::Failed))]).sees([])
    }),
    ("failed", "live", "anything", "`failed`, with the warning `sources_disagree`", || {
        plain().sees([ours(State::Building)]).reads([row(OURS, State::Succeeded)]).sees([ours(State::Failed)])
    }),
    ("live, soaking", "anything", "three bad rounds running", "`unhealthy`", || {
        soaking().finds_often(3, &bad()).sees([live()]).finds(bad())
    }),
    ("an older commit live again, while soaking", "anything", "anything", "`rolled_back`", || {
        soaking().sees([serving("back", OLDER), Deployment { is_live: Some(false), ..live() }])
    }),
    ("`provider = \"none\"`", "live", "as above", "`live`", || alone().sees([row(OURS, State::Succeeded)])),
    ("`provider = \"none\"`", "failed, dated after the push", "anything", "`failed`", || {
        alone().sees([row(OURS, State::Failed)])
    }),
];

fn plain() -> Bed {
    sourced("digitalocean", None)
}

fn checked() -> Bed {
    sourced("digitalocean", Some(Span::from_mins(10)))
}

fn alone() -> Bed {
    sourced(NO_PROVIDER, None)
}

fn soaking() -> Bed {
    checked().sees([live()]).finds_often(3, &runs(OURS))
}

fn live() -> Deployment {
    serving("ours", OURS)
}

fn old(row: Deployment) -> Deployment {
    Deployment { created_at: Some(super::bed::at(-300)), ..row }
}

#[test]
fn who_decides_is_as_the_readme_says() {
    let readme = include_str!("../../../README.md");
    for (provider, table, service, verdict, bring_about) in RULES {
        let told = format!("| {provider} | {table} | {service} | {verdict} |");
        assert!(readme.contains(&told), "the README lacks: {told}");
        let bed = bring_about();
        let decided = bed.course().verdict.map(Verdict::as_str);
        let expected = verdict.split('`').nth(1).filter(|_| verdict.starts_with('`'));
        assert_eq!(decided, expected, "{told}");
        assert!(!verdict.contains("sources_disagree") || bed.course().disagreement().is_some(), "{told}");
    }
    let rows = readme.lines().skip_while(|line| !line.starts_with("| the provider says |")).skip(2);
    assert_eq!(rows.take_while(|line| line.starts_with('|')).count(), RULES.len(), "the README has rows nobody tries");
}
