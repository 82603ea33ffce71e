//! The keeper's decisions, without a clock, a network or a disk.

use super::*;
use crate::insight::Habits;
use crate::push::{RefName, RemoteName};
use crate::watch::{
    Aim, Aimed, Beginning, Deployment, Misheard, Origin, Particulars, Policy, Proof, Push, Reason, State, TokenSource,
    Verdict,
};

const START: Timestamp = Timestamp::from_secs(1_790_000_000);

fn sha(digit: char) -> Sha {
    digit.to_string().repeat(40).parse().expect("an object id")
}

fn target(app: &str) -> Target {
    Target {
        name: TargetName::new(app),
        provider: "digitalocean".to_owned(),
        app: app.to_owned(),
        base_url: "http://127.0.0.1:1".to_owned(),
        token: TokenSource::Chain,
        paths: Vec::new(),
        environment: None,
        health: None,
        database: None,
        particulars: Particulars::default(),
    }
}

fn landed(digit: char, app: &str) -> Happening {
    opened(digit, Aim::Targets(vec![Aimed { target: target(app), untouched: false, habits: Habits::default() }]))
}

fn opened(digit: char, aim: Aim) -> Happening {
    let push = Push {
        at: START,
        remote: RemoteName::new("origin"),
        url: None,
        ref_name: RefName::of_branch("main"),
        old: None,
        commits: None,
        forced: None,
        origin: Origin::Reflog,
        git: None,
        moved: false,
    };
    let id = RequestId::of_reflog(&sha(digit), START);
    let beginning = Beginning { id, sha: sha(digit), attempt: 1, push, subject: None, worktree: None };
    let begun = Watch::begin(beginning, Plan { aim, policy: Policy::default(), warnings: Vec::new() }, START);
    Happening::Opened(Box::new(begun.watch), begun.happened)
}

fn rollout(digit: char, state: State) -> Deployment {
    Deployment {
        id: format!("d-{digit}"),
        state,
        raw_state: format!("{state:?}"),
        commits: vec![crate::watch::CommitMark {
            sha: sha(digit).as_str().to_owned(),
            quality: crate::watch::Quality::Exact,
            part: None,
        }],
        branch: Some("main".to_owned()),
        environment: None,
        created_at: Some(START),
        updated_at: None,
        is_live: Some(state == State::Succeeded),
        was_live: None,
        cause: crate::watch::Cause::Push,
        done_steps: None,
        step: None,
        reason: None,
        url: None,
    }
}

fn looked(app: &str, deployments: Vec<Deployment>, at: Timestamp) -> Happening {
    let snapshot = Snapshot { observed_at: at, deployments, ..Snapshot::default() };
    let ids = "123".chars().map(|digit| (RequestId::of_reflog(&sha(digit), START), Kin::default()));
    Happening::Looked(
        Place::App(Box::new(App::of(&target(app)))),
        Ok(Box::new(Seen { answer: Answered::Deployments(Box::new(snapshot)), kin: ids.collect() })),
    )
}

/// What is to be done, one word each, in the order it was said.
fn words(actions: &[Action]) -> Vec<String> {
    let word = |action: &Action| match action {
        Action::Save { watch, .. } => format!("save {}", &watch.sha.as_str()[..1]),
        Action::Prove { .. } => "prove".to_owned(),
        Action::Look { target, watches, .. } => format!("look {} for {}", target.name, watches.len()),
        Action::FetchLog { target, .. } => format!("log {target}"),
        Action::Reconfigure(_) => "reconfigure".to_owned(),
    };
    actions.iter().map(word).collect()
}

/// The verdicts that are to be saved, by commit.
fn verdicts(actions: &[Action]) -> Vec<(char, Option<Verdict>)> {
    let saved = actions.iter().filter_map(|action| match action {
        Action::Save { watch, .. } => Some((watch.sha.as_str().chars().next()?, crate::watch::outlook(watch).verdict)),
        _ => None,
    });
    saved.collect()
}

#[test]
fn all_watches_of_an_app_share_one_look_and_its_answer() {
    let mut keeper = Keeper::default();
    assert_eq!(words(&keeper.handle(landed('1', "web"), START)), ["save 1", "look web for 1"]);
    // A look is under way: the second watch waits for its answer instead of asking beside it.
    assert_eq!(words(&keeper.handle(landed('2', "web"), START)), ["save 2"]);
    assert_eq!(words(&keeper.handle(landed('3', "api"), START)), ["save 3", "look api for 1"]);
    let at = START + Span::from_secs(1);
    let running = vec![rollout('2', State::Building), rollout('1', State::Building)];
    keeper.handle(looked("web", running, at), at);
    let due = keeper.next_due().expect("two watches of web wait");
    assert_eq!(words(&keeper.handle(Happening::Clock, due + Span::from_secs(60))), ["look web for 2"]);
}

#[test]
fn a_verdict_ends_the_watch_and_the_last_one_leaves_nothing_to_do() {
    let mut keeper = Keeper::default();
    keeper.handle(landed('1', "web"), START);
    let actions = keeper.handle(looked("web", vec![rollout('1', State::Succeeded)], START), START);
    assert_eq!(verdicts(&actions), [('1', Some(Verdict::Live))]);
    assert!(keeper.is_idle());
    assert_eq!(keeper.next_due(), None);
}

#[test]
fn a_failed_deployment_is_kept_until_its_log_is_settled() {
    let mut keeper = Keeper::default();
    keeper.handle(landed('1', "web"), START);
    let actions = keeper.handle(looked("web", vec![rollout('1', State::Failed)], START), START);
    assert_eq!(words(&actions).last().map(String::as_str), Some("log web"));
    assert!(!keeper.is_idle());
    let id = RequestId::of_reflog(&sha('1'), START);
    keeper.handle(Happening::Logged(id, TargetName::new("web"), LogState::None), START);
    assert!(keeper.is_idle());
}

#[test]
fn after_a_sleep_everything_is_looked_at_before_a_deadline_is_judged() {
    let mut keeper = Keeper::default();
    keeper.handle(landed('1', "web"), START);
    keeper.handle(looked("web", Vec::new(), START), START);
    let morning = START + Span::from_hours(10);
    let actions = keeper.handle(Happening::Slept(Span::from_hours(1)), morning);
    assert_eq!(words(&actions), ["save 1", "look web for 1"]);
    assert!(verdicts(&actions).iter().all(|(_, verdict)| verdict.is_none()));
    // Hours late by the clock, and yet the answer decides, not the deadline.
    let actions = keeper.handle(looked("web", vec![rollout('1', State::Succeeded)], morning), morning);
    assert_eq!(verdicts(&actions).last(), Some(&('1', Some(Verdict::Live))));
}

#[test]
fn a_landing_is_proven_once_at_a_time() {
    let mut keeper = Keeper::default();
    let Happening::Opened(mut watch, events) = landed('1', "web") else { unreachable!("made so above") };
    watch.landing = crate::watch::Landing::Unproven { git_gone: false };
    watch.push.origin = Origin::Hook;
    let id = watch.id.clone();
    let actions = keeper.handle(Happening::Opened(watch, events), START);
    assert_eq!(words(&actions)[..2], ["save 1", "prove"]);
    let later = START + Span::from_secs(20);
    assert!(!words(&keeper.handle(Happening::Clock, later)).contains(&"prove".to_owned()));
    keeper.handle(Happening::Landing(id, LandingSeen::Proven(Proof::TrackingRef)), later);
    let due = keeper.next_due().expect("the deployment is waited for");
    assert_eq!(words(&keeper.handle(Happening::Clock, due)), ["look web for 1"]);
}

#[test]
fn what_waits_for_the_user_is_read_anew_when_a_request_comes() {
    let mut keeper = Keeper::default();
    let trouble = || Aim::Trouble(Reason::NotConfigured, "no target".to_owned());
    keeper.handle(opened('1', trouble()), START);
    let id = RequestId::of_reflog(&sha('1'), START);
    let plan = |aim| Box::new(Plan { aim, policy: Policy::default(), warnings: Vec::new() });
    keeper.handle(Happening::Configured(id.clone(), plan(trouble())), START);
    assert_eq!(words(&keeper.handle(Happening::Nudged, START)), ["reconfigure"]);
    assert!(keeper.handle(Happening::Nudged, START).is_empty());
    let aim = Aim::Targets(vec![Aimed { target: target("web"), untouched: false, habits: Habits::default() }]);
    let actions = keeper.handle(Happening::Configured(id, plan(aim)), START);
    assert_eq!(words(&actions), ["save 1", "look web for 1"]);
}

#[test]
fn a_decided_watch_somebody_asks_about_is_looked_at_once_and_let_go() {
    let mut keeper = Keeper::default();
    keeper.handle(landed('1', "web"), START);
    let stopped = keeper.handle(Happening::Stopped(None), START);
    keeper.handle(looked("web", Vec::new(), START), START);
    let Some(Action::Save { watch, .. }) = stopped.into_iter().next() else { panic!("stopping changes the watch") };
    assert!(keeper.is_idle());
    assert_eq!(words(&keeper.handle(Happening::Revisited(watch), START)), ["look web for 1"]);
    keeper.handle(looked("web", Vec::new(), START), START);
    assert!(keeper.is_idle());
}

#[test]
fn a_look_that_brings_nothing_is_a_miss_for_each_watch_and_the_end_of_none() {
    let mut keeper = Keeper::default();
    keeper.handle(landed('1', "web"), START);
    let miss = Miss::Misheard(Misheard::Garbled("HTML".to_owned()));
    let actions = keeper.handle(Happening::Looked(Place::App(Box::new(App::of(&target("web")))), Err(miss)), START);
    assert_eq!(verdicts(&actions), [('1', None)]);
    assert!(keeper.next_due().is_some_and(|due| due > START));
}

#[test]
fn targets_that_are_asked_differently_share_no_look() {
    let mut keeper = Keeper::default();
    let mut runs = target("web");
    runs.particulars.workflow = Some("deploy.yml".to_owned());
    let environment = Target { environment: Some("production".to_owned()), ..target("web") };
    for (digit, target) in [('1', runs), ('2', environment)] {
        let aim = Aim::Targets(vec![Aimed { target: target.clone(), untouched: false, habits: Habits::default() }]);
        let actions = keeper.handle(opened(digit, aim), START);
        let looks = actions.iter().filter_map(|action| match action {
            Action::Look { place, watches, want, .. } => Some((place.clone(), watches.len(), want.branches.clone())),
            _ => None,
        });
        let expected = [(Place::App(Box::new(App::of(&target))), 1, vec!["main".to_owned()])];
        assert_eq!(looks.collect::<Vec<_>>(), expected);
    }
    let renamed = Target { name: TargetName::new("other"), paths: vec!["web/**".to_owned()], ..target("web") };
    assert_eq!(App::of(&renamed), App::of(&target("web")));
}
