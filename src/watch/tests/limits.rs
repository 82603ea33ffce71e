//! Looks in vain, deadlines, sleep, the user's stop, and what is reopened.

use super::bed::{Bed, NEWER, OURS, Seen, at, ours, plan, push, rollout, serving, target};
use crate::base::Span;
use crate::insight::Habits;
use crate::watch::{
    Aim, Aimed, Input, LandingSeen, LogState, Misheard, Miss, Origin, Phase, Plan, Policy, Reason, Snapshot, Source,
    State, Target, TokenSource, Verdict, Warning, exit,
};

fn down() -> Miss {
    Miss::Misheard(Misheard::Down("DigitalOcean answers 503".to_owned()))
}

fn denied() -> Miss {
    Miss::Misheard(Misheard::Denied("DigitalOcean does not accept the token".to_owned()))
}

#[test]
fn what_the_user_has_to_mend_is_not_done_and_says_so() {
    for (miss, reason) in [
        (denied(), Reason::CredentialsRefused),
        (Miss::Misheard(Misheard::Forbidden("no scope".to_owned())), Reason::CredentialsRefused),
        (Miss::NoCredential("set DIGITALOCEAN_TOKEN".to_owned()), Reason::CredentialsMissing),
        (Miss::Misheard(Misheard::NotFound("no app shop".to_owned())), Reason::AppNotFound),
    ] {
        let bed = Bed::landed().sees([ours(State::Building)]).misses(miss);
        assert_eq!((bed.course().phase, bed.verdict()), (Phase::Building, (None, reason)));
        assert_eq!(bed.outlook().exit_code, exit::CONFIG);
        assert!(bed.watch.wants_configuration());
        let quiet = bed.clone().sees([]);
        assert_eq!(quiet.verdict(), (None, Reason::BuildRunning), "a good answer mends it, even without news");
        let stuck = bed.after(90 * 60).tick();
        assert_eq!(stuck.verdict(), (Some(Verdict::Unobservable), reason));
    }
}

#[test]
fn other_misses_keep_the_phase_and_show_the_error() {
    for (miss, words) in [
        (down(), "DigitalOcean answers 503"),
        (Miss::NoAnswer("connection refused".to_owned()), "no answer from digitalocean: connection refused"),
        (Miss::Misheard(Misheard::Throttled { until: None }), "rate limit reached"),
        (Miss::Misheard(Misheard::Garbled("an HTML page".to_owned())), "an HTML page"),
    ] {
        let bed = Bed::landed().sees([ours(State::Building)]).misses(miss);
        assert_eq!((bed.course().phase, bed.verdict()), (Phase::Building, (None, Reason::BuildRunning)));
        let observation = &bed.course().observations[0];
        assert_eq!((observation.ok, observation.error.as_deref()), (false, Some(words)));
        assert_eq!(observation.value.as_deref(), Some("BUILDING"), "the last word stays");
        assert_eq!(bed.course().lead.misses, 1);
        assert_eq!(bed.sees([]).course().lead.misses, 0);
    }
}

#[test]
fn at_the_deadline_it_matters_whether_anything_was_heard_lately() {
    let end = 90 * 60;
    let building = |secs| {
        let bed = Bed::landed();
        let started = bed.now;
        let heard = bed.after(secs - 6).sees([ours(State::Building)]);
        assert_eq!(heard.now, started + Span::from_secs(secs - 1));
        heard
    };
    let until = |mut bed: Bed| {
        bed.now = at(end);
        bed
    };
    let lately = until(building(end - 300).misses(down())).tick();
    assert_eq!(lately.verdict(), (Some(Verdict::Timeout), Reason::TimeUp));
    assert!(lately.outlook().message.starts_with("stopped looking after 1h30m"), "{}", lately.outlook().message);
    let long_ago = until(building(end - 301).misses(down())).tick();
    assert_eq!(long_ago.verdict(), (Some(Verdict::Unobservable), Reason::Network));
    let throttled = Bed::landed().misses(Miss::Misheard(Misheard::Throttled { until: None }));
    assert_eq!(until(throttled).tick().verdict(), (Some(Verdict::Unobservable), Reason::Quota));
    assert_eq!(until(Bed::landed()).after(-1).tick().verdict().0, None, "not before its time");
}

#[test]
fn nothing_is_watched_longer_than_a_day() {
    let policy = Policy { timeout: Span::from_hours(1_000), ..Policy::default() };
    let bed = Bed::begin(push(Origin::Reflog), Plan { policy, ..plan(&["web"]) });
    assert_eq!(bed.watch.deadline, at(24 * 3_600));
}

#[test]
fn sleep_is_added_to_every_limit_and_everything_is_looked_at_first() {
    let bed = Bed::landed().sees([ours(State::Canceled)]).after(10_000);
    let slept = bed.give(Input::Slept(Span::from_secs(10_000)));
    assert_eq!(slept.watch.deadline, at(90 * 60 + 10_000));
    assert_eq!(slept.watch.register_by, at(301 + 10_000));
    assert!(slept.watch.is_due(slept.now) && slept.wants_look());
    assert_eq!(slept.clone().tick().verdict().0, None);
    assert_eq!(slept.after(280).sees([ours(State::Canceled)]).verdict(), (None, Reason::CanceledWaiting));
}

#[test]
fn a_clock_that_was_set_back_does_not_stretch_the_limits() {
    let bed = Bed::landed().sees([ours(State::Building)]).after(-86_400);
    let seen = bed.sees([ours(State::Deploying)]);
    assert_eq!(seen.course().phase, Phase::Deploying, "what is seen now is news");
    assert_eq!(seen.watch.deadline, seen.now + Span::from_mins(90));
    assert!(seen.watch.next_look <= seen.now + Span::from_mins(15));
}

#[test]
fn only_who_waits_for_another_commit_can_wait_and_not_beyond_its_time() {
    let bed = Bed::landed().sees([rollout("x", NEWER, State::Building)]);
    let can_wait = |bed: &Bed, secs| bed.course().can_wait(Source::Provider, bed.now + Span::from_secs(secs));
    // Its own look is due ten seconds later.
    for (secs, can) in [(0, true), (6, true), (7, false), (10, false), (60, false)] {
        assert_eq!(can_wait(&bed, secs), can, "after {secs} s");
    }
    assert!(!can_wait(&Bed::landed().sees([ours(State::Building)]), 0), "what becomes of it is news each time");
    // A clock that was set back has put the last answer behind the next look.
    let mut set_back = bed;
    set_back.watch.courses[0].lead.good_answer_at = Some(at(1_000_000));
    assert!(!can_wait(&set_back, 10));
}

#[test]
fn an_answer_is_repeated_only_by_one_that_tells_nothing_else_and_asks_for_no_pause() {
    let building = Snapshot { deployments: vec![ours(State::Building)], ..Snapshot::default() };
    let later = Snapshot { observed_at: at(60), latency: Span::from_secs(1), ..building.clone() };
    assert!(later.repeats(&building));
    let changes: [fn(&mut Snapshot); 6] = [
        |snapshot| snapshot.deployments[0].state = State::Deploying,
        |snapshot| snapshot.deployments.clear(),
        |snapshot| snapshot.frozen = Some("pinned".to_owned()),
        |snapshot| snapshot.remarks.push("another repository".to_owned()),
        |snapshot| snapshot.rate.not_before = Some(at(120)),
        |snapshot| (snapshot.rate.remaining, snapshot.rate.limit) = (Some(1), Some(100)),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut other = later.clone();
        change(&mut other);
        assert!(!other.repeats(&building), "change {number}");
    }
}

#[test]
fn the_user_can_stop_a_watch() {
    let stopped = Bed::landed().sees([ours(State::Building)]).give(Input::Stopped);
    assert_eq!(stopped.verdict(), (Some(Verdict::Stopped), Reason::StoppedByUser));
    assert!(stopped.watch.is_over());
    let superseded = Bed::landed().sees([rollout("x", NEWER, State::Building)]).give(Input::Stopped);
    assert_eq!(superseded.verdict().0, Some(Verdict::Superseded), "decided is decided");
    assert!(superseded.watch.is_over());
    let live = Bed::landed().sees([serving("ours", OURS)]);
    assert_eq!(live.clone().give(Input::Stopped).watch, live.watch);
}

#[test]
fn a_stop_stands_whatever_becomes_of_the_landing() {
    let stopped = Bed::pushing().give(Input::Landing(LandingSeen::GitGone)).give(Input::Stopped);
    assert!(stopped.watch.is_over() && !stopped.watch.wants_landing());
    assert_eq!(stopped.clone().after(400).tick().watch, stopped.watch);
    assert_eq!(stopped.lands().verdict().0, Some(Verdict::Stopped));
}

#[test]
fn a_look_that_was_on_its_way_does_not_undo_a_stop() {
    let mut stopped = Bed::landed().give(Input::Stopped);
    let underway = Seen::of([ours(State::Building)]).with(|s| s.latency = Span::from_secs(6));
    assert_eq!(stopped.clone().sees_all(&underway).watch, stopped.watch);
    stopped = stopped.sees([ours(State::Building)]);
    assert_eq!(stopped.verdict(), (None, Reason::BuildRunning), "somebody asked again");
}

#[test]
fn giving_up_is_taken_back_by_evidence_and_by_nothing_else() {
    let no_deploy = Bed::landed().after(300).sees([]);
    let timeout = Bed::landed().sees([ours(State::Building)]).after(90 * 60).tick();
    let unobservable = Bed::landed().misses(down()).after(90 * 60).tick();
    for given_up in [no_deploy, timeout, unobservable] {
        let verdict = given_up.verdict().0.expect("given up");
        assert!(!verdict.is_by_evidence() && given_up.watch.is_over());
        let building = given_up.clone().sees([ours(State::Building)]);
        assert_eq!(building.verdict(), (None, Reason::BuildRunning), "{verdict}");
        assert!(building.watch.deadline > building.now, "it gets time again");
        assert_eq!(building.sees([serving("ours", OURS)]).verdict().0, Some(Verdict::Live), "{verdict}");
        let failed = given_up.clone().sees([ours(State::Failed)]);
        assert_eq!(failed.verdict().0, Some(Verdict::Failed), "{verdict}");
        assert!(given_up.clone().misses(denied()).watch == given_up.watch, "{verdict}");
    }
}

#[test]
fn a_good_answer_without_a_deployment_turns_unobservable_into_no_deploy() {
    let unobservable = Bed::landed().misses(down()).after(90 * 60).tick();
    assert_eq!(unobservable.sees([]).verdict().0, Some(Verdict::NoDeploy));
}

#[test]
fn a_superseded_watch_ends_at_its_deadline_as_what_it_is() {
    let superseded = Bed::landed().sees([rollout("x", NEWER, State::Building)]);
    let over = superseded.after(90 * 60).tick();
    assert_eq!(over.verdict().0, Some(Verdict::Superseded));
    assert!(over.watch.is_over());
    let asked_again = over.sees([serving("x", NEWER)]);
    assert_eq!(asked_again.verdict(), (Some(Verdict::Live), Reason::Contained));
}

#[test]
fn a_failed_watch_is_over_once_its_log_is_settled() {
    let log = |bed: Bed, log| bed.after(1).give(Input::Logged { target: target("web").name, log });
    let failed = Bed::landed().sees([ours(State::Failed)]);
    assert!(failed.watch.is_decided() && !failed.watch.is_over() && failed.watch.is_due(failed.now));
    let saved = log(failed.clone(), LogState::Saved("x.log".into()));
    assert!(saved.watch.is_over());
    assert_eq!(log(saved.clone(), LogState::None).watch, saved.watch, "a saved log stays");
    let mut tried = failed;
    for tries in 1..4 {
        tried = log(tried, LogState::Wanted(tries));
        assert_eq!(tried.course().wanted_log(), Some(tries));
        assert!(tried.course().lead.next_look > tried.now);
    }
    assert!(log(tried, LogState::Wanted(4)).watch.is_over(), "enough tries");
}

#[test]
fn a_mended_configuration_gives_the_watch_its_targets() {
    let trouble = |reason| Plan { aim: Aim::Trouble(reason, "run `afterpush init`".to_owned()), ..plan(&[]) };
    let bed = Bed::begin(push(Origin::Hook), trouble(Reason::NotConfigured)).lands();
    assert_eq!((bed.verdict(), bed.outlook().exit_code), ((None, Reason::NotConfigured), exit::CONFIG));
    assert!(bed.watch.wants_configuration() && bed.watch.next_look <= bed.now + Span::from_secs(10));
    let same = bed.clone().give(Input::Configured(Box::new(trouble(Reason::NotConfigured))));
    assert_eq!(same.watch, bed.watch);
    let policy = Policy { timeout: Span::from_mins(10), ..Policy::default() };
    let warnings = vec![Warning { code: "w".to_owned(), message: "a remark".to_owned() }];
    let mended = bed.clone().give(Input::Configured(Box::new(Plan { policy, warnings, ..plan(&["web"]) })));
    assert_eq!(mended.verdict(), (None, Reason::WaitingForDeployment));
    assert_eq!((mended.watch.deadline, mended.watch.warnings.len()), (at(600), 1));
    let nowhere = bed.clone().give(Input::Configured(Box::new(plan(&[]))));
    assert_eq!(nowhere.verdict(), (Some(Verdict::Skipped), Reason::BranchNotDeployed));
    let never = bed.after(90 * 60).tick();
    assert_eq!(never.verdict(), (Some(Verdict::Unobservable), Reason::NotConfigured));
}

#[test]
fn only_the_targets_that_wait_for_the_user_are_configured_anew() {
    let mended = |name: &str| Target { token: TokenSource::Env("TOKEN".to_owned()), ..target(name) };
    let aim = || {
        Aim::Targets(
            ["web", "api"].map(|n| Aimed { target: mended(n), untouched: false, habits: Habits::default() }).to_vec(),
        )
    };
    let bed = Bed::of(push(Origin::Reflog), &["web", "api"]).misses(denied());
    let bed = bed.give(Input::Configured(Box::new(Plan { aim: aim(), ..plan(&[]) })));
    let tokens: Vec<_> = bed.watch.courses.iter().map(|course| course.target.token.clone()).collect();
    assert_eq!(tokens, [TokenSource::Env("TOKEN".to_owned()), TokenSource::Chain]);
    assert_eq!(bed.verdict(), (None, Reason::WaitingForDeployment));
}

#[test]
fn a_push_that_touches_no_path_of_a_target_is_skipped_there() {
    let aimed = |name, untouched| Aimed { target: target(name), untouched, habits: Habits::default() };
    let both = vec![aimed("web", true), aimed("api", false)];
    let bed = Bed::begin(push(Origin::Reflog), Plan { aim: Aim::Targets(both), ..plan(&[]) });
    assert_eq!(bed.course().verdict, Some(Verdict::Skipped));
    assert_eq!(bed.verdict(), (None, Reason::WaitingForDeployment));
    let only = Bed::begin(push(Origin::Hook), Plan { aim: Aim::Targets(vec![aimed("web", true)]), ..plan(&[]) });
    assert_eq!(only.verdict(), (Some(Verdict::Skipped), Reason::PathsUntouched));
    assert!(only.watch.is_over());
}
