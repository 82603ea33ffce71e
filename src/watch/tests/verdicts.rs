//! What a provider's answers amount to: one row a situation.

use super::bed::{APART, Bed, NEWER, NEWEST, OLDER, OURS, Seen, UNKNOWN, at, mark, ours, push, rollout, serving};
use crate::base::Span;
use crate::watch::{
    Cause, Deployment, Kin, LogState, Origin, Phase, Quality, Reason, State, StepReason, Trigger, Verdict,
};

fn with(state: State, change: impl FnOnce(&mut Deployment)) -> Deployment {
    let mut deployment = ours(state);
    change(&mut deployment);
    deployment
}

#[test]
fn the_providers_states_are_phases() {
    for (state, phase, reason) in [
        (State::Queued, Phase::Queued, Reason::DeployQueued),
        (State::Blocked, Phase::Queued, Reason::WaitingForApproval),
        (State::Building, Phase::Building, Reason::BuildRunning),
        (State::Deploying, Phase::Deploying, Reason::DeployRunning),
        (State::Succeeded, Phase::Verifying, Reason::NotServing),
        (State::Unknown, Phase::Queued, Reason::UnknownState),
    ] {
        let bed = Bed::landed().sees([ours(state)]);
        assert_eq!((bed.course().phase, bed.course().reason, bed.course().verdict), (phase, reason, None), "{state:?}");
    }
}

#[test]
fn one_look_may_tell_everything() {
    for (name, seen, verdict, reason) in [
        ("ours serves", Seen::of([serving("ours", OURS)]), Some(Verdict::Live), Reason::DeployedLive),
        (
            "success where nobody tells what serves",
            Seen::of([with(State::Succeeded, |d| d.is_live = None)]),
            Some(Verdict::Live),
            Reason::DeployedLive,
        ),
        (
            "replaced after it was live",
            Seen::of([serving("x", APART), with(State::Replaced, |d| d.was_live = Some(true))]),
            Some(Verdict::Live),
            Reason::DeployedLive,
        ),
        ("failed", Seen::of([ours(State::Failed)]), Some(Verdict::Failed), Reason::BuildFailed),
        (
            "failed, whatever else is live",
            Seen::of([serving("x", NEWER), ours(State::Failed)]),
            Some(Verdict::Failed),
            Reason::BuildFailed,
        ),
        (
            "the provider tried again after a failure",
            Seen::of([rollout("again", OURS, State::Building), ours(State::Failed)]),
            None,
            Reason::BuildRunning,
        ),
        (
            "the first try still serves when a second one fails",
            Seen::of([rollout("again", OURS, State::Failed), serving("ours", OURS)]),
            Some(Verdict::Live),
            Reason::DeployedLive,
        ),
        ("skipped", Seen::of([ours(State::Skipped)]), Some(Verdict::Skipped), Reason::SkippedByProvider),
        ("cancelled", Seen::of([ours(State::Canceled)]), None, Reason::CanceledWaiting),
        ("replaced before it ran", Seen::of([ours(State::Replaced)]), None, Reason::CanceledWaiting),
        ("nothing", Seen::of([]), None, Reason::WaitingForDeployment),
        ("older ones only", Seen::of([serving("x", OLDER)]), None, Reason::WaitingForDeployment),
        ("an unknown commit", Seen::of([serving("x", UNKNOWN)]), None, Reason::WaitingForDeployment),
    ] {
        assert_eq!(Bed::landed().sees_all(&seen).verdict(), (verdict, reason), "{name}");
    }
}

#[test]
fn only_what_is_of_this_push_counts() {
    let counts: [(&str, bool, Deployment); 12] = [
        ("an exact id", true, ours(State::Failed)),
        ("a beginning", true, with(State::Failed, |d| d.commits = vec![mark(&OURS[..7], Quality::Prefix)])),
        ("six digits", false, with(State::Failed, |d| d.commits = vec![mark(&OURS[..6], Quality::Prefix)])),
        (
            "a beginning said to be exact",
            false,
            with(State::Failed, |d| d.commits = vec![mark(&OURS[..7], Quality::Exact)]),
        ),
        ("one of several components", true, with(State::Failed, |d| d.commits.insert(0, mark(OLDER, Quality::Exact)))),
        ("another branch", false, with(State::Failed, |d| d.branch = Some("staging".to_owned()))),
        ("no branch told", true, with(State::Failed, |d| d.branch = None)),
        ("two minutes before the push", true, with(State::Failed, |d| d.created_at = Some(at(-120)))),
        ("longer before the push", false, with(State::Failed, |d| d.created_at = Some(at(-121)))),
        ("no date, first attempt", true, with(State::Failed, |d| d.created_at = None)),
        ("a way back", false, with(State::Failed, |d| d.cause = Cause::Rollback)),
        ("by hand", true, with(State::Failed, |d| d.cause = Cause::Manual)),
    ];
    for (name, counts, deployment) in counts {
        let verdict = Bed::landed().sees([deployment]).course().verdict;
        assert_eq!(verdict == Some(Verdict::Failed), counts, "{name}");
    }
}

#[test]
fn a_retry_is_not_judged_by_the_attempt_before() {
    for state in [State::Failed, State::Succeeded] {
        for created_at in [Some(at(-600)), Some(at(-6)), None] {
            let mut bed = Bed::landed();
            bed.watch.attempt = 2;
            let earlier = Deployment { created_at, ..serving("ours", OURS) };
            assert_eq!(bed.sees([Deployment { state, ..earlier }]).course().verdict, None, "{state:?} {created_at:?}");
        }
    }
}

#[test]
fn the_time_of_the_push_is_told_in_the_providers_clock() {
    for (ahead, made, counts) in [(600, 479, false), (600, 480, true), (-600, -720, true), (-600, -721, false)] {
        let made = Deployment { created_at: Some(at(made)), ..ours(State::Failed) };
        let seen = Seen { ahead: Span::from_secs(ahead), ..Seen::of([made]) };
        let verdict = Bed::landed().sees_all(&seen).course().verdict;
        assert_eq!(verdict == Some(Verdict::Failed), counts, "{ahead}");
    }
}

#[test]
fn for_a_tracked_commit_no_deployment_is_too_old() {
    let tracked = || Bed::of(push(Origin::Track), &["web"]).lands();
    let old = |d: Deployment| Deployment { created_at: Some(at(-1_000_000)), ..d };
    assert_eq!(tracked().sees([old(serving("ours", OURS))]).verdict().0, Some(Verdict::Live));
    assert_eq!(tracked().sees([old(ours(State::Failed))]).verdict().0, Some(Verdict::Failed));
    let through = tracked().sees([old(serving("x", NEWER))]);
    assert_eq!(through.verdict(), (Some(Verdict::Live), Reason::Contained));
    // What serves may be older than the list.
    let mut unlisted = Seen::of([serving("x", NEWER)]);
    unlisted.snapshot.deployments.clear();
    assert_eq!(tracked().sees_all(&unlisted).verdict(), (Some(Verdict::Live), Reason::Contained));
    assert_eq!(Bed::landed().sees_all(&unlisted).verdict().0, None);
}

#[test]
fn a_failure_says_where_and_why() {
    let reason = |in_build| StepReason {
        code: "BuildJobExitNonZero".to_owned(),
        message: "the build\u{1b} ended with 1".to_owned(),
        step: Some("build web".to_owned()),
        in_build,
    };
    for (in_build, seen_before, phase, code) in [
        (Some(true), State::Deploying, Phase::Building, Reason::BuildFailed),
        (Some(false), State::Queued, Phase::Deploying, Reason::DeployFailed),
        (None, State::Building, Phase::Building, Reason::BuildFailed),
        (None, State::Deploying, Phase::Deploying, Reason::DeployFailed),
    ] {
        let failed = with(State::Failed, |d| d.reason = Some(reason(in_build)));
        let bed = Bed::landed().sees([ours(seen_before)]).sees([failed]);
        let failure = bed.course().failure.clone().expect("a failure");
        assert_eq!((failure.phase, failure.code), (phase, code));
        assert_eq!(failure.summary, "build web: the build\\u{1b} ended with 1 (BuildJobExitNonZero)");
        assert_eq!(failure.log, LogState::Wanted(0));
        assert_eq!(bed.verdict(), (Some(Verdict::Failed), code));
    }
}

#[test]
fn a_cancelled_deployment_waits_for_a_newer_commit() {
    let waiting = Bed::landed().sees([ours(State::Building)]).sees([ours(State::Canceled)]);
    assert_eq!((waiting.course().phase, waiting.verdict()), (Phase::Queued, (None, Reason::CanceledWaiting)));
    let just_before = waiting.clone().after(294).sees([ours(State::Canceled)]);
    assert_eq!(just_before.verdict().0, None);
    let canceled = just_before.after(-4).sees([ours(State::Canceled)]);
    assert_eq!(canceled.verdict(), (Some(Verdict::Canceled), Reason::CanceledByProvider));
    // What takes over in the meantime decides.
    let superseded = waiting.sees([rollout("x", NEWER, State::Queued), ours(State::Canceled)]);
    assert_eq!(superseded.verdict(), (Some(Verdict::Superseded), Reason::NewerCommit));
    assert_eq!(superseded.course().via.as_ref().map(ToString::to_string).as_deref(), Some(NEWER));
}

#[test]
fn a_newer_commit_the_provider_names_by_its_beginning_is_known_by_our_own_push() {
    let short =
        Deployment { commits: vec![mark(&NEWER[..7], Quality::Prefix)], ..rollout("x", NEWER, State::Building) };
    let via = |seen: &Seen| {
        let bed = Bed::landed().sees_all(seen);
        assert_eq!(bed.verdict().0, Some(Verdict::Superseded));
        bed.course().via.as_ref().map(ToString::to_string)
    };
    assert_eq!(via(&Seen::of([short.clone()]).pushed_later(&[NEWEST, NEWER])).as_deref(), Some(NEWER));
    assert_eq!(via(&Seen::of([short])), None, "nobody here pushed it");
}

#[test]
fn a_cancelled_deployment_that_was_live_is_live() {
    let bed = Bed::landed().sees([with(State::Canceled, |d| d.was_live = Some(true))]);
    assert_eq!(bed.verdict().0, Some(Verdict::Live));
}

#[test]
fn what_takes_over_decides() {
    let gone = || ours(State::Canceled);
    let newer = |state| rollout("newer", NEWER, state);
    let newest = |state| rollout("newest", NEWEST, state);
    for (name, seen, verdict, via) in [
        ("it is built", Seen::of([newer(State::Building), gone()]), Some(Verdict::Superseded), Some(NEWER)),
        ("it is live", Seen::of([serving("newer", NEWER), gone()]), Some(Verdict::Live), Some(NEWER)),
        (
            "it was live and is replaced",
            Seen::of([Deployment { was_live: Some(true), ..newer(State::Replaced) }, gone()]),
            Some(Verdict::Live),
            Some(NEWER),
        ),
        ("it failed", Seen::of([newer(State::Failed), gone()]), Some(Verdict::Failed), Some(NEWER)),
        (
            "it failed and a still newer one runs",
            Seen::of([newest(State::Queued), newer(State::Failed), gone()]),
            Some(Verdict::Superseded),
            Some(NEWEST),
        ),
        (
            "it runs and a still newer one failed",
            Seen::of([newest(State::Failed), newer(State::Building), gone()]),
            Some(Verdict::Superseded),
            Some(NEWER),
        ),
        (
            "it failed and a still newer one was pushed",
            Seen::of([newer(State::Failed), gone()]).pushed_later(&[NEWER, NEWEST]),
            Some(Verdict::Superseded),
            Some(NEWEST),
        ),
        (
            "it failed, and it was the newest push",
            Seen::of([newer(State::Failed), gone()]).pushed_later(&[NEWER]),
            Some(Verdict::Failed),
            Some(NEWER),
        ),
        (
            "it failed, and one between it and ours never had a deployment",
            Seen::of([newest(State::Failed), gone()]).pushed_later(&[NEWER, NEWEST]),
            Some(Verdict::Failed),
            Some(NEWEST),
        ),
        (
            "it was cancelled as well",
            Seen::of([newer(State::Canceled), gone()]),
            Some(Verdict::Superseded),
            Some(NEWER),
        ),
        ("it was pushed", Seen::of([gone()]).pushed_later(&[NEWER]), Some(Verdict::Superseded), Some(NEWER)),
        ("ours has no deployment", Seen::of([newer(State::Building)]), Some(Verdict::Superseded), Some(NEWER)),
        ("ours has none, it is live", Seen::of([serving("newer", NEWER)]), Some(Verdict::Live), Some(NEWER)),
        ("ours has none, it failed", Seen::of([newer(State::Failed)]), Some(Verdict::Failed), Some(NEWER)),
        ("ours has none, it was pushed", Seen::of([]).pushed_later(&[NEWER]), None, None),
        (
            "ours is built, it is live",
            Seen::of([serving("newer", NEWER), ours(State::Building)]),
            Some(Verdict::Live),
            Some(NEWER),
        ),
        ("ours is built, it is built", Seen::of([newer(State::Building), ours(State::Building)]), None, None),
        ("it is older than ours", Seen::of([gone(), newer(State::Building)]), None, None),
        ("it does not contain ours", Seen::of([rollout("x", APART, State::Building), gone()]), None, None),
        ("nobody knows it", Seen::of([rollout("x", UNKNOWN, State::Building), gone()]), None, None),
        (
            "it is of another branch",
            Seen::of([Deployment { branch: Some("staging".to_owned()), ..newer(State::Building) }, gone()]),
            None,
            None,
        ),
        (
            "one of its parts is older than ours",
            Seen::of([
                Deployment {
                    commits: vec![mark(NEWER, Quality::Exact), mark(OLDER, Quality::Exact)],
                    ..serving("newer", NEWER)
                },
                gone(),
            ]),
            None,
            None,
        ),
    ] {
        let bed = Bed::landed().sees_all(&seen);
        assert_eq!(bed.verdict().0, verdict, "{name}");
        assert_eq!(bed.course().via.as_ref().map(ToString::to_string).as_deref(), via, "{name}");
    }
}

#[test]
fn superseded_ends_as_the_newer_commit_does() {
    let gone = || ours(State::Replaced);
    let superseded = || Bed::landed().sees([rollout("newer", NEWER, State::Building), gone()]);
    assert!(superseded().watch.is_decided() && !superseded().watch.is_over());
    let live = superseded().sees([serving("newer", NEWER), gone()]);
    assert_eq!(live.verdict(), (Some(Verdict::Live), Reason::Contained));
    assert!(live.watch.is_over());
    let failed = superseded().sees([rollout("newer", NEWER, State::Failed), gone()]);
    assert_eq!(failed.verdict(), (Some(Verdict::Failed), Reason::NewerFailed));
    assert_eq!(failed.course().failure.as_ref().map(|failure| failure.log.clone()), Some(LogState::None));
    let longer = superseded().sees([rollout("newest", NEWEST, State::Queued), gone()]);
    assert_eq!(longer.course().via.as_ref().map(ToString::to_string).as_deref(), Some(NEWEST));
    let forgotten = superseded().sees([]);
    assert_eq!(forgotten.verdict().0, Some(Verdict::Superseded));
}

#[test]
fn a_forced_push_back_is_not_live_by_what_it_leaves() {
    let left = || Deployment { created_at: Some(at(-30)), ..serving("x", NEWER) };
    let mut back = push(Origin::Hook);
    back.forced = Some(true);
    assert_eq!(Bed::of(back.clone(), &["web"]).lands().sees([left()]).verdict().0, None);
    let later = Deployment { created_at: Some(at(30)), ..left() };
    assert_eq!(Bed::of(back, &["web"]).lands().sees([later]).verdict().0, Some(Verdict::Live));
}

#[test]
fn a_push_that_deploys_nothing_is_skipped_with_the_reason() {
    let trigger = |branch: &str, on_push| Trigger { branch: branch.to_owned(), on_push };
    let main_on = vec![trigger("main", true)];
    let main_off = vec![trigger("main", false), trigger("staging", true)];
    let other = vec![trigger("staging", true)];
    for (triggers, frozen, verdict, reason) in [
        (None, None, None, Reason::WaitingForDeployment),
        (Some(main_on.clone()), None, None, Reason::WaitingForDeployment),
        (Some(main_off.clone()), None, Some(Verdict::Skipped), Reason::DeployOnPushOff),
        (Some(other.clone()), None, Some(Verdict::Skipped), Reason::BranchNotDeployed),
        (Some(main_on), Some("pinned".to_owned()), Some(Verdict::Skipped), Reason::AppPinned),
    ] {
        let seen = |deployments: Vec<Deployment>| {
            let (triggers, frozen) = (triggers.clone(), frozen.clone());
            Seen::of(deployments).with(|s| (s.triggers, s.frozen) = (triggers, frozen))
        };
        assert_eq!(Bed::landed().sees_all(&seen(vec![])).verdict(), (verdict, reason));
        // A deployment outranks every setting, and nothing is said of a push that may not have landed.
        let built = Bed::landed().sees_all(&seen(vec![ours(State::Building)]));
        assert_eq!(built.verdict(), (None, Reason::BuildRunning));
        assert_eq!(built.sees_all(&seen(vec![])).verdict(), (None, Reason::BuildRunning));
        assert_eq!(Bed::pushing().sees_all(&seen(vec![])).verdict().0, None);
    }
}

#[test]
fn no_deploy_needs_a_good_answer_after_the_time_that_reaches_back_to_the_push() {
    let reaching = |secs| Seen::of([]).with(|s| s.reaches_back_to = Some(at(secs)));
    let late = || Bed::landed().after(300);
    assert_eq!(late().tick().verdict().0, None, "time alone proves nothing");
    assert_eq!(Bed::landed().after(290).sees([]).verdict().0, None, "too early");
    assert_eq!(late().sees_all(&reaching(-119)).verdict().0, None, "the list is too short");
    assert_eq!(late().sees_all(&reaching(-120)).verdict(), (Some(Verdict::NoDeploy), Reason::NothingRegistered));
    assert_eq!(late().sees([]).verdict().0, Some(Verdict::NoDeploy));
    let forgotten = Bed::landed().sees([ours(State::Building)]).after(300).sees([]);
    assert_eq!(forgotten.verdict().0, None, "it was seen before");
}

#[test]
fn an_unknown_word_is_shown_raw_and_ends_nothing() {
    let odd = with(State::Unknown, |d| d.raw_state = "HIBER\u{1b}NATING".to_owned());
    let bed = Bed::landed().sees([ours(State::Deploying)]).sees([odd]);
    assert_eq!(bed.course().observations[0].value.as_deref(), Some("HIBER\\u{1b}NATING"));
    assert!(bed.course().message.contains("HIBER\\u{1b}NATING"), "{}", bed.course().message);
    assert_eq!((bed.course().phase, bed.verdict().0), (Phase::Deploying, None));
}

#[test]
fn what_was_not_looked_up_is_unknown() {
    assert_eq!(Kin::default().of(NEWER), crate::watch::Relation::Unknown);
}
