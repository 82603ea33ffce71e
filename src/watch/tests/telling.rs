//! The lines of a timeline.

use super::bed::{Bed, NEWER, OURS, Seen, ours, plan, push, rollout, serving, target};
use crate::insight::Habits;
use crate::watch::{Aim, Aimed, EventKind, Input, LandingSeen, Miss, Origin, Phase, Plan, Reason, State};

/// The story as `kind from>to`.
fn story(bed: &Bed) -> Vec<String> {
    let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "-".to_owned());
    bed.told.iter().map(|e| format!("{:?} {}>{}", e.kind, word(&e.from), word(&e.to))).collect()
}

#[test]
fn a_deployment_is_told_in_one_line_a_change() {
    let bed = Bed::landed()
        .sees([])
        .sees([ours(State::Queued)])
        .sees([ours(State::Queued)])
        .sees([ours(State::Building)])
        .misses(Miss::NoAnswer("time-out".to_owned()))
        .misses(Miss::NoAnswer("time-out".to_owned()))
        .sees([ours(State::Building)])
        .sees([serving("ours", OURS)])
        .sees([serving("ours", OURS)])
        .tick();
    assert_eq!(
        story(&bed),
        [
            "Phase ->pushing",
            "Phase pushing>registering",
            "Phase registering>queued",
            "Phase queued>building",
            "Observation BUILDING>BUILDING",
            "Observation BUILDING>BUILDING",
            "Verdict building>live",
        ]
    );
    assert_eq!(bed.told[0].message, "noted aaaaaaa -> origin/main");
    assert_eq!(bed.told[4].message, "no answer from digitalocean: time-out");
    assert_eq!(bed.told[5].message, "digitalocean says BUILDING");
}

#[test]
fn several_targets_have_one_verdict() {
    let bed = Bed::of(push(Origin::Reflog), &["web", "api"]).sees([serving("ours", OURS)]);
    assert_eq!(bed.told(EventKind::Verdict), []);
    let live = bed.clone().sees_of("api", &Seen::of([serving("ours", OURS)]));
    assert_eq!(live.told(EventKind::Verdict), [(Some("registering"), Some("live"))]);
    let failed = bed.sees_of("api", &Seen::of([ours(State::Failed)]));
    assert_eq!(failed.told(EventKind::Verdict), [(Some("registering"), Some("failed"))]);
    assert_eq!(failed.told.last().and_then(|event| event.target.clone()), None);
}

#[test]
fn a_verdict_that_is_taken_back_is_told_and_so_is_the_next() {
    let bed = Bed::landed().after(300).sees([]).sees([ours(State::Building)]).sees([serving("ours", OURS)]);
    let given_up = [
        "Phase ->pushing",
        "Phase pushing>registering",
        "Verdict registering>no_deploy",
        "Phase no_deploy>building",
        "Verdict building>live",
    ];
    assert_eq!(story(&bed), given_up);
    let superseded = Bed::landed().sees([rollout("x", NEWER, State::Queued)]).sees([serving("x", NEWER)]);
    let verdicts = [(Some("registering"), Some("superseded")), (Some("superseded"), Some("live"))];
    assert_eq!(superseded.told(EventKind::Verdict), verdicts);
    let rejected = Bed::pushing().give(Input::Landing(LandingSeen::Disproven(Reason::Rejected)));
    let deployed = rejected.sees([ours(State::Queued)]);
    let told =
        ["Phase ->pushing", "Verdict pushing>not_pushed", "Phase not_pushed>registering", "Phase pushing>queued"];
    assert_eq!(story(&deployed), told);
}

#[test]
fn what_is_known_at_the_beginning_is_told_at_once() {
    let trouble = |words: &str| Aim::Trouble(Reason::ConfigInvalid, words.to_owned());
    let bed = Bed::begin(push(Origin::Reflog), Plan { aim: trouble("line 3: a typo"), ..plan(&[]) });
    let told = ["Phase ->pushing", "Phase pushing>registering", "Warning ->-"];
    assert_eq!(story(&bed), told);
    assert_eq!(bed.told[2].message, "line 3: a typo");
    let reread = |aim| Input::Configured(Box::new(Plan { aim, ..plan(&["web"]) }));
    let same = bed.clone().give(reread(trouble("line 3: a typo")));
    assert_eq!(same.told.len(), 3);
    let mended = same.give(reread(plan(&["web"]).aim));
    assert_eq!(story(&mended)[3..], ["Phase ->registering"]);
    let aimed = [("web", true), ("api", false)].map(|(name, untouched)| Aimed {
        target: target(name),
        untouched,
        habits: Habits::default(),
    });
    let skipped = Bed::begin(push(Origin::Hook), Plan { aim: Aim::Targets(aimed.to_vec()), ..plan(&[]) });
    assert_eq!(story(&skipped), ["Phase ->pushing", "Phase ->skipped"]);
}

#[test]
fn a_failure_tells_nothing_of_when_its_stage_began() {
    let failed = Bed::landed().sees([ours(State::Queued)]).sees([ours(State::Failed)]);
    assert_eq!((failed.course().phase, failed.course().times.building_at), (Phase::Building, None));
    let seen = Bed::landed().sees([ours(State::Building)]).after(5).sees([ours(State::Failed)]);
    assert!(seen.course().times.building_at < seen.course().times.decided_at);
    assert!(seen.course().times.building_at.is_some());
}

#[test]
fn a_branch_of_no_target_is_told_with_the_cure() {
    let bed = Bed::begin(push(Origin::Hook), Plan { aim: Aim::Nowhere, ..plan(&[]) });
    let message = bed.outlook().message;
    assert!(
        message.starts_with("origin/main is deployed to no target; ") && message.contains("`branches`"),
        "{message}"
    );
}

#[test]
fn a_remark_is_told_once() {
    let seen = Seen::of([]).with(|s| s.remarks = vec!["another\u{7} repository".to_owned()]);
    let bed = Bed::landed().sees_all(&seen).sees_all(&seen);
    assert_eq!(bed.told.iter().filter(|event| event.kind == EventKind::Warning).count(), 1);
    assert_eq!(bed.watch.warnings[0].message, "another\\u{7} repository");
}
