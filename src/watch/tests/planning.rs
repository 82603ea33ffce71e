//! When to look again, and what for.

use super::bed::{Bed, NEWER, OURS, Seen, at, ours, plan, push, rollout, serving};
use crate::base::{Span, Timestamp};
use crate::watch::{
    Aim, Course, Input, LandingSeen, Misheard, Miss, Origin, Pace, Plan, Policy, Rate, Reason, State, TargetName,
};

fn pause(bed: &Bed) -> i64 {
    bed.watch.next_look.since(bed.now).as_secs()
}

fn web() -> TargetName {
    TargetName::new("web")
}

#[test]
fn looks_follow_each_other_as_fast_as_things_move() {
    let queued = || Bed::landed().sees([ours(State::Queued)]);
    let building = || Bed::landed().sees([ours(State::Building)]);
    let newer = || [rollout("x", NEWER, State::Building)];
    let superseded = |secs| Bed::landed().sees(newer()).after(secs).sees(newer());
    for (name, bed, secs) in [
        ("git runs", Bed::pushing().tick(), 3),
        ("registering, the first minute", Bed::landed().sees([]), 3),
        ("registering, later", Bed::landed().after(60).sees([]), 10),
        ("queued", queued(), 5),
        ("queued after five minutes", queued().after(300).sees([ours(State::Queued)]), 10),
        ("building after five minutes", building().after(300).sees([ours(State::Building)]), 10),
        ("building after twenty minutes", building().after(1_200).sees([ours(State::Building)]), 30),
        ("deploying", Bed::landed().sees([ours(State::Deploying)]), 3),
        ("built and not serving", Bed::landed().sees([ours(State::Succeeded)]), 5),
        ("superseded", superseded(5), 10),
        ("superseded a minute ago", superseded(55), 20),
        ("superseded an hour ago", superseded(3_600), 30),
        ("cancelled", Bed::landed().sees([ours(State::Canceled)]), 10),
        ("refused", Bed::landed().misses(Miss::Misheard(Misheard::Denied(String::new()))), 300),
    ] {
        assert_eq!(pause(&bed), secs, "{name}");
    }
    assert_eq!(Bed::landed().sees([serving("ours", OURS)]).watch.next_look, Timestamp::NEVER);
}

#[test]
fn the_moment_a_verdict_can_be_given_is_not_missed() {
    let registering = Bed::landed().after(288).sees([]);
    assert_eq!(registering.watch.next_look, at(301), "no_deploy");
    let canceled = Bed::landed().sees([ours(State::Canceled)]).after(290).sees([ours(State::Canceled)]);
    assert_eq!(canceled.watch.next_look, at(306), "cancelled");
    let unproven = Bed::pushing().give(Input::Landing(LandingSeen::GitGone)).after(290);
    assert_eq!(unproven.sees([]).watch.next_look, at(300), "landing_unknown");
    let ending = Bed::landed().after(90 * 60 - 10).sees([ours(State::Building)]);
    assert_eq!(ending.watch.next_look, ending.watch.deadline);
}

#[test]
fn looks_in_vain_come_less_and_less_often_and_never_all_at_once() {
    let mut bed = Bed::landed();
    let mut pauses = Vec::new();
    for _ in 0..8 {
        bed = bed.misses(Miss::Misheard(Misheard::Down("503".to_owned())));
        pauses.push(pause(&bed));
    }
    for (pause, doubled) in pauses.iter().zip([6, 12, 24, 48, 96, 120, 120, 120]) {
        assert!((doubled * 8 / 10 - 1..=doubled * 12 / 10).contains(pause), "{pauses:?}");
    }
    assert!(pauses[5..].iter().any(|pause| *pause != pauses[5]), "{pauses:?}");
}

#[test]
fn a_network_that_is_back_is_found_as_soon_as_the_usual_rhythm_allows() {
    let in_vain = |bed: Bed| (0..8).fold(bed, |bed, _| bed.misses(Miss::NoAnswer("refused".to_owned())));
    for (name, bed, secs) in [
        ("registering", Bed::landed().sees([]), 10),
        ("deploying", Bed::landed().sees([ours(State::Deploying)]), 10),
        ("building", Bed::landed().sees([ours(State::Building)]), 10),
    ] {
        assert_eq!(pause(&in_vain(bed)), secs, "{name}");
    }
}

#[test]
fn a_provider_that_asks_for_a_pause_gets_it_within_reason() {
    for (asked, after_answer, after_refusal) in [(-5, 3, 1), (60, 60, 60), (86_400, 900, 900)] {
        let until = Some(at(6 + asked));
        let seen = Seen::of([]).with(|s| s.rate.not_before = until);
        assert_eq!(pause(&Bed::landed().sees_all(&seen)), after_answer, "{asked}");
        let throttled = Miss::Misheard(Misheard::Throttled { until });
        assert_eq!(pause(&Bed::landed().after(5).misses(throttled)), after_refusal, "{asked}");
    }
}

#[test]
fn a_scarce_rate_limit_halves_the_looks() {
    let left = |remaining| Rate { remaining: Some(remaining), limit: Some(5_000), not_before: None };
    for (remaining, secs) in [(500, 3), (499, 6)] {
        let seen = Seen::of([]).with(|s| s.rate = left(remaining));
        assert_eq!(pause(&Bed::landed().sees_all(&seen)), secs);
    }
}

#[test]
fn the_pace_scales_the_intervals() {
    let policy = Policy { pace: Pace::from_permille(17), ..Policy::default() };
    let bed = Bed::begin(push(Origin::Reflog), Plan { policy, ..plan(&["web"]) }).sees([]);
    assert_eq!(bed.watch.next_look, bed.now + Span::from_millis(51));
}

#[test]
fn a_tick_never_leaves_a_living_watch_due() {
    let trouble = Plan { aim: Aim::Trouble(Reason::ConfigInvalid, "a typo".to_owned()), ..plan(&[]) };
    for bed in [
        Bed::pushing(),
        Bed::landed(),
        Bed::landed().sees([ours(State::Building)]).after(60),
        Bed::landed().sees([ours(State::Failed)]),
        Bed::begin(push(Origin::Hook), trouble),
    ] {
        assert!(bed.watch.is_due(bed.now));
        let ticked = bed.tick();
        assert!(ticked.watch.next_look > ticked.now);
        assert_eq!(ticked.clone().tick().watch, ticked.watch);
    }
}

#[test]
fn a_watch_says_what_it_wants() {
    let pushing = Bed::pushing();
    assert!(pushing.watch.wants_landing() && !pushing.wants_look());
    let gone = pushing.give(Input::Landing(LandingSeen::GitGone));
    assert!(gone.watch.wants_landing() && gone.wants_look());
    let landed = gone.lands();
    assert!(!landed.watch.wants_landing() && landed.watch.wants_app_afresh(landed.course(), landed.now));
    let built = landed.sees([ours(State::Building)]);
    assert!(!built.wants_look() && !built.watch.wants_app_afresh(built.course(), built.now));
    let failed = built.after(5).sees([ours(State::Failed)]);
    assert!(!failed.wants_look(), "only its log is wanted");
    assert_eq!(failed.watch.course(&web()).and_then(Course::wanted_log), Some(0));
}

#[test]
fn the_list_is_wanted_back_to_the_push_whatever_the_clocks_say() {
    let back_to = |bed: &Bed| bed.watch.back_to(bed.course(), bed.now);
    assert_eq!(back_to(&Bed::landed()), Some(at(-3_720)));
    let tracked = Bed::of(push(Origin::Track), &["web"]).lands();
    assert_eq!(back_to(&tracked), Some(at(-7 * 86_400 - 3_600)), "a week is looked through once");
    let looked = tracked.sees([]);
    assert_eq!(back_to(&looked), None);
    assert!(back_to(&looked.after(300)).is_some(), "and again before it is given up");
}
