//! Particulars of GitHub.

use afterpush::provider::{Credential, Heard, Provider, Tool, Want, by_name};
use afterpush::watch::{Cause, Deployment, Misheard, Snapshot, State, Target};
use afterpush::wire::{Answer, Ask, Attach, HttpAsk};
use serde_json::{Value, json};

use super::fixture::{Fixture, good, target};

const OURS: &str = "9a4df0b8e161e323bc3cdf1dc71878080fe144fa";

fn github() -> &'static dyn Provider {
    by_name("github").expect("it is in the registry")
}

fn seen(name: &str) -> Snapshot {
    Fixture::read(github(), name).play(github()).unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn newest(name: &str) -> Deployment {
    seen(name).deployments.into_iter().next().expect("a deployment")
}

fn http(ask: Ask) -> HttpAsk {
    match ask {
        Ask::Http(ask) => ask,
        Ask::Command(ask) => panic!("not a URL but {:?}", ask.words),
    }
}

#[track_caller]
fn asks<T: std::fmt::Debug>(heard: Result<Heard<T>, Misheard>) -> HttpAsk {
    match heard {
        Ok(Heard::Ask(ask)) => http(ask),
        other => panic!("a question was expected, not {other:?}"),
    }
}

#[track_caller]
fn tells<T: std::fmt::Debug>(heard: Result<Heard<T>, Misheard>) -> T {
    match heard {
        Ok(Heard::Seen(seen)) => seen,
        other => panic!("an end was expected, not {other:?}"),
    }
}

fn tagged(answer: &Answer, etag: &str) -> Answer {
    Answer { headers: vec![("etag".to_owned(), etag.to_owned())], ..answer.clone() }
}

fn unchanged() -> Answer {
    Answer { status: 304, ..good("") }
}

#[test]
fn a_question_has_the_credential_and_the_version_of_the_api() {
    let live = Fixture::read(github(), "live");
    let ask = http(github().ask(&live.target, &Want::default()));
    assert_eq!((ask.attach, ask.etag), (Attach::Bearer, None));
    assert!(ask.headers.contains(&("x-github-api-version", "2022-11-28")), "{:?}", ask.headers);
    let one = Want { branches: vec!["fix/ü".to_owned()], ..Want::default() };
    assert!(http(github().ask(&live.target, &one)).url.contains("runs?branch=fix%2F%C3%BC&per_page=30&page=1"));
    let two = Want { branches: vec!["main".to_owned(), "dev".to_owned()], ..Want::default() };
    assert!(!http(github().ask(&live.target, &two)).url.contains("branch="), "one look serves both");
}

#[test]
fn what_has_not_changed_is_remembered() {
    let fixture = Fixture::read(github(), "building");
    let want = fixture.want();
    let first = tells(github().hear(&fixture.target, &want, &[tagged(&fixture.answers[0], "\"abc\"")]));
    let want = Want { memo: first.memo.clone(), ..want };
    assert_eq!(http(github().ask(&fixture.target, &want)).etag.as_deref(), Some("\"abc\""));
    let second = tells(github().hear(&fixture.target, &want, &[unchanged()]));
    assert_eq!((second.deployments, second.live), (first.deployments, first.live));
    assert_eq!(second.memo, first.memo);
    let strange = github().hear(&fixture.target, &Want::default(), &[unchanged()]);
    assert!(matches!(strange, Err(Misheard::Garbled(_))), "{strange:?}");
}

#[test]
fn the_failed_job_is_told_with_its_step_and_asked_for_once() {
    let failed = newest("failed").reason.expect("a reason");
    assert_eq!((failed.step.as_deref(), failed.message.as_str()), (Some("deploy, Run kamal deploy"), "failed"));
    assert_eq!(failed.in_build, Some(false));
    let early = newest("failed_early").reason.expect("a reason");
    assert!(early.message.starts_with("could not be started"), "{early:?}");
    let fixture = Fixture::read(github(), "failed");
    let want = Want { memo: seen("failed").memo, ..fixture.want() };
    let again = tells(github().hear(&fixture.target, &want, &fixture.answers[..1]));
    assert_eq!(again.deployments[0].reason, Some(failed));
    let others = Want { commits: Vec::new(), ..want };
    let nobodys = Want { memo: afterpush::watch::Memo::default(), ..others };
    let unasked = tells(github().hear(&fixture.target, &nobodys, &fixture.answers[..1]));
    assert_eq!(unasked.deployments[0].state, State::Failed);
}

#[test]
fn jobs_that_cannot_be_read_do_not_hide_the_failure() {
    let fixture = Fixture::read(github(), "failed");
    let answers = [fixture.answers[0].clone(), Answer { status: 404, ..good("{}") }];
    let snapshot = tells(github().hear(&fixture.target, &fixture.want(), &answers));
    assert_eq!(snapshot.deployments[0].reason.as_ref().expect("a reason").message, "failed");
}

#[test]
fn waiting_and_skipping_are_not_failing() {
    assert_eq!(newest("waiting").state, State::Blocked);
    assert_eq!(newest("skipped").state, State::Skipped);
    assert_eq!(newest("cancelled").was_live, Some(false));
}

#[test]
fn the_last_run_that_ended_well_is_what_is_live() {
    let snapshot = seen("rerun");
    let live = snapshot.live.expect("something is live");
    assert_eq!(live.deployment.as_deref(), Some("101.2"), "an older commit was run again");
    let ours = snapshot.deployments.iter().find(|d| d.commits[0].sha == OURS).expect("ours");
    assert_eq!((ours.id.as_str(), ours.is_live, ours.was_live), ("102.2", Some(false), Some(true)));
    assert_eq!(ours.created_at, Some("2026-08-01T10:20:00Z".parse().unwrap()), "a new try begins later");
}

#[test]
fn runs_of_pull_requests_deploy_nothing() {
    let fixture = Fixture::read(github(), "live");
    let mut page: Value = serde_json::from_slice(&fixture.answers[0].body).unwrap();
    page["workflow_runs"][0]["event"] = json!("pull_request");
    page["workflow_runs"][1]["event"] = json!("workflow_dispatch");
    let snapshot = tells(github().hear(&fixture.target, &fixture.want(), &[good(&page.to_string())]));
    assert_eq!(snapshot.deployments.len(), 1);
    assert_eq!(snapshot.deployments[0].cause, Cause::Manual);
}

#[test]
fn pages_are_asked_for_by_their_number_alone() {
    let live = Fixture::read(github(), "live");
    let page = |hour: u32, count: usize| {
        let run = |n: usize| {
            json!({"id": u64::from(hour) * 100 + n as u64, "head_sha": OURS, "status": "completed", "event": "push",
                "conclusion": "cancelled", "created_at": format!("2026-08-01T{hour:02}:00:{n:02}Z")})
        };
        let runs: Vec<_> = (0..count).map(run).collect();
        let link = "<https://evil.example/x?page=2>; rel=\"next\"".to_owned();
        let body = json!({"total_count": 99, "workflow_runs": runs}).to_string();
        Answer { headers: vec![("link".to_owned(), link)], ..good(&body) }
    };
    let want = Want { back_to: Some("2026-08-01T09:00:00Z".parse().unwrap()), ..Want::default() };
    let ask = asks(github().hear(&live.target, &want, &[page(10, 30)]));
    assert!(ask.url.starts_with("https://api.github.com/") && ask.url.ends_with("&page=2"), "{}", ask.url);
    let snapshot = tells(github().hear(&live.target, &want, &[page(10, 30), page(8, 30)]));
    assert_eq!(snapshot.deployments.len(), 60);
    assert_eq!(snapshot.reaches_back_to, Some("2026-08-01T08:00:00Z".parse().unwrap()));
    let snapshot = tells(github().hear(&live.target, &want, &[page(10, 7)]));
    assert_eq!(snapshot.reaches_back_to, None, "a page that is not full is the last");
}

#[test]
fn a_403_is_a_limit_or_a_refusal() {
    let until = |name: &str| match Fixture::read(github(), name).play(github()) {
        Err(Misheard::Throttled { until }) => until.expect("a time"),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(until("throttled"), "2026-08-01T10:03:02Z".parse().unwrap(), "the reset, by GitHub's clock");
    assert_eq!(until("throttled_secondary"), "2026-08-01T10:02:02Z".parse().unwrap(), "a minute's patience");
    let fixture = Fixture::read(github(), "forbidden");
    let with = |name: &str, value: &str| {
        let headers = vec![(name.to_owned(), value.to_owned())];
        github().hear(&fixture.target, &Want::default(), &[Answer { headers, ..fixture.answers[0].clone() }])
    };
    assert!(matches!(with("retry-after", "9"), Err(Misheard::Throttled { .. })));
    assert!(matches!(with("x-ratelimit-remaining", "7"), Err(Misheard::Forbidden(_))));
    let rate = seen("live").rate;
    assert_eq!((rate.remaining, rate.limit, rate.not_before), (Some(4816), Some(5000), None));
}

#[test]
fn a_missing_repository_may_be_a_private_one() {
    let said = Fixture::read(github(), "not_found").play(github()).unwrap_err().to_string();
    for word in ["acme/shop", "missing, or private", "no workflow deploy.yml"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn deployments_stand_as_their_newest_status_says() {
    let states = ["queued", "deploying", "live", "failed", "inactive"].map(|name| {
        let snapshot = seen(&format!("environment_{name}"));
        let ours = snapshot.deployments.into_iter().find(|d| d.commits[0].sha == OURS).expect("ours");
        assert_eq!(ours.environment.as_deref(), Some("production"));
        (ours.state, ours.is_live, ours.was_live)
    });
    assert_eq!(
        states,
        [
            (State::Queued, None, None),
            (State::Deploying, None, None),
            (State::Succeeded, Some(true), Some(true)),
            (State::Failed, None, None),
            (State::Replaced, None, Some(true)),
        ]
    );
    let failed = newest("environment_failed");
    let reason = failed.reason.expect("a reason");
    assert_eq!((reason.message.as_str(), reason.in_build), ("Build failed", Some(true)));
    assert_eq!(failed.url.as_deref(), Some("https://github.com/acme/shop/actions/runs/102/job/901"));
    assert_eq!(
        newest("environment_queued").url.as_deref(),
        Some("https://github.com/acme/shop/deployments/production")
    );
}

#[test]
fn without_a_name_production_is_meant() {
    let snapshot = seen("environment_unnamed");
    assert_eq!(snapshot.deployments[0].id, "2");
    assert!(snapshot.remarks.is_empty());
    let fixture = Fixture::read(github(), "environment_unnamed");
    let mut list: Value = serde_json::from_slice(&fixture.answers[0].body).unwrap();
    for (place, name) in [(0, "blue"), (1, "green"), (2, "green")] {
        list[place]["environment"] = json!(name);
        list[place]["production_environment"] = json!(false);
    }
    let answers = [good(&list.to_string()), good("[]"), good("[]")];
    let snapshot =
        (1..=answers.len()).find_map(|n| match github().hear(&fixture.target, &fixture.want(), &answers[..n]) {
            Ok(Heard::Seen(snapshot)) => Some(snapshot),
            _ => None,
        });
    let remarks = snapshot.expect("an end").remarks;
    assert!(remarks[0].contains("(blue, green): name one with `environment`"), "{remarks:?}");
}

#[test]
fn what_has_ended_is_not_asked_again_until_it_changes() {
    let fixture = Fixture::read(github(), "environment_live");
    let first = fixture.play(github()).unwrap();
    let want = Want { memo: first.memo.clone(), ..fixture.want() };
    let again = tells(github().hear(&fixture.target, &want, &fixture.answers[..1]));
    assert_eq!(again.deployments, first.deployments);
    let mut list: Value = serde_json::from_slice(&fixture.answers[0].body).unwrap();
    list[0]["updated_at"] = json!("2026-08-01T11:00:00Z");
    let ask = asks(github().hear(&fixture.target, &want, &[good(&list.to_string())]));
    assert!(ask.url.ends_with("/deployments/2/statuses?per_page=100"), "{}", ask.url);
    assert_eq!(ask.etag.as_deref(), Some("W/\"5f1d\""));
    let same = tells(github().hear(&fixture.target, &want, &[good(&list.to_string()), unchanged()]));
    assert_eq!(same.deployments[0].state, State::Succeeded);
}

#[test]
fn only_deployments_that_matter_are_asked_for() {
    let fixture = Fixture::read(github(), "environment_live");
    let list: Vec<_> = (0..25_u64)
        .map(|n| {
            let sha = if n == 20 { OURS.to_owned() } else { format!("{n:040x}") };
            json!({"id": 100 - n, "sha": sha, "ref": "main", "task": "deploy", "environment": "production",
                "created_at": format!("2026-08-01T09:{:02}:00Z", 59 - n), "updated_at": "2026-08-01T10:00:00Z"})
        })
        .collect();
    let mut answers = vec![good(&json!(list).to_string())];
    let mut asked = Vec::new();
    let snapshot = loop {
        match github().hear(&fixture.target, &fixture.want(), &answers) {
            Ok(Heard::Ask(ask)) => asked.push(http(ask).url),
            Ok(Heard::Seen(snapshot)) => break snapshot,
            Err(why) => panic!("{why}"),
        }
        answers.push(good(&json!([{"id": 1, "state": "success", "created_at": "2026-08-01T09:59:59Z"}]).to_string()));
    };
    assert_eq!(asked.len(), 10, "{asked:?}");
    assert!(asked.iter().any(|url| url.contains("/deployments/80/")), "ours is among them");
    assert_eq!(snapshot.deployments.len(), 10);
}

#[test]
fn another_repository_at_the_same_host_is_remarked() {
    let fixture = Fixture::read(github(), "live");
    let remarks = |remote: &str| {
        let want = Want { remotes: vec![remote.to_owned()], ..fixture.want() };
        fixture.play_with(github(), &want).unwrap().remarks
    };
    assert!(remarks("git@github.com:Acme/Shop.git").is_empty() && remarks("/srv/shop.git").is_empty());
    assert!(remarks("https://github.com/ann/shop")[0].contains("acme/shop"));
}

#[test]
fn the_log_is_fetched_in_hops_and_the_last_without_the_credential() {
    let (fixture, failed) = (Fixture::read(github(), "failed"), newest("failed"));
    let want = Want { memo: seen("failed").memo, ..Want::default() };
    // The job is known from the look; after a restart it has to be asked for.
    let first = http(github().ask_log(&fixture.target, &Want::default(), &failed).expect("a log"));
    assert!(first.url.ends_with("/actions/runs/102/attempts/1/jobs?per_page=100"), "{}", first.url);
    let mut jobs = vec![fixture.answers[1].clone()];
    assert!(asks(github().hear_log(&fixture.target, &Want::default(), &failed, &jobs)).url.ends_with("/jobs/901/logs"));
    let hop = http(github().ask_log(&fixture.target, &want, &failed).expect("a log"));
    assert_eq!((hop.attach, hop.may_lead_away, hop.tail), (Attach::Bearer, true, true));
    assert!(hop.url.ends_with("/repos/acme/shop/actions/jobs/901/logs"), "{}", hop.url);
    let signed = "https://logs.example.net/x?sig=zz";
    let lead = |to: &str| Answer { status: 302, headers: vec![("location".to_owned(), to.to_owned())], ..good("") };
    let second = asks(github().hear_log(&fixture.target, &want, &failed, &[lead(signed)]));
    assert_eq!((second.url.as_str(), second.attach), (signed, Attach::Nothing));
    assert!(second.headers.is_empty());
    let text = "2026-08-01T10:00:40.1234567Z ##[error]no route to host\n";
    let log = tells(github().hear_log(&fixture.target, &want, &failed, &[lead(signed), good(text)]));
    assert_eq!(log.text, "##[error]no route to host\n");
    jobs.extend([lead(signed), good(text)]);
    assert_eq!(tells(github().hear_log(&fixture.target, &Want::default(), &failed, &jobs)), log);
    let nowhere = tells(github().hear_log(&fixture.target, &want, &failed, &[lead("http://127.0.0.1:1/x")]));
    assert_eq!(nowhere.text, "");
    let gone = tells(github().hear_log(&fixture.target, &want, &failed, &[Answer { status: 410, ..good("") }]));
    assert_eq!(gone.text, "");
}

#[test]
fn a_deployment_leads_to_its_log_by_the_page_it_names() {
    let (fixture, failed) = (Fixture::read(github(), "environment_failed"), newest("environment_failed"));
    let ask = http(github().ask_log(&fixture.target, &Want::default(), &failed).expect("a log"));
    assert!(ask.url.ends_with("/actions/jobs/901/logs"), "{}", ask.url);
    let elsewhere = Deployment { url: Some("https://vercel.example.com/x".to_owned()), ..failed };
    assert!(github().ask_log(&fixture.target, &Want::default(), &elsewhere).is_none());
}

#[test]
fn the_credential_depends_on_whose_server_it_is() {
    let chain = |base_url: &str| match github().credential(base_url) {
        Credential::Required(chain) => chain,
        other => panic!("{other:?}"),
    };
    assert_eq!(chain("https://api.github.com").variables, ["GH_TOKEN", "GITHUB_TOKEN"]);
    let own = chain("https://git.corp.example/api/v3");
    assert_eq!(own.variables, ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]);
    let Some(Tool::Command { words, .. }) = own.tool else { panic!("gh is asked") };
    assert_eq!(words, ["gh", "auth", "token", "--hostname", "git.corp.example"]);
    let all = github().variables();
    assert!(own.variables.iter().all(|name| all.contains(name)));
}

#[test]
fn wrong_names_are_told_before_anything_is_asked() {
    let wrong = |change: fn(&mut Target)| {
        let mut target = target(github(), "acme/shop");
        change(&mut target);
        github().check(&target).map_err(|wrong| wrong.key)
    };
    assert_eq!(wrong(|_| ()), Ok(()));
    assert_eq!(wrong(|target| target.app = "shop".to_owned()), Err("app"));
    assert_eq!(wrong(|target| target.particulars.workflow = Some("../x".to_owned())), Err("workflow"));
    let both = |target: &mut Target| {
        target.particulars.workflow = Some("deploy.yml".to_owned());
        target.environment = Some("production".to_owned());
    };
    assert_eq!(wrong(both), Err("environment"));
}
