//! Particulars of the user's own sources: a URL and a command.

use afterpush::provider::{Heard, Provider, Want, by_name};
use afterpush::watch::{Misheard, Quality, Snapshot, State, Target, TokenSource};
use afterpush::wire::{Answer, Ask, Attach};
use serde_json::{Value, json};

use super::fixture::{Fixture, good, target};

const OURS: &str = "9a4df0b8e161e323bc3cdf1dc71878080fe144fa";

fn named(name: &str) -> &'static dyn Provider {
    by_name(name).expect("it is in the registry")
}

fn seen(provider: &str, name: &str) -> Snapshot {
    let provider = named(provider);
    Fixture::read(provider, name).play(provider).unwrap_or_else(|why| panic!("{name}: {why}"))
}

/// What a URL is told to be, with these pointers.
fn url(pointers: &[(&str, &str)]) -> Target {
    let base_url = "https://status.example.com/x?key=hunter2".to_owned();
    let mut target = Target { base_url, ..target(named("http"), "") };
    target.particulars.pointers = pointers.iter().map(|(name, at)| ((*name).to_owned(), (*at).to_owned())).collect();
    target
}

fn told(target: &Target, body: &str) -> Result<Snapshot, String> {
    match named("http").hear(target, &Want::default(), &[good(body)]) {
        Ok(Heard::Seen(snapshot)) => Ok(snapshot),
        Ok(Heard::Ask(ask)) => panic!("one question is enough: {ask:?}"),
        Err(Misheard::Garbled(why)) => Err(why),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_url_that_only_says_what_is_live_proves_no_absence() {
    for name in ["version_text", "version_json"] {
        let snapshot = seen("http", name);
        let live = snapshot.live.expect("something is live");
        assert_eq!((live.deployment, live.commits[0].sha.as_str()), (None, OURS), "{name}");
        assert!(snapshot.deployments.is_empty());
        assert_eq!(snapshot.reaches_back_to, Some(afterpush::base::Timestamp::NEVER));
    }
}

#[test]
fn the_commit_that_is_live_is_found_under_its_usual_names() {
    let plain = url(&[]);
    let live = |body: &str| told(&plain, body).map(|snapshot| snapshot.live.expect("one").commits[0].sha.clone());
    for body in [
        json!({"commit": OURS}),
        json!({"version": "1.2.3", "revision": OURS}),
        json!({"git": {"commit": {"id": {"full": OURS, "abbrev": "9a4df0b"}}}}),
        json!(OURS),
    ] {
        assert_eq!(live(&body.to_string()).as_deref(), Ok(OURS), "{body}");
    }
    let short = told(&plain, "9A4DF0B\n").unwrap().live.unwrap();
    assert_eq!((short.commits[0].sha.as_str(), short.commits[0].quality), ("9a4df0b", Quality::Prefix));
    let why = live(r#"{"version": "1.2.3"}"#).unwrap_err();
    assert!(why.contains("status.example.com holds no commit id") && why.contains("live = "), "{why}");
    assert!(!why.contains("hunter2"), "{why}");
}

#[test]
fn branch_and_environment_are_compared_as_they_are() {
    let odd = "a\u{200b}\u{202e}b";
    let escaped = "a\\u{200b}\\u{202e}b";
    let pointers = [("commit", "/sha"), ("state", "/state"), ("branch", "/branch"), ("environment", "/env")];
    let mut target = url(&pointers);
    let document = json!({"sha": OURS, "state": "live", "branch": format!("refs/heads/{odd}"), "env": odd}).to_string();
    let told_branch = |target: &Target| {
        let deployments = told(target, &document).expect("a document").deployments;
        deployments.into_iter().next().map(|deployment| (deployment.branch, deployment.environment))
    };
    let found = Some((Some(odd.to_owned()), Some(odd.to_owned())));
    assert_eq!(told_branch(&target), found);
    target.environment = Some(odd.to_owned());
    assert_eq!(told_branch(&target), found);
    target.environment = Some(escaped.to_owned());
    assert_eq!(told_branch(&target), None, "the words for one are another's name");
    let Ok(Heard::Seen(snapshot)) =
        named("command").hear(&target, &Want::default(), &[Answer { status: 0, ..good(&document) }])
    else {
        panic!("a document")
    };
    assert_eq!(snapshot.deployments[0].branch.as_deref(), Some(odd));
}

#[test]
fn a_pointer_that_leads_nowhere_is_named_and_the_url_is_not() {
    let list = url(&[("list", "/rollouts"), ("commit", "/sha"), ("state", "/state"), ("created_at", "/at")]);
    let item = |change: fn(&mut Value)| {
        let mut item = json!({"sha": OURS, "state": "live", "at": "2026-08-01T10:00:00Z"});
        change(&mut item);
        told(&list, &json!({"rollouts": [item]}).to_string())
    };
    assert!(item(|_| ()).is_ok());
    for (why, at) in [
        (told(&list, "{}"), "/rollouts"),
        (told(&list, r#"{"rollouts": {}}"#), "/rollouts"),
        (item(|item| _ = item.as_object_mut().unwrap().remove("sha")), "/sha"),
        (item(|item| item["sha"] = json!("v1.2")), "/sha"),
        (item(|item| item["state"] = json!(null)), "/state"),
        (item(|item| item["state"] = json!([])), "/state"),
        (item(|item| item["at"] = json!("yesterday")), "/at"),
    ] {
        let why = why.expect_err(at);
        assert!(why.contains(at) && why.contains("status.example.com") && !why.contains("hunter2"), "{why}");
    }
    let unbuilt = item(|item| item["sha"] = json!(null)).unwrap();
    assert_eq!(unbuilt.deployments[0].commits, [], "an image is no commit");
    let live = told(&url(&[("live", "/sha")]), "{}").unwrap_err();
    assert!(live.contains("/sha"), "{live}");
    assert_eq!(told(&url(&[("live", "/sha")]), r#"{"sha": null}"#).unwrap().live, None, "nothing is live yet");
}

#[test]
fn one_deployment_is_read_as_well_as_a_list() {
    let failed = &seen("http", "one_failed").deployments[0];
    assert_eq!((failed.state, failed.reason.as_ref().unwrap().message.as_str()), (State::Failed, "out of memory"));
    let listed = seen("http", "live");
    assert_eq!(listed.deployments[0].id, "r-2", "the newest is first");
    assert_eq!(listed.deployments[0].branch.as_deref(), Some("main"));
    assert_eq!(listed.deployments[1].is_live, Some(false));
    assert_eq!(seen("http", "deploying").deployments[0].raw_state, "shipping");
}

#[test]
fn what_is_live_may_be_told_beside_the_deployments() {
    let both = url(&[("live", "/now"), ("list", "/all"), ("commit", "/sha"), ("state", "/state")]);
    let old = "1".repeat(40);
    let body = json!({"now": old, "all": [{"sha": OURS, "state": "done"}, {"sha": old, "state": "done"}]});
    let snapshot = told(&both, &body.to_string()).unwrap();
    let live: Vec<_> = snapshot.deployments.iter().map(|d| (d.is_live, d.was_live)).collect();
    assert_eq!(live, [(Some(false), None), (Some(true), Some(true))], "ended well, but not serving yet");
}

#[test]
fn only_the_targets_environment_counts() {
    let pointers =
        [("list", "/all"), ("commit", "/sha"), ("state", "/state"), ("environment", "/env"), ("created_at", "/at")];
    let mut target = url(&pointers);
    target.environment = Some("live".to_owned());
    let item = |env: &str, at: u64| json!({"sha": OURS, "state": "done", "env": env, "at": at});
    let body = json!({"all": [item("test", 1_785_578_400), item("live", 1_785_578_400_000)]});
    let snapshot = told(&target, &body.to_string()).unwrap();
    assert_eq!(snapshot.deployments.len(), 1);
    assert_eq!(snapshot.deployments[0].environment.as_deref(), Some("live"));
    assert_eq!(snapshot.deployments[0].created_at, Some("2026-08-01T10:00:00Z".parse().unwrap()));
}

#[test]
fn a_url_is_asked_with_a_credential_only_if_it_was_given_one() {
    let attach = |token: TokenSource| match named("http").ask(&Target { token, ..url(&[]) }, &Want::default()) {
        Ask::Http(ask) => (ask.attach, ask.url),
        Ask::Command(_) => panic!("not a command"),
    };
    let whole = "https://status.example.com/x?key=hunter2".to_owned();
    assert_eq!(attach(TokenSource::Chain), (Attach::Nothing, whole.clone()));
    assert_eq!(attach(TokenSource::Env("T".to_owned())), (Attach::Bearer, whole));
}

#[test]
fn pointers_that_say_too_little_are_told() {
    let check = |pointers: &[(&str, &str)]| named("http").check(&url(pointers)).map_err(|wrong| wrong.why);
    for good in [&[][..], &[("live", "/a")], &[("commit", "/a")], &[("commit", "/a"), ("state", "/b"), ("live", "/c")]]
    {
        assert_eq!(check(good), Ok(()), "{good:?}");
    }
    for (bad, word) in [
        (&[("list", "/a")][..], "state"),
        (&[("list", "/a"), ("commit", "/b")], "state"),
        (&[("state", "/b")], "commit"),
        (&[("commit", "/b"), ("id", "/c")], "state"),
    ] {
        assert!(check(bad).unwrap_err().contains(word), "{bad:?}");
    }
    let idle = Target { environment: Some("live".to_owned()), ..url(&[("commit", "/a"), ("state", "/b")]) };
    assert_eq!(named("http").check(&idle).map_err(|wrong| wrong.key), Err("environment"));
    let mut idle = url(&[("live", "/a")]);
    idle.particulars.states.insert("shipped".to_owned(), State::Succeeded);
    assert_eq!(named("http").check(&idle).map_err(|wrong| wrong.key), Err("states"));
}

#[test]
fn a_command_is_told_what_is_watched() {
    let fixture = Fixture::read(named("command"), "live");
    let want = Want {
        commits: vec!["1".repeat(40).parse().unwrap(), OURS.parse().unwrap()],
        branches: vec!["dev".to_owned(), "main".to_owned()],
        ..Want::default()
    };
    let Ask::Command(ask) = named("command").ask(&fixture.target, &want) else { panic!("a command is run") };
    let told = [("AFTERPUSH_SHA", OURS), ("AFTERPUSH_BRANCH", "main")];
    assert_eq!(ask.variables, told.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!((ask.words[0].as_str(), ask.limit.as_secs()), ("shop-status", 30));
}

#[test]
fn a_command_that_cannot_tell_is_quoted_with_its_last_line() {
    let said = |name: &str| Fixture::read(named("command"), name).play(named("command")).unwrap_err().to_string();
    assert_eq!(said("down"), "the command shop-status ended with exit code 1: no route to host");
    assert_eq!(said("down_temporarily"), "the command shop-status ended with exit code 75");
    assert_eq!(said("killed"), "the command shop-status was ended by signal 9");
    assert!(said("denied").contains("lacks a credential: Permission denied (publickey)."));
    assert!(said("silent").contains("prints nothing"));
}

#[test]
fn kamals_version_of_each_host_is_what_is_live_if_they_agree() {
    assert_eq!(seen("command", "version").live.expect("one").commits[0].sha, OURS);
    let rolling = seen("command", "rolling");
    assert_eq!(rolling.live, None);
    assert!(rolling.remarks[0].contains("2 commits are live at once"));
}

#[test]
fn a_command_may_print_what_is_live_beside_a_deployment() {
    let fixture = Fixture::read(named("command"), "live");
    let told = |body: Value| {
        let answer = Answer { status: 0, headers: Vec::new(), ..good(&body.to_string()) };
        match named("command").hear(&fixture.target, &Want::default(), &[answer]) {
            Ok(Heard::Seen(snapshot)) => snapshot,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(told(json!({"commit": OURS})).live.expect("one").deployment, None);
    assert_eq!(told(json!({"live_sha": OURS})).live.expect("one").commits[0].sha, OURS);
    let both = told(json!({"sha": OURS, "state": "building", "live_sha": "1".repeat(40)}));
    assert_eq!((both.deployments[0].state, both.live.is_some()), (State::Building, true));
    assert_eq!(told(json!({"deployments": []})).reaches_back_to, None);
}
