//! What the past teaches, in examples and for any past.

use proptest::prelude::*;

use super::{Habits, Past, Stage};
use crate::base::Span;

fn took(totals: &[i64]) -> Habits {
    let past = |secs: &i64| Past { building: Some(secs_of(*secs)), total: secs_of(*secs), ..Past::default() };
    Habits::new(totals.iter().map(past).collect())
}

fn secs_of(secs: i64) -> Span {
    Span::from_secs(secs)
}

/// Built for about 150 s, rolled out for about 50 s, confirmed in about 12 s.
fn staged() -> Habits {
    let past = |k: i64| {
        let (building, deploying, verifying) =
            (secs_of(130 + 7 * (k % 7)), secs_of(45 + 2 * (k % 5)), secs_of(10 + k % 4));
        let stages = (Some(building), Some(deploying), Some(verifying));
        let total = secs_of(8) + building + deploying + verifying;
        let registering = Some(secs_of(8));
        Past { registering, queued: None, building: stages.0, deploying: stages.1, verifying: stages.2, total }
    };
    Habits::new((0..30).map(past).collect())
}

#[test]
fn the_estimate_is_what_anybody_can_count() {
    let estimate = took(&[200, 100, 180, 190, 185, 170, 175, 195, 210, 900]).estimate().expect("ten are enough");
    assert_eq!((estimate.p50, estimate.p90, estimate.n), (secs_of(185), secs_of(210), 10));
    assert_eq!(took(&[100, 900]).estimate(), None);
    assert_eq!(took(&[]).estimate(), None);
}

#[test]
fn what_is_expected_grows_with_what_it_has_taken() {
    let habits = took(&[90, 95, 100, 290, 300, 310]);
    let expected = [0, 99, 120, 305, 310].map(|elapsed| habits.expected_total(secs_of(elapsed)).map(Span::as_secs));
    assert_eq!(expected, [Some(100), Some(290), Some(300), Some(310), None]);
}

#[test]
fn without_history_the_pauses_are_fixed() {
    let gaps = |stage| [0, 60, 300, 1_200].map(|secs| Habits::default().gap(stage, secs_of(secs)).as_secs());
    assert_eq!(gaps(Stage::Registering), [3, 10, 10, 10]);
    assert_eq!(gaps(Stage::Building), [5, 5, 10, 30]);
    assert_eq!(gaps(Stage::Deploying), [3, 3, 3, 3]);
    assert_eq!(staged().gap(Stage::Queued, Span::ZERO), secs_of(5), "a stage that nobody has seen yet");
}

#[test]
fn looks_are_seldom_while_the_end_is_far_and_often_when_it_is_due() {
    let habits = staged();
    let gap = |stage, secs| habits.gap(stage, secs_of(secs)).as_secs();
    assert!(gap(Stage::Building, 0) >= 20, "{}", gap(Stage::Building, 0));
    assert!(gap(Stage::Building, 150) >= 5, "the rollout is still to come: {}", gap(Stage::Building, 150));
    assert!(gap(Stage::Deploying, 0) >= 10, "{}", gap(Stage::Deploying, 0));
    assert!(gap(Stage::Verifying, 9) <= 3, "{}", gap(Stage::Verifying, 9));
}

#[test]
fn two_kinds_of_build_stay_two() {
    let habits = took(&[88, 300, 91, 305, 290, 93, 90, 86, 310, 95, 297, 89, 303, 92, 90, 299, 301, 87, 94, 296]);
    let [due, between, late] = [85, 150, 295].map(|secs| habits.gap(Stage::Building, secs_of(secs)).as_secs());
    assert!(due <= 4 && between >= 30 && late <= 4, "{due} {between} {late}");
}

#[test]
fn beyond_all_that_was_seen_looks_become_rarer() {
    let habits = took(&[240; 30]);
    let gaps = [600, 3_600, 36_000].map(|secs| habits.gap(Stage::Building, secs_of(secs)));
    assert!(gaps.is_sorted() && gaps[0] < secs_of(20), "{gaps:?}");
}

#[test]
fn only_the_newest_are_remembered_and_they_survive_json() {
    let habits = took(&(1..=80).collect::<Vec<_>>());
    assert_eq!((habits.len(), habits.is_empty()), (Habits::MOST, false));
    assert_eq!(habits.pasts()[0].total, secs_of(1));
    let text = serde_json::to_string(&habits).expect("plain values");
    assert_eq!(serde_json::from_str::<Habits>(&text).expect("what was written"), habits);
    assert!(text.starts_with(r#"[{"building":1000000,"total":1000000},"#), "{text}");
    let longer = format!("[{}{{}}]", "{},".repeat(60));
    assert_eq!(serde_json::from_str::<Habits>(&longer).expect("a list").len(), Habits::MOST);
}

fn any_span() -> impl Strategy<Value = Span> {
    let micros = prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), any::<i64>(), 0..2_000_000_000_i64];
    micros.prop_map(Span::from_micros)
}

fn any_past() -> impl Strategy<Value = Past> {
    let stage = || proptest::option::of(any_span());
    (stage(), stage(), stage(), stage(), stage(), any_span()).prop_map(
        |(registering, queued, building, deploying, verifying, total)| Past {
            registering,
            queued,
            building,
            deploying,
            verifying,
            total,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_past_a_pause_lies_within_its_limits(
        pasts in proptest::collection::vec(any_past(), 0..30),
        in_stage in any_span(),
    ) {
        let habits = Habits::new(pasts);
        for stage in Stage::ALL {
            let gap = habits.gap(stage, in_stage);
            prop_assert!((secs_of(2)..=secs_of(60)).contains(&gap), "{stage:?}: {gap:?}");
            prop_assert_eq!(gap, habits.clone().gap(stage, in_stage));
        }
    }

    #[test]
    fn whatever_the_past_the_estimates_agree(
        pasts in proptest::collection::vec(any_past(), 0..60),
        elapsed in any_span(),
    ) {
        let habits = Habits::new(pasts);
        if let Some(estimate) = habits.estimate() {
            prop_assert!(estimate.p50 <= estimate.p90 && estimate.p50 >= Span::ZERO);
        }
        if let Some(expected) = habits.expected_total(elapsed) {
            prop_assert!(expected > elapsed);
        }
    }
}
