//! The table of exit codes, over verdicts, stages and targets.

use super::*;
use crate::push::Sha;
use crate::status::{Timeline, Unwatched, unwatched};

fn sha() -> Sha {
    "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334".parse().expect("an id")
}

fn target(name: &str, phase: Phase, verdict: Option<Verdict>, reason: Reason) -> Target {
    Target {
        name: name.to_owned(),
        provider: "digitalocean".to_owned(),
        phase: phase.into(),
        verdict: verdict.map(Into::into),
        reason: reason.into(),
        message: format!("about {reason}"),
        deployment: None,
        progress: None,
        timeline: Timeline::default(),
        served: None,
        observations: Vec::new(),
    }
}

/// A document that stands where its first target stands.
fn document(targets: Vec<Target>) -> Document {
    let mut document = unwatched(&sha(), None, &Unwatched::NotTracked);
    stand_at(&mut document, &targets[0]);
    document.targets = targets;
    document
}

fn asked(target: Option<&str>, ok: &[Verdict]) -> Subject {
    Subject { rev: "HEAD".to_owned(), target: target.map(str::to_owned), ok: ok.to_vec() }
}

fn code(subject: &Subject, document: Document) -> u8 {
    answer_to(subject, document).expect("an answer").exit_code
}

#[test]
fn each_verdict_has_its_exit_code() {
    let table = Verdict::ALL.map(|verdict| {
        let document = document(vec![target("web", Phase::Building, Some(verdict), Reason::Network)]);
        (verdict.as_str(), code(&asked(None, &[]), document))
    });
    let expected = [
        ("live", 0),
        ("failed", 1),
        ("unhealthy", 1),
        ("canceled", 1),
        ("rolled_back", 1),
        ("no_deploy", 3),
        ("skipped", 3),
        ("not_pushed", 3),
        ("superseded", 6),
        ("unobservable", 5),
        ("stopped", 5),
        ("timeout", 124),
    ];
    assert_eq!(table, expected);
}

#[test]
fn without_a_verdict_it_is_running_or_the_users_turn_or_nobodys() {
    let running = |reason| code(&asked(None, &[]), document(vec![target("web", Phase::Queued, None, reason)]));
    assert_eq!(running(Reason::DeployQueued), exit::RUNNING);
    assert_eq!(running(Reason::CredentialsRefused), exit::CONFIG);
    assert_eq!(code(&asked(None, &[]), unwatched(&sha(), None, &Unwatched::NotTracked)), exit::NOT_WATCHED);
    let elsewhere = Unwatched::BranchNotDeployed("docs".to_owned());
    assert_eq!(code(&asked(None, &[]), unwatched(&sha(), None, &elsewhere)), exit::NOTHING);
}

#[test]
fn a_verdict_that_is_ok_ends_with_zero_and_no_other_does() {
    let superseded = || document(vec![target("web", Phase::Building, Some(Verdict::Superseded), Reason::NewerCommit)]);
    assert_eq!(code(&asked(None, &[Verdict::Superseded, Verdict::Skipped]), superseded()), exit::OK);
    assert_eq!(code(&asked(None, &[Verdict::Skipped]), superseded()), exit::SUPERSEDED);
    let running = document(vec![target("web", Phase::Building, None, Reason::BuildRunning)]);
    assert_eq!(code(&asked(None, &Verdict::ALL), running), exit::RUNNING);
}

#[test]
fn one_target_of_several_is_judged_alone() {
    let both = || {
        document(vec![
            target("web", Phase::Building, Some(Verdict::Failed), Reason::BuildFailed),
            target("api", Phase::Deploying, None, Reason::DeployRunning),
        ])
    };
    assert_eq!(code(&asked(None, &[]), both()), exit::NO);
    let api = answer_to(&asked(Some("api"), &[]), both()).expect("an answer");
    assert_eq!((api.exit_code, api.done, api.targets.len()), (exit::RUNNING, false, 1));
    assert_eq!(code(&asked(Some("web"), &[]), both()), exit::NO);
    let failure = answer_to(&asked(Some("wbe"), &[]), both()).expect_err("no such target");
    assert_eq!((failure.code(), failure.hint.as_deref()), (exit::USAGE, Some("it is watched on: web, api")));
}

#[test]
fn the_end_of_the_push_holds_for_each_target() {
    let mut stopped = document(vec![
        target("web", Phase::Building, None, Reason::BuildRunning),
        target("api", Phase::Building, None, Reason::BuildRunning),
    ]);
    stopped.verdict = Some(Verdict::Stopped.into());
    stopped.done = true;
    stopped.exit_code = exit::UNKNOWN;
    assert_eq!(code(&asked(Some("api"), &[]), stopped), exit::UNKNOWN);
}

#[test]
fn a_stage_is_enough_once_every_target_has_reached_it() {
    let at = |phases: &[Phase]| {
        let targets = phases.iter().map(|phase| target("web", *phase, None, Reason::BuildRunning));
        document(targets.collect())
    };
    let waited = |document: &Document, stage| verdict_for(document, Some(stage));
    assert_eq!(waited(&at(&[Phase::Registering]), Stage::Registered), None);
    assert_eq!(waited(&at(&[Phase::Queued]), Stage::Registered), Some(exit::OK));
    assert_eq!(waited(&at(&[Phase::Deploying]), Stage::Built), Some(exit::OK));
    assert_eq!(waited(&at(&[Phase::Deploying, Phase::Building]), Stage::Built), None);
    // Built and not serving yet is not live.
    assert_eq!(waited(&at(&[Phase::Verifying]), Stage::Live), None);
    assert_eq!(verdict_for(&at(&[Phase::Verifying]), None), None);
    let failed = document(vec![target("web", Phase::Deploying, Some(Verdict::Failed), Reason::DeployFailed)]);
    assert_eq!(waited(&failed, Stage::Built), Some(exit::NO));
    let refused = document(vec![target("web", Phase::Queued, None, Reason::CredentialsRefused)]);
    assert_eq!(waited(&refused, Stage::Live), Some(exit::CONFIG));
}
