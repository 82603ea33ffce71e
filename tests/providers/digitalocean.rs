//! Particulars of DigitalOcean.

use afterpush::provider::{Heard, Provider, Want, by_name};
use afterpush::watch::{Cause, Deployment, Quality, Snapshot, Trigger};
use afterpush::wire::{Answer, Ask, Attach};
use serde_json::json;

use super::fixture::{Fixture, good, target, url};

const OURS: &str = "9a4df0b8e161e323bc3cdf1dc71878080fe144fa";
const APP: &str = "4f6c71e2-1e90-4762-9fee-6cc4a0a9f2cf";

fn digitalocean() -> &'static dyn Provider {
    by_name("digitalocean").unwrap()
}

fn seen(name: &str) -> Snapshot {
    Fixture::read(digitalocean(), name).play(digitalocean()).unwrap()
}

fn newest(name: &str) -> Deployment {
    seen(name).deployments.into_iter().next().unwrap()
}

#[test]
fn a_component_names_the_commit_exactly_and_a_cause_only_its_beginning() {
    let mark = &newest("building").commits[0];
    assert_eq!((mark.sha.as_str(), mark.quality, mark.part.as_deref()), (OURS, Quality::Exact, Some("web")));
    let mark = &newest("queued").commits[0];
    assert_eq!((mark.sha.as_str(), mark.quality), (&OURS[..7], Quality::Prefix));
    assert_eq!(newest("image").commits, []);
    assert_eq!(newest("image").created_at, None, "0001-01-01 is no time");
}

#[test]
fn steps_tell_how_far_it_is_and_what_runs() {
    let building = newest("building");
    assert_eq!((building.done_steps, building.step.as_deref()), (Some((1, 6)), Some("Building service web")));
    assert_eq!(newest("deploying").step.as_deref(), Some("Deploying service web"));
    assert_eq!(newest("image").done_steps, None);
}

#[test]
fn a_failure_is_told_by_its_innermost_step() {
    let reason = newest("failed").reason.unwrap();
    assert_eq!(reason.code, "BuildJobExitNonZero");
    assert_eq!(reason.message, "npm run build: exit status 1");
    assert_eq!((reason.step.as_deref(), reason.in_build), (Some("Building service web"), Some(true)));
    let reason = newest("failed_deploying").reason.unwrap();
    assert_eq!(reason.code, "DeployContainerHealthChecksFailed");
    assert_eq!((reason.step.as_deref(), reason.in_build), (Some("wait web"), Some(false)));
}

#[test]
fn superseded_says_whether_it_was_ever_live() {
    let ours = |name| seen(name).deployments.into_iter().find(|d| d.commits.iter().any(|c| c.sha == OURS)).unwrap();
    assert_eq!(ours("superseded_never_live").was_live, Some(false));
    assert_eq!(ours("superseded_was_live").was_live, Some(true));
    assert_eq!(ours("cancelled").was_live, Some(false));
}

#[test]
fn a_rollback_is_not_a_push() {
    let snapshot = seen("rolled_back");
    assert_eq!(snapshot.deployments[0].cause, Cause::Rollback);
    assert_eq!(snapshot.deployments[1].cause, Cause::Push);
    let live = snapshot.live.unwrap();
    assert_eq!(live.deployment.as_deref(), Some(snapshot.deployments[0].id.as_str()));
}

#[test]
fn the_app_says_what_is_live_which_branches_deploy_and_whether_it_is_pinned() {
    let snapshot = seen("building");
    assert_eq!(snapshot.live.unwrap().commits[0].sha, "1".repeat(40));
    let trigger = |branch: &str, on_push| Trigger { branch: branch.to_owned(), on_push };
    assert_eq!(snapshot.triggers.unwrap(), [trigger("main", true), trigger("jobs", false)]);
    assert_eq!(snapshot.frozen, None);
    assert!(seen("pinned").frozen.is_some_and(|why| why.contains("3aa4d20e-5527-4c00-b496-601fbd22520a")));
}

#[test]
fn another_repository_at_the_same_host_is_remarked() {
    let fixture = Fixture::read(digitalocean(), "live");
    let remarks = |remotes: &[&str]| {
        let remotes = remotes.iter().map(|&url| url.to_owned()).collect();
        fixture.play_with(digitalocean(), &Want { remotes, ..Want::default() }).unwrap().remarks
    };
    for same in ["git@github.com:acme/shop.git", "https://github.com/Acme/Shop", "ssh://git@github.com/acme/shop/"] {
        assert!(remarks(&[same, "git@github.com:ann/shop.git"]).is_empty(), "{same}");
    }
    assert!(remarks(&["/srv/git/shop.git"]).is_empty(), "somewhere else altogether");
    assert!(remarks(&["git@github.com:ann/shop.git"])[0].contains("acme/shop"));
}

#[test]
fn an_app_is_found_by_its_name_in_one_question_more() {
    assert_eq!(seen("by_name").page.unwrap(), format!("https://cloud.digitalocean.com/apps/{APP}"));
    let refusal = Fixture::read(digitalocean(), "not_found").play(digitalocean()).unwrap_err().to_string();
    assert!(refusal.contains("shopp") && refusal.contains("blog, shop"), "{refusal}");
}

#[test]
fn a_name_that_moved_to_a_new_app_is_looked_up_again() {
    let by_name = Fixture::read(digitalocean(), "by_name");
    let memo = by_name.play(digitalocean()).unwrap().memo;
    let want = Want { memo, ..Want::default() };
    let gone = Answer { status: 404, ..good("{}") };
    let mut answers = vec![gone.clone()];
    let ask = expect_ask(digitalocean().hear(&by_name.target, &want, &answers));
    assert_eq!(url(&ask), "https://api.digitalocean.com/v2/apps?page=1&per_page=200");
    answers.extend(by_name.answers.iter().cloned());
    assert!(matches!(digitalocean().hear(&by_name.target, &want, &answers), Ok(Heard::Seen(_))));
    let by_id = target(digitalocean(), APP);
    assert!(digitalocean().hear(&by_id, &want, &[gone]).is_err(), "an id stays what it is");
}

#[test]
fn pages_are_read_as_far_back_as_is_wanted() {
    let live = Fixture::read(digitalocean(), "live");
    let want = Want { back_to: Some("2026-08-01T09:00:00Z".parse().unwrap()), ..Want::default() };
    let page = |hour: u32, next: bool| {
        let list: Vec<_> = (0..3).map(|n| json!({"id": format!("d-{hour}-{n}"), "phase": "SUPERSEDED", "created_at": format!("2026-08-01T{hour:02}:00:0{n}Z")})).collect();
        let pages = if next { json!({"next": "https://evil.example/v2"}) } else { json!({}) };
        good(&json!({"deployments": list, "links": {"pages": pages}, "meta": {"total": 9}}).to_string())
    };
    let mut answers = vec![live.answers[0].clone(), page(10, true)];
    let ask = expect_ask(digitalocean().hear(&live.target, &want, &answers));
    assert_eq!(url(&ask), format!("https://api.digitalocean.com/v2/apps/{APP}/deployments?page=2&per_page=20"));
    answers.push(page(8, true));
    let snapshot = expect_seen(digitalocean().hear(&live.target, &want, &answers));
    assert_eq!(snapshot.deployments.len(), 6);
    assert_eq!(snapshot.reaches_back_to, Some("2026-08-01T08:00:00Z".parse().unwrap()));
    answers[2] = page(9, false);
    assert_eq!(expect_seen(digitalocean().hear(&live.target, &want, &answers)).reaches_back_to, None);
    let mut endless = vec![live.answers[0].clone()];
    endless.extend((0..10).map(|_| page(10, true)));
    assert_eq!(expect_seen(digitalocean().hear(&live.target, &want, &endless)).deployments.len(), 3);
}

#[test]
fn an_app_without_deployments_is_an_app_without_deployments() {
    let live = Fixture::read(digitalocean(), "live");
    let answers = [live.answers[0].clone(), good(r#"{"links":{},"meta":{"total":0}}"#)];
    let snapshot = expect_seen(digitalocean().hear(&live.target, &Want::default(), &answers));
    assert_eq!((snapshot.deployments.len(), snapshot.reaches_back_to), (0, None));
}

#[test]
fn the_rate_limit_is_read_and_a_pause_is_honoured() {
    let rate = seen("live").rate;
    assert_eq!((rate.remaining, rate.limit, rate.not_before), (Some(4816), Some(5000), None));
    let throttled = Fixture::read(digitalocean(), "throttled").play(digitalocean()).unwrap_err();
    let until = "2026-08-01T10:01:19Z".parse().unwrap();
    assert_eq!(throttled, afterpush::watch::Misheard::Throttled { until: Some(until) });
}

#[test]
fn a_log_is_fetched_in_two_hops_and_the_second_without_the_credential() {
    let (live, failed) = (seen("live"), newest("failed"));
    let (target, want) = (target(digitalocean(), APP), Want { memo: live.memo, ..Want::default() });
    let ask = digitalocean().ask_log(&target, &want, &failed).unwrap();
    assert!(url(&ask).ends_with(&format!("/deployments/{}/logs?type=BUILD&follow=false", failed.id)));
    let signed = "https://ams3.example-storage.com/build.log?X-Amz-Signature=zz";
    let urls = json!({"live_url": "https://proxy/?token=x", "historic_urls": [signed, "http://127.0.0.1:1/x", 5]});
    let mut answers = vec![good(&urls.to_string())];
    let Ask::Http(second) = expect_ask(digitalocean().hear_log(&target, &want, &failed, &answers)) else {
        panic!("the log is behind a URL")
    };
    assert_eq!((second.url.as_str(), second.attach, second.tail), (signed, Attach::Nothing, true));
    answers.push(good("web npm ERR! code 1\n"));
    let log = expect_seen(digitalocean().hear_log(&target, &want, &failed, &answers));
    assert_eq!((log.text.as_str(), log.is_cut), ("web npm ERR! code 1\n", false));
}

#[test]
fn a_stage_without_logs_leads_to_the_other_stage() {
    let (live, failed) = (seen("live"), newest("failed_deploying"));
    let (target, want) = (target(digitalocean(), APP), Want { memo: live.memo, ..Want::default() });
    assert!(url(&digitalocean().ask_log(&target, &want, &failed).unwrap()).contains("type=DEPLOY"));
    let mut answers = vec![Answer { status: 400, ..good("{}") }];
    assert!(url(&expect_ask(digitalocean().hear_log(&target, &want, &failed, &answers))).contains("type=BUILD"));
    answers.push(good("{}"));
    let log = expect_seen(digitalocean().hear_log(&target, &want, &failed, &answers));
    assert_eq!(log.text, "");
}

fn expect_ask<T: std::fmt::Debug>(heard: Result<Heard<T>, afterpush::watch::Misheard>) -> Ask {
    match heard {
        Ok(Heard::Ask(ask)) => ask,
        other => panic!("a question was expected, not {other:?}"),
    }
}

fn expect_seen<T: std::fmt::Debug>(heard: Result<Heard<T>, afterpush::watch::Misheard>) -> T {
    match heard {
        Ok(Heard::Seen(seen)) => seen,
        other => panic!("an end was expected, not {other:?}"),
    }
}
