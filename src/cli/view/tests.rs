//! Every screen for every phase and verdict, drawn at one fixed moment.

use super::*;
use crate::status::{Next, Unwatched, events_between, unwatched};
use crate::watch::{Phase, Reason};

const SHA: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334";
const NEWER: &str = "77aa001122334455667788990011223344556677";

fn now() -> Timestamp {
    "2026-11-20T15:04:03Z".parse().expect("a time")
}

const PLAIN: Style = Style { width: 80, ascii: false };
const ASCII: Style = Style { width: 80, ascii: true };

/// A commit being built on one target.
fn building() -> Document {
    let text = format!(
        r#"{{"schema":"afterpush.status/1",
        "commit":{{"sha":"{SHA}","short":"a1b2c3d","subject":"fix(cart): round totals","is_head":true}},
        "push":{{"at":"2026-11-20T15:02:11Z","remote":"origin","ref":"refs/heads/main","old":null,"commits":3,
                 "forced":false,"confirmed":true}},
        "attempt":1,"phase":"building","verdict":null,"done":false,"exit_code":8,
        "reason":"build_running","message":"step 2 of 5: npm run build","via":null,
        "targets":[{{"name":"web","provider":"digitalocean","phase":"building","verdict":null,"reason":"build_running",
          "message":"step 2 of 5: npm run build",
          "deployment":{{"id":"3f9c1d2","url":null,"sha":"{SHA}","cause":"push"}},
          "progress":{{"done":2,"total":5,"step":"npm run build"}},
          "timeline":{{"pushed_at":"2026-11-20T15:02:11Z","registered_at":"2026-11-20T15:02:17Z",
             "building_at":"2026-11-20T15:02:19Z","deploying_at":null,"deployed_at":null,"healthy_at":null,
             "decided_at":null}},
          "observations":[]}}],
        "monitor":{{"pid":4711}},"observed_at":"2026-11-20T15:04:01Z","stale_after":"2026-11-20T15:05:01Z"}}"#
    );
    Document::parse(text.as_bytes()).expect("a document").seen(now(), None)
}

fn at(text: &str) -> Timestamp {
    format!("2026-11-20T{text}Z").parse().expect("a time")
}

fn phase(phase: Phase, reason: Reason) -> Document {
    let mut document = building();
    document.phase = Some(phase.into());
    document.reason = reason.into();
    document.message = format!("about {reason}");
    let target = &mut document.targets[0];
    (target.phase, target.reason) = (phase.into(), reason.into());
    target.message.clone_from(&document.message);
    let times = &mut target.timeline;
    if phase < Phase::Building {
        times.building_at = None;
        target.progress = None;
    }
    if phase < Phase::Queued {
        times.registered_at = None;
        target.deployment = None;
    }
    if phase >= Phase::Deploying {
        times.deploying_at = Some(at("15:03:15"));
    }
    if phase >= Phase::Verifying {
        times.deployed_at = Some(at("15:03:57"));
        target.progress = None;
    }
    document
}

fn ended(verdict: Verdict, reached: Phase, reason: Reason) -> Document {
    let mut document = phase(reached, reason);
    document.verdict = Some(verdict.into());
    document.done = true;
    document.exit_code = verdict.exit_code();
    document.stale_after = None;
    document.targets[0].verdict = Some(verdict.into());
    document.targets[0].timeline.decided_at = Some(at("15:04:00"));
    document.targets[0].progress = None;
    document.seen(now(), None)
}

fn via(mut document: Document) -> Document {
    document.via = Some(NEWER.parse().expect("an id"));
    document
}

fn failed() -> Document {
    let mut document = ended(Verdict::Failed, Phase::Building, Reason::BuildFailed);
    document.failure = Some(crate::status::Failure {
        phase: Phase::Building.into(),
        code: Reason::BuildFailed.into(),
        summary: "npm run build exited 2".to_owned(),
        log_path: Some("/r/.git/afterpush/u0/logs/a1b2c3d-web.log".to_owned()),
        log_url: Some("https://cloud.example.com/apps/1/deployments/3f9c1d2".to_owned()),
        log_excerpt: Some(vec![
            "> tsc -p .".to_owned(),
            "src/cart.ts(41,7): error TS2322: Type 'string' is not assignable to type 'number' in this place"
                .to_owned(),
        ]),
    });
    document
}

/// An end of the whole push, which no target has.
fn above(verdict: Verdict, reason: Reason, message: &str) -> Document {
    let mut document = phase(Phase::Pushing, Reason::PushRunning);
    document.verdict = Some(verdict.into());
    document.done = true;
    document.exit_code = verdict.exit_code();
    document.reason = reason.into();
    message.clone_into(&mut document.message);
    document.seen(now(), None)
}

fn two_targets() -> Document {
    let mut document = building();
    let mut api = document.targets[0].clone();
    api.name = "api".to_owned();
    api.phase = Phase::Soaking.into();
    api.verdict = Some(Verdict::Live.into());
    api.reason = Reason::DeployedLive.into();
    api.progress = None;
    api.timeline.deploying_at = Some(at("15:02:40"));
    api.timeline.deployed_at = Some(at("15:03:00"));
    document.targets.push(api);
    document
}

fn refused() -> Document {
    let mut document = phase(Phase::Registering, Reason::CredentialsRefused);
    document.exit_code = exit::CONFIG;
    document.message = "api.digitalocean.com refuses the token (401)".to_owned();
    document.seen(now(), None)
}

fn stale() -> Document {
    let mut document = building();
    document.stale_after = Some(at("15:03:00"));
    document.observed_at = Some(at("15:02:00"));
    document.seen(now(), None)
}

fn warned() -> Document {
    let mut document = building();
    document.warnings.push(crate::watch::Warning {
        code: "other_repository".to_owned(),
        message: "the app deploys from another repository".to_owned(),
    });
    document
}

fn all() -> Vec<(&'static str, Document)> {
    let sha = SHA.parse().expect("an id");
    vec![
        ("pushing", phase(Phase::Pushing, Reason::PushRunning)),
        ("registering", phase(Phase::Registering, Reason::WaitingForDeployment)),
        ("queued", phase(Phase::Queued, Reason::WaitingForApproval)),
        ("building", building()),
        ("deploying", phase(Phase::Deploying, Reason::DeployRunning)),
        ("verifying", phase(Phase::Verifying, Reason::NotServing)),
        ("soaking", ended(Verdict::Live, Phase::Soaking, Reason::DeployedLive)),
        ("two targets", two_targets()),
        ("warned", warned()),
        ("stale", stale()),
        ("live", ended(Verdict::Live, Phase::Verifying, Reason::DeployedLive)),
        ("live via", via(ended(Verdict::Live, Phase::Queued, Reason::Contained))),
        ("failed", failed()),
        ("failed via", via(ended(Verdict::Failed, Phase::Queued, Reason::NewerFailed))),
        ("unhealthy", ended(Verdict::Unhealthy, Phase::Verifying, Reason::NotServing)),
        ("canceled", ended(Verdict::Canceled, Phase::Building, Reason::CanceledByProvider)),
        ("rolled_back", ended(Verdict::RolledBack, Phase::Soaking, Reason::OlderLiveAgain)),
        ("no_deploy", ended(Verdict::NoDeploy, Phase::Registering, Reason::NothingRegistered)),
        ("skipped", ended(Verdict::Skipped, Phase::Registering, Reason::PathsUntouched)),
        ("not_pushed", above(Verdict::NotPushed, Reason::RemoteAhead, "origin/main has commits this clone lacks")),
        ("superseded", via(ended(Verdict::Superseded, Phase::Queued, Reason::NewerCommit))),
        ("unobservable", ended(Verdict::Unobservable, Phase::Registering, Reason::Network)),
        ("stopped", above(Verdict::Stopped, Reason::StoppedByUser, "stopped on request")),
        ("timeout", ended(Verdict::Timeout, Phase::Building, Reason::TimeUp)),
        ("credentials refused", refused()),
        ("not tracked", unwatched(&sha, Some("wip"), &Unwatched::NotTracked)),
        ("branch not deployed", unwatched(&sha, Some("wip"), &Unwatched::BranchNotDeployed("docs".to_owned()))),
    ]
}

fn drawn(draw: impl Fn(&Document) -> Vec<String>) -> String {
    let part = |(name, document): &(&str, Document)| format!("[{name}]\n{}\n", draw(document).join("\n"));
    all().iter().map(part).collect::<Vec<_>>().join("\n")
}

fn plain(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| anstream::adapter::strip_str(&line).to_string()).collect()
}

#[test]
fn every_phase_and_verdict_has_a_screen() {
    insta::assert_snapshot!("screen", drawn(|document| plain(screen(document, &PLAIN, now()))));
    insta::assert_snapshot!("screen_ascii", drawn(|document| plain(screen(document, &ASCII, now()))));
}

#[test]
fn colors_repeat_what_the_words_say() {
    let shown = [building(), failed(), ended(Verdict::Live, Phase::Verifying, Reason::DeployedLive), stale()];
    let lines: Vec<_> = shown.iter().flat_map(|document| screen(document, &PLAIN, now())).collect();
    insta::assert_snapshot!("screen_color", lines.join("\n").replace('\u{1b}', "ESC"));
}

#[test]
fn ascii_screens_hold_nothing_else() {
    for (name, document) in all() {
        let lines = [screen(&document, &ASCII, now()), live_lines(&document, &ASCII, now())].concat();
        assert!(plain(lines).join("\n").is_ascii(), "{name}");
    }
}

#[test]
fn no_line_with_an_id_is_wider_than_the_terminal() {
    for (name, document) in all() {
        for line in plain(screen(&document, &PLAIN, now())).iter().skip(1) {
            assert!(unicode_width::UnicodeWidthStr::width(line.as_str()) <= 100, "{name}: {line}");
        }
    }
}

#[test]
fn scripts_get_rows_with_fixed_columns() {
    insta::assert_snapshot!("rows", drawn(|document| rows(document, now())));
    for (name, document) in all() {
        for row in rows(&document, now()) {
            assert_eq!(row.split('\t').count(), 8, "{name}: {row}");
        }
    }
}

#[test]
fn a_build_that_was_only_seen_failing_has_no_duration() {
    let build = |document: &Document| {
        let lines = plain(screen(document, &PLAIN, now()));
        lines.into_iter().find(|line| line.trim_start().starts_with("✗ build")).expect("the step")
    };
    let mut document = failed();
    assert!(build(&document).ends_with('s'), "{}", build(&document));
    let times = &mut document.targets[0].timeline;
    (times.registered_at, times.building_at) = (times.decided_at, None);
    assert_eq!(build(&document).trim(), "✗ build");
    document.targets[0].timeline.building_at = Some(at("15:04:00"));
    assert_eq!(build(&document).trim(), "✗ build", "as older versions wrote it");
}

#[test]
fn wait_says_it_in_one_line() {
    insta::assert_snapshot!("one_line", drawn(|document| plain(vec![one_line(document, &PLAIN, now())])));
}

#[test]
fn watch_redraws_a_few_lines() {
    insta::assert_snapshot!("live_lines", drawn(|document| plain(live_lines(document, &PLAIN, now()))));
}

#[test]
fn off_a_terminal_watch_says_each_change_once() {
    let mut broken = building();
    broken.targets[0].observations.push(crate::status::Observation {
        source: crate::watch::Source::Provider.into(),
        ok: false,
        value: None,
        observed_at: now(),
        latency_ms: None,
        error: Some("connection refused".to_owned()),
    });
    let story = [
        phase(Phase::Pushing, Reason::PushRunning),
        phase(Phase::Registering, Reason::WaitingForDeployment),
        broken,
        phase(Phase::Deploying, Reason::DeployRunning),
        ended(Verdict::Live, Phase::Verifying, Reason::DeployedLive),
    ];
    let mut lines = vec![opening(&story[0], Some(Span::from_mins(15)), now())];
    let (mut seen, mut seq) = (None, 0);
    for document in &story {
        lines.extend(events_between(seen, document, now(), &mut seq).iter().filter_map(change));
        seen = Some(document);
    }
    lines.push(heartbeat(&story[3], now()));
    let ending =
        |word: &str, code| Ending { word: word.to_owned(), code, message: "about it".to_owned(), gave_up: false };
    lines.push(done(&story[4], &ending("live", 0), now()));
    lines.push(done(&story[3], &ending("timeout", 124), now()));
    lines.push(done(&failed(), &ending("failed", 1), now()));
    insta::assert_snapshot!("stream", lines.join("\n"));
    insta::assert_json_snapshot!("last_event", last_event(&story[4], &ending("live", 0), now(), seq));
}

#[test]
fn a_list_has_a_line_a_commit() {
    let documents: Vec<_> = all().into_iter().map(|(_, document)| document).collect();
    insta::assert_snapshot!("table", plain(table(&documents, None, &PLAIN, now())).join("\n"));
    let names = vec!["shop".to_owned(), "blog".to_owned()];
    insta::assert_snapshot!("table_repos", plain(table(&documents[..2], Some(&names), &ASCII, now())).join("\n"));
    insta::assert_snapshot!("listed_row", listed_row(&documents[3], "/r/.git", now()));
    assert!(table(&[], None, &PLAIN, now()).is_empty());
}

#[test]
fn foreign_words_cannot_act_on_the_terminal() {
    let mut document = failed();
    document.next = vec![Next { command: "afterpush logs".to_owned(), when: "to see".to_owned() }];
    document.targets[0].deployment.as_mut().expect("one").id = "x\u{1b}[2Jy".to_owned();
    let lines = [screen(&document, &PLAIN, now()), rows(&document, now())].concat();
    let text = plain(lines).join("");
    assert!(!text.contains('\u{1b}'), "{text}");
}
