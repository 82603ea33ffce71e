//! Documents of every phase and verdict, and of commits nobody watches.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::base::{Span, Timestamp};
use crate::push::{Asked, GitProcess, PushNote, RefName, RefUpdate, RemoteName, Request, RequestId, Sha};
use crate::watch::{self, Ending, Event, EventKind, LogState, Origin, Phase, Reason, Verdict, Watch};

const FIRST: &str = include_str!("../../tests/fixtures/store/watch-1.json");

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_790_000_000) + Span::from_secs(secs)
}

fn sha(digit: char) -> Sha {
    digit.to_string().repeat(40).parse().expect("an object id")
}

fn deploying() -> Watch {
    serde_json::from_str(FIRST).expect("a watch")
}

fn drawn(watch: &Watch) -> Document {
    document(watch, &Surroundings { now: at(65), is_head: true, monitor_pid: Some(4711), quiet: Span::ZERO })
}

/// The reason that most often goes with a verdict.
fn usual_reason(verdict: Verdict) -> Reason {
    match verdict {
        Verdict::Live => Reason::DeployedLive,
        Verdict::Failed => Reason::BuildFailed,
        Verdict::Unhealthy => Reason::NotServing,
        Verdict::Canceled => Reason::CanceledByProvider,
        Verdict::RolledBack => Reason::OlderLiveAgain,
        Verdict::NoDeploy => Reason::NothingRegistered,
        Verdict::Skipped => Reason::PathsUntouched,
        Verdict::NotPushed => Reason::RemoteAhead,
        Verdict::Superseded => Reason::NewerCommit,
        Verdict::Unobservable => Reason::Network,
        Verdict::Stopped => Reason::StoppedByUser,
        Verdict::Timeout => Reason::TimeUp,
    }
}

fn with_verdict(verdict: Verdict) -> Watch {
    let mut watch = deploying();
    let course = &mut watch.courses[0];
    course.verdict = Some(verdict);
    course.reason = usual_reason(verdict);
    course.times.decided_at = Some(at(60));
    watch
}

fn failed() -> Watch {
    let mut watch = with_verdict(Verdict::Failed);
    watch.courses[0].phase = Phase::Building;
    watch.courses[0].failure = Some(watch::Failure {
        phase: Phase::Building,
        code: Reason::BuildFailed,
        summary: "npm run build exited 2\u{1b}[0m".to_owned(),
        log: LogState::Saved("/r/.git/afterpush/u0/logs/a1-web.log".into()),
        log_url: Some("https://cloud.digitalocean.com/apps/x".to_owned()),
    });
    watch
}

fn line(name: &str, document: &Document) -> String {
    let next: Vec<_> = document.next.iter().map(|next| format!("`{}` {}", next.command, next.when)).collect();
    let stale_after = document.stale_after.map_or("-".to_owned(), |after| after.to_string());
    let (done, code, reason) = (document.done, document.exit_code, &document.reason);
    format!(
        "{name}: {} done={done} exit={code} {reason} stale_after={stale_after}\n    {}",
        document.word(),
        next.join("; ")
    )
}

#[test]
fn a_document_of_every_phase() {
    let lines = Phase::ALL.into_iter().map(|phase| {
        let mut watch = deploying();
        watch.courses[0].phase = phase;
        line(phase.as_str(), &drawn(&watch))
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_document_of_every_verdict() {
    let lines = Verdict::ALL.into_iter().map(|verdict| line(verdict.as_str(), &drawn(&with_verdict(verdict))));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_running_deployment_in_full() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&drawn(&deploying())).expect("JSON"));
}

#[test]
fn a_failure_in_full() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&drawn(&failed())).expect("JSON"));
}

#[test]
fn commits_nobody_watches_in_full() {
    let of = |why| unwatched(&sha('b'), Some("docs\u{202e}"), &why);
    let both = [of(Unwatched::NotTracked), of(Unwatched::BranchNotDeployed("next".to_owned()))];
    insta::assert_snapshot!(serde_json::to_string_pretty(&both).expect("JSON"));
}

#[test]
fn what_is_wrong_with_the_configuration_says_what_to_do() {
    let lines = [
        Reason::NotConfigured,
        Reason::ConfigInvalid,
        Reason::CredentialsMissing,
        Reason::CredentialsRefused,
        Reason::AppNotFound,
    ]
    .map(|reason| {
        let mut watch = deploying();
        watch.courses.clear();
        watch.trouble = Some((reason, "trouble".to_owned()));
        line(reason.as_str(), &drawn(&watch))
    });
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn while_the_user_has_to_mend_something_nobody_is_told_how_long_it_usually_takes() {
    let past = |secs| crate::insight::Past { total: Span::from_secs(secs), ..Default::default() };
    let mut watch = deploying();
    watch.courses[0].habits = crate::insight::Habits::new(vec![past(60), past(70), past(80)]);
    assert!(drawn(&watch).eta.is_some());
    watch.courses[0].reason = Reason::CredentialsMissing;
    assert_eq!(drawn(&watch).eta, None);
}

#[test]
fn a_push_that_was_refused_says_how_to_go_on() {
    let lines = [Reason::RemoteAhead, Reason::DryRun, Reason::Rejected, Reason::NotOnRemote].map(|reason| {
        let mut watch = deploying();
        let message = "refused".to_owned();
        watch.ending = Some(Ending { verdict: Verdict::NotPushed, reason, message, at: at(3) });
        line(reason.as_str(), &drawn(&watch))
    });
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_superseded_commit_leads_on_to_the_newer_one_and_never_to_itself() {
    let mut watch = with_verdict(Verdict::Superseded);
    let suggested = |watch: &Watch| drawn(watch).next[0].command.clone();
    assert_eq!(suggested(&watch), "afterpush list", "the provider's short id of the newer one names no commit here");
    watch.courses[0].via = Some(watch.sha.clone());
    assert_eq!(suggested(&watch), "afterpush list");
    watch.courses[0].via = Some(sha('b'));
    assert_eq!(suggested(&watch), "afterpush wait bbbbbbb");
}

#[test]
fn a_source_that_fell_silent_is_warned_of_until_it_answers_or_all_is_decided() {
    let mut watch = deploying();
    let course = &mut watch.courses[0];
    (course.lead.misses, course.lead.miss, course.lead.good_answer_at) = (1, Some(Reason::Network), Some(at(0)));
    course.observations[0].ok = false;
    course.observations[0].error = Some("no answer from digitalocean: connection refused".to_owned());
    let warned = |watch: &Watch| drawn(watch).warnings.iter().find(|w| w.code == "source_silent").cloned();
    assert_eq!(warned(&watch), None, "one miss is nothing");
    watch.courses[0].lead.misses = 2;
    let message = warned(&watch).expect("a warning").message;
    assert_eq!(message, "no good answer from digitalocean since 14:13:20Z (connection refused); last known: deploying");
    let before = drawn(&deploying());
    let silent = drawn(&watch);
    assert_eq!((silent.phase, silent.verdict, silent.reason), (before.phase, before.verdict, before.reason));
    let mut unheard = watch.clone();
    unheard.courses[0].lead.good_answer_at = None;
    assert!(warned(&unheard).expect("a warning").message.contains("from digitalocean yet (connection refused)"));
    watch.courses[0].verdict = Some(Verdict::Stopped);
    assert_eq!(warned(&watch), None);
}

#[test]
fn a_tracked_commit_has_no_time_of_push() {
    let mut watch = deploying();
    Arc::make_mut(&mut watch.push).origin = Origin::Track;
    assert_eq!(drawn(&watch).push.expect("a push").at, None);
}

#[test]
fn a_reader_judges_staleness_for_itself() {
    let document = drawn(&deploying());
    let after = document.stale_after.expect("unfinished");
    assert_eq!(after, at(69 + 60), "a minute after the look that is due");
    assert!(!document.clone().seen(after, None).stale);
    let late = document.seen(after + Span::from_secs(1), None);
    assert!(late.stale && !late.commit.is_head);
    assert_eq!(late.next[0].command, "afterpush wait a1b2c3d");
    let done = drawn(&with_verdict(Verdict::Live)).seen(at(1_000_000), Some(&deploying().sha));
    assert!(!done.stale && done.commit.is_head);
}

#[test]
fn empty_damaged_and_foreign_files_are_unknown_never_a_success() {
    for empty in [b"".as_slice(), b" \n", &[0; 4096]] {
        assert_eq!(Document::parse(empty), Err(Unreadable::Empty));
    }
    let whole = drawn(&with_verdict(Verdict::Live)).to_bytes();
    for cut in 1..whole.len() - 1 {
        assert!(matches!(Document::parse(&whole[..cut]), Err(Unreadable::Damaged(_))), "cut at {cut}");
    }
    let other = String::from_utf8(whole).expect("text").replace("afterpush.status/1", "afterpush.status/2");
    assert_eq!(Document::parse(other.as_bytes()), Err(Unreadable::OtherSchema("afterpush.status/2".to_owned())));
    let strange = Document::parse(br#"{"schema":"afterpush.status/2","commit":7}"#);
    assert_eq!(strange, Err(Unreadable::OtherSchema("afterpush.status/2".to_owned())));
}

#[test]
fn only_what_others_worded_is_made_clean() {
    let document = drawn(&failed());
    let cleaned = document.clone().cleaned(|_| "clean".to_owned());
    let failure = cleaned.failure.as_ref().expect("a failure");
    assert_eq!((cleaned.message.as_str(), failure.summary.as_str()), ("clean", "clean"));
    assert_eq!(cleaned.commit.subject.as_deref(), document.commit.subject.as_ref().map(|_| "clean"));
    assert!(
        cleaned
            .targets
            .iter()
            .flat_map(|target| &target.observations)
            .all(|seen| { seen.value.iter().chain(&seen.error).all(|words| words == "clean") })
    );
    let words = |document: &Document| (document.phase.clone(), document.verdict.clone(), document.reason.clone());
    assert_eq!(words(&Document::parse(&cleaned.to_bytes()).expect("readable")), words(&document));
}

#[test]
fn words_and_keys_of_a_newer_writer_are_lived_with() {
    let text = String::from_utf8(drawn(&deploying()).to_bytes()).expect("text");
    let newer = text.replace("\"deploying\"", "\"teleporting\"").replacen('{', "{\"new_key\":[1],", 1);
    let newer = newer.replace("\"verdict\":null", "\"verdict\":\"blessed\"");
    let document = Document::parse(newer.as_bytes()).expect("readable");
    assert_eq!(document.phase.as_ref().and_then(Word::known), None);
    assert_eq!(document.word(), "blessed");
    assert_eq!(document.seen(at(66), None).next, []);
}

#[test]
fn a_request_in_the_inbox_counts_as_being_pushed() {
    let update = RefUpdate { name: RefName::of_branch("main"), old: None, new: sha('b'), moved: false };
    let note = PushNote {
        remote: RemoteName::new("origin"),
        url: "https://example.com/a.git".to_owned(),
        refs: vec![update],
        git: None,
        worktree: None,
        cut: false,
    };
    let request = Request::new(uuid::Uuid::from_u128(1), at(0), Asked::Push(note.clone()));
    let document = requested(&sha('b'), None, &request);
    assert_eq!((document.word().as_str(), document.exit_code, document.done), ("pushing", 8, false));
    assert_eq!(document.push.expect("a push").ref_name, "refs/heads/main");
    let git = GitProcess { pid: 1, start_ticks: 1, pid_namespace: None, dry_run: true };
    let dry = Request { asked: Asked::Push(PushNote { git: Some(git), ..note }), ..request };
    let document = requested(&sha('b'), None, &dry);
    assert_eq!((document.message.as_str(), document.exit_code), ("a dry run was noted; nothing was pushed", 8));
}

#[test]
fn a_commit_below_a_live_tip_is_live_through_it() {
    let tip = drawn(&with_verdict(Verdict::Live));
    let below = inside(&sha('b'), Some("earlier"), &tip);
    assert_eq!((below.word().as_str(), below.exit_code), ("live", 0));
    assert_eq!((below.via, below.reason), (Some(tip.commit.sha), Reason::Contained.into()));
    let failing = inside(&sha('b'), None, &drawn(&failed()));
    assert_eq!((failing.word().as_str(), failing.exit_code), ("failed", 1));
    assert_eq!(failing.next[0].command, "afterpush logs a1b2c3d", "the log is the tip's");
}

#[test]
fn a_timeline_is_one_inert_line_an_event() {
    let watch = deploying();
    let target = Some(watch.courses[0].target.name.clone());
    let event = |kind, target, to: Option<&str>, message: &str| {
        let (to, message) = (to.map(str::to_owned), message.to_owned());
        timeline_line(&watch.sha, &Event { at: at(0) + Span::from_millis(900), kind, target, from: None, to, message })
    };
    let lines = [
        event(EventKind::Phase, None, Some("registering"), "landed on origin/main"),
        event(EventKind::Phase, target.clone(), Some("building"), "deployment=3f9c1d2"),
        event(EventKind::Warning, target.clone(), None, "two\nlines\u{1b}"),
        event(EventKind::Verdict, target, Some("live"), ""),
    ];
    insta::assert_snapshot!(lines.concat());
}

#[test]
fn events_tell_changes_once_and_the_verdict_last() {
    let mut seq = 0;
    let first = drawn(&deploying());
    let mut told = events_between(None, &first, at(65), &mut seq);
    assert_eq!(events_between(Some(&first), &first, at(66), &mut seq), []);
    let last = drawn(&failed());
    told.extend(events_between(Some(&first), &last, at(70), &mut seq));
    assert_eq!(events_between(Some(&last), &last, at(71), &mut seq), []);
    told.push(heartbeat(&last, at(80), &mut seq));
    let lines: Vec<_> = told.iter().map(|event| serde_json::to_string(event).expect("JSON")).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn no_answer_is_told_apart_from_one_that_knows_nothing() {
    let known = drawn(&deploying());
    let mut nothing = known.clone();
    nothing.targets[0].observations[0].value = None;
    let mut silent = known.clone();
    // The last word stays beside the error.
    silent.targets[0].observations[0].ok = false;
    silent.targets[0].observations[0].error = Some("DigitalOcean answers 500".to_owned());
    let told = [&nothing, &silent].map(|new| {
        let told = events_between(Some(&known), new, at(65), &mut 0);
        assert_eq!(told.len(), 1, "{told:?}");
        (told[0].to.clone(), told[0].message.clone())
    });
    let nothing = (Some("nothing".to_owned()), "provider: nothing".to_owned());
    assert_eq!(told, [nothing, (None, "provider: DigitalOcean answers 500".to_owned())]);
}

#[test]
fn a_new_attempt_is_told_from_its_beginning() {
    let done = drawn(&with_verdict(Verdict::Timeout));
    let mut again = with_verdict(Verdict::Timeout);
    again.attempt = 2;
    let told = events_between(Some(&done), &drawn(&again), at(70), &mut 0);
    assert_eq!(told.last().map(|event| event.kind.clone()), Some(EventKind::Verdict.into()));
}

#[test]
fn the_latest_is_the_newest_confirmed_push_that_deploys_somewhere() {
    let earlier = drawn(&deploying());
    let later = |change: fn(&mut Watch)| {
        let mut watch = deploying();
        watch.sha = sha('b');
        Arc::make_mut(&mut watch.push).at = at(100);
        change(&mut watch);
        takes_latest(&drawn(&watch), Some(&earlier))
    };
    assert!(later(|_| ()));
    assert!(!later(|watch| watch.landing = watch::Landing::NotLanded));
    assert!(!later(|watch| watch.landing = watch::Landing::Unproven { git_gone: false }));
    assert!(!later(|watch| Arc::make_mut(&mut watch.push).at = at(-1)));
    assert!(!later(|watch| Arc::make_mut(&mut watch.push).origin = Origin::Track));
    assert!(!later(|watch| {
        let (reason, message) = (Reason::BranchNotDeployed, "nowhere".to_owned());
        watch.ending = Some(Ending { verdict: Verdict::Skipped, reason, message, at: at(101) });
    }));
    assert!(takes_latest(&earlier, None) && takes_latest(&earlier, Some(&earlier)));
    // Of the same commit it stays a copy, whatever is said of it.
    let mut again = deploying();
    again.landing = watch::Landing::Unproven { git_gone: true };
    assert!(takes_latest(&drawn(&again), Some(&earlier)) && !takes_latest(&drawn(&again), None));
}

#[test]
fn another_users_file_is_left_alone_while_it_is_fresh() {
    let (fresh, done) = (drawn(&deploying()), drawn(&with_verdict(Verdict::Live)));
    let late = fresh.stale_after.expect("unfinished") + Span::from_secs(1);
    assert!(!may_write(1, Some(&fresh), 2, at(66)));
    assert!(may_write(2, Some(&fresh), 2, at(66)) && may_write(1, Some(&fresh), 2, late));
    assert!(may_write(1, Some(&done), 2, at(66)) && may_write(1, None, 2, at(66)));
}

#[test]
fn the_mirror_says_the_verdict_and_who_watches() {
    let (running, done) = (drawn(&deploying()), drawn(&with_verdict(Verdict::Live)));
    assert_eq!((mirror::result(&running), mirror::pid(&running)), (None, Some("4711\n".to_owned())));
    assert_eq!((mirror::result(&done), mirror::pid(&done)), (Some("live\n".to_owned()), None));
    for file in mirror::File::ALL {
        let name = file.name(&running.commit.sha);
        assert_eq!(mirror::read_name(&name), Some((file, "a1b2c3d")), "{name}");
    }
}

#[test]
fn schemas_are_stable() {
    let pretty = |schema| serde_json::to_string_pretty(&schema).expect("JSON");
    insta::assert_snapshot!("status", pretty(schemars::schema_for!(Document)));
    insta::assert_snapshot!("event", pretty(schemars::schema_for!(EventDocument)));
    insta::assert_snapshot!("error", pretty(schemars::schema_for!(ErrorDocument)));
}

proptest! {
    #[test]
    fn any_watch_makes_a_document_that_reads_back(
        (phase, verdict, secs) in (0..Phase::ALL.len(), 0..=Verdict::ALL.len(), any::<i64>()),
        (subject, message, landed) in (any::<String>(), any::<String>(), any::<bool>()),
        (now, latency) in (any::<i64>(), any::<i64>()),
    ) {
        let mut watch = deploying();
        watch.subject = Some(subject.into());
        Arc::make_mut(&mut watch.push).at = Timestamp::from_micros(secs);
        watch.next_look = Timestamp::from_micros(secs);
        if !landed {
            watch.landing = watch::Landing::Unproven { git_gone: true };
        }
        let course = &mut watch.courses[0];
        course.phase = Phase::ALL[phase];
        course.verdict = Verdict::ALL.get(verdict).copied();
        course.message = message;
        course.observations[0].latency = Some(Span::from_micros(latency));
        let now = Timestamp::from_micros(now);
        let document = document(&watch, &Surroundings { now, is_head: false, monitor_pid: None, quiet: Span::ZERO });
        let bytes = document.to_bytes();
        prop_assert_eq!(bytes.iter().filter(|byte| **byte < 0x20).count(), 1, "one line");
        // Times far beyond what a calendar can say are written as its end.
        if now.as_micros().abs() < 1 << 52 && secs.abs() < 1 << 52 {
            prop_assert_eq!(Document::parse(&bytes), Ok(document.clone()));
        }
        prop_assert_eq!(document.exit_code == 0, document.verdict.as_ref().is_some_and(|v| *v == Verdict::Live));
        let _ = document.seen(now, None);
    }

    #[test]
    fn reading_never_panics(bytes in any::<Vec<u8>>()) {
        let _ = Document::parse(&bytes);
    }

    #[test]
    fn ids_make_names_that_sort_out(id in "[0-9a-f]{32}\\.[0-9a-f]{40}") {
        // Request names share folders with nothing that is collected.
        prop_assert!(RequestId::of_file_name(&id).is_some() || Sha::is_null(&id[33..]));
        prop_assert_eq!(garbage::read_name(&id), None);
    }
}
