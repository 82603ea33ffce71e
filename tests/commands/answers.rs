//! `status` and `list` from files alone: no monitor, no network.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use afterpush::base::Layout;
use serde_json::{Value, json};

use crate::support::{Ran, Sandbox, Site};

/// A status document as a monitor would have left it.
fn document(sha: &str, verdict: Option<&str>, exit_code: u8) -> Value {
    json!({
        "schema": "afterpush.status/1",
        "commit": {"sha": sha, "short": &sha[..7], "subject": "the beginning", "is_head": false},
        "push": {"at": "2026-11-20T15:02:11Z", "remote": "origin", "ref": "refs/heads/main", "old": null, "commits": 1,
                 "forced": false, "confirmed": true},
        "attempt": 1, "phase": "building", "verdict": verdict, "done": verdict.is_some(), "exit_code": exit_code,
        "reason": "build_running", "message": "the build runs", "via": null, "targets": [], "warnings": [],
        "observed_at": "2026-11-20T15:02:30Z"
    })
}

fn put(layout: &Layout, sha: &str, content: &str) {
    fs::create_dir_all(layout.status_dir()).expect("a folder");
    fs::write(layout.status(sha), content).expect("written");
}

fn head(sandbox: &Sandbox) -> String {
    sandbox.git(&["rev-parse", "HEAD"])
}

#[test]
fn the_exit_code_is_the_verdicts() {
    let sandbox = Sandbox::new();
    let sha = head(&sandbox);
    for (verdict, code) in [
        (Some("live"), 0),
        (Some("failed"), 1),
        (Some("unhealthy"), 1),
        (Some("canceled"), 1),
        (Some("rolled_back"), 1),
        (Some("no_deploy"), 3),
        (Some("skipped"), 3),
        (Some("not_pushed"), 3),
        (Some("superseded"), 6),
        (Some("unobservable"), 5),
        (Some("stopped"), 5),
        (Some("timeout"), 124),
        (None, 8),
        (None, 4),
    ] {
        put(&sandbox.layout(), &sha, &document(&sha, verdict, code).to_string());
        let word = verdict.unwrap_or("building");
        assert_eq!(sandbox.afterpush(&["status", "-q"]).ends(code.into()).out(), word);
        let json = sandbox.afterpush(&["status", "--json"]).ends(code.into()).json();
        assert_eq!((&json["exit_code"], &json["commit"]["is_head"]), (&json!(code), &json!(true)));
        let row = sandbox.afterpush(&["status"]).ends(code.into()).out();
        assert_eq!(row.split('\t').nth(1), Some(word), "{row}");
        if let Some(verdict) = verdict {
            sandbox.afterpush(&["status", "--ok", verdict]).ends(0);
        }
    }
}

#[test]
fn a_result_that_cannot_be_written_is_no_success() {
    let sandbox = Sandbox::new();
    let sha = head(&sandbox);
    put(&sandbox.layout(), &sha, &document(&sha, Some("live"), 0).to_string());
    for (arguments, code) in [(["status", "-q"], 5), (["list", "-q"], 1)] {
        let full = fs::File::options().write(true).open("/dev/full").expect("a device");
        let told = sandbox.calling(&arguments).stdout(full).output().expect("it starts");
        let why = String::from_utf8(told.stderr).expect("text");
        assert_eq!(told.status.code(), Some(code), "{why}");
        assert!(why.contains("cannot write the result to standard output"), "{why}");
    }
}

#[test]
fn of_a_commit_the_newest_push_is_told_whichever_of_file_and_inbox_has_it() {
    let mut site = Site::new();
    // Nobody takes what lies in the inbox.
    site.set("AFTERPUSH_SPAWN", "0");
    let sha = site.commit("twice");
    site.push(&["origin", "HEAD:main"]).ends(0);
    site.push(&["origin", "HEAD:again"]).ends(0);
    let told = site.afterpush(&["status", "--json"]).ends(8).json();
    assert_eq!((&told["phase"], &told["push"]["ref"]), (&json!("pushing"), &json!("refs/heads/again")), "{told:#}");
    let mut known = document(&sha, Some("live"), 0);
    for (at, word, code) in [("2026-01-20T15:02:11Z", "pushing", 8), ("2999-01-20T15:02:11Z", "live", 0)] {
        known["push"]["at"] = json!(at);
        put(&site.layout(), &sha, &known.to_string());
        assert_eq!(site.afterpush(&["status", "-q"]).ends(code).out(), word);
    }
}

#[test]
fn a_damaged_status_file_is_never_a_success() {
    let sandbox = Sandbox::new();
    let sha = head(&sandbox);
    let whole = document(&sha, Some("live"), 0).to_string();
    let other = document(&"b".repeat(40), Some("live"), 0).to_string();
    for damaged in ["", "\0\0\0", "{", &whole[..whole.len() / 2], "[]", &whole.replace("status/1", "status/2"), &other]
    {
        put(&sandbox.layout(), &sha, damaged);
        let ran = sandbox.afterpush(&["status"]).ends(5);
        assert!(ran.err().contains("the status file of"), "{ran}");
        let error: Value = serde_json::from_str(&sandbox.afterpush(&["status", "--json"]).ends(5).err()).expect("JSON");
        assert_eq!(error["code"], "status_damaged");
    }
    let elsewhere = sandbox.root().join("elsewhere.json");
    fs::write(&elsewhere, &whole).expect("written");
    fs::remove_file(sandbox.layout().status(&sha)).expect("there was one");
    symlink(elsewhere, sandbox.layout().status(&sha)).expect("a planted link");
    sandbox.afterpush(&["status"]).ends(5);
}

#[test]
fn an_answer_that_stopped_being_written_says_so() {
    let sandbox = Sandbox::new();
    let sha = head(&sandbox);
    let mut old = document(&sha, None, 8);
    old["stale_after"] = json!("2026-11-20T15:03:30Z");
    put(&sandbox.layout(), &sha, &old.to_string());
    assert_eq!(sandbox.afterpush(&["status", "--json"]).ends(8).json()["stale"], true);
    let ran = sandbox.afterpush(&["status"]).ends(8);
    assert!(ran.err().contains("afterpush wait"), "{ran}");
}

#[test]
fn every_place_of_the_repository_gives_the_same_answer() {
    let sandbox = Sandbox::new();
    let sha = head(&sandbox);
    put(&sandbox.layout(), &sha, &document(&sha, Some("live"), 0).to_string());
    fs::create_dir_all(sandbox.work().join("a/b")).expect("folders");
    sandbox.git(&["worktree", "add", "--quiet", "--detach", "../tree"]);
    let tree = sandbox.root().join("tree");
    for place in [sandbox.work().join("a/b"), tree, sandbox.work().join(".git")] {
        let place = place.to_str().expect("UTF-8");
        sandbox.afterpush(&["-C", place, "status", "-q"]).ends(0);
    }
    sandbox.afterpush(&["-C", "a", "-C", "b", "status", &sha[..9]]).ends(0);
    sandbox.git(&["tag", "--annotate", "--message", "one", "v1"]);
    sandbox.afterpush(&["status", "v1"]).ends(0);
    let git_dir = sandbox.work().join(".git");
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_afterpush"));
    Ran::of(command.args(["status"]).current_dir(sandbox.root()).env("GIT_DIR", git_dir)).ends(0);
}

#[test]
fn a_bare_repository_answers_too() {
    let sandbox = Sandbox::new();
    let sha = head(&sandbox);
    let uid = nix::unistd::getuid().as_raw();
    put(&Layout::new(&sandbox.remote(), uid), &sha, &document(&sha, Some("live"), 0).to_string());
    sandbox.afterpush(&["-C", "../remote.git", "status", "main"]).ends(0);
}

#[test]
fn a_commit_below_a_pushed_tip_answers_through_it() {
    let sandbox = Sandbox::new();
    let before = head(&sandbox);
    let inside = sandbox.commit("inside");
    let tip = sandbox.commit("the tip");
    sandbox.push(&["origin", "main"]).ends(0);
    put(&sandbox.layout(), &tip, &document(&tip, Some("live"), 0).to_string());
    let json = sandbox.afterpush(&["status", "--json", &inside]).ends(0).json();
    assert_eq!((&json["verdict"], &json["via"], &json["reason"]), (&json!("live"), &json!(tip), &json!("contained")));
    assert_eq!(json["commit"]["subject"], "inside");
    put(&sandbox.layout(), &tip, &document(&tip, None, 8).to_string());
    assert_eq!(sandbox.afterpush(&["status", "-q", &inside]).ends(8).out(), "building");
    // What was there before the push was not brought by it.
    sandbox.afterpush(&["status", &before]).ends(7);
}

#[test]
fn a_commit_nobody_knows_of_is_not_a_success() {
    let sandbox = Sandbox::new();
    sandbox.commit("not pushed");
    let json = sandbox.afterpush(&["status", "--json"]).ends(7).json();
    assert_eq!((&json["reason"], &json["verdict"]), (&json!("not_tracked"), &Value::Null));
    assert_eq!(sandbox.processes().len(), 0, "nothing was started");
    assert!(!Path::new(&sandbox.layout().inbox()).exists(), "nothing was asked");
}

#[test]
fn lists_are_newest_first_and_of_a_fixed_form() {
    let sandbox = Sandbox::new();
    let (one, two) = (head(&sandbox), sandbox.commit("two"));
    put(&sandbox.layout(), &one, &document(&one, Some("live"), 0).to_string());
    let mut second = document(&two, None, 8);
    second["push"]["at"] = json!("2026-11-20T15:10:00Z");
    put(&sandbox.layout(), &two, &second.to_string());
    put(&sandbox.layout(), &"c".repeat(40), "{");
    let rows = sandbox.afterpush(&["list"]).ends(0).out();
    let shas: Vec<_> = rows.lines().map(|row| row.split('\t').next().unwrap_or_default()).collect();
    assert_eq!(shas, [&two[..7], &one[..7], "ccccccc"], "{rows}");
    assert!(rows.lines().all(|row| row.split('\t').count() == 10), "{rows}");
    assert_eq!(sandbox.afterpush(&["list", "--active", "-q"]).ends(0).out(), "building");
    assert_eq!(
        sandbox.afterpush(&["list", "-n", "1", "--json"]).ends(0).json()["items"].as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn a_damaged_status_file_is_listed_as_such() {
    let sandbox = Sandbox::new();
    put(&sandbox.layout(), &"c".repeat(40), "{");
    let ran = sandbox.afterpush(&["list"]).ends(0);
    assert!(ran.out().starts_with("ccccccc\tdamaged\t"), "{ran}");
    assert!(ran.err().contains("the status file of ccccccc cannot be used"), "{ran}");
    let item = &sandbox.afterpush(&["list", "--json"]).ends(0).json()["items"][0];
    assert_eq!((&item["phase"], &item["reason"], &item["exit_code"]), (&Value::Null, &json!("damaged"), &json!(5)));
}

#[test]
fn stopping_answers_in_the_form_that_was_asked_for() {
    let sandbox = Sandbox::new();
    let sha = head(&sandbox);
    put(&sandbox.layout(), &sha, &document(&sha, Some("live"), 0).to_string());
    let ran = sandbox.afterpush(&["stop"]).ends(0);
    assert_eq!(ran.err(), format!("{} is decided already: live", &sha[..7]));
    assert_eq!(sandbox.afterpush(&["stop", "-q"]).ends(0).out(), "live");
    for words in [&["stop", "--json"][..], &["stop", "--all", "--json"]] {
        let json = sandbox.afterpush(words).ends(0).json();
        assert_eq!((&json["schema"], &json["stopped"]), (&json!("afterpush.stop/1"), &json!([])), "{json}");
        assert!(json["message"].is_string(), "{json}");
    }
    assert_eq!(sandbox.afterpush(&["stop", "--all", "-q"]).ends(0).out(), "nothing");
    let json = sandbox.afterpush(&["daemon", "stop", "--json"]).ends(0).json();
    assert_eq!((&json["schema"], &json["running"]), (&json!("afterpush.daemon/1"), &json!(false)), "{json}");
    assert_eq!(sandbox.afterpush(&["daemon", "stop", "-q"]).ends(0).out(), "not_running");
    sandbox.afterpush(&["schema", "stop"]).ends(0);
}

#[test]
fn the_log_of_a_failed_deployment_is_shown_inert() {
    let sandbox = Sandbox::new();
    let sha = head(&sandbox);
    let mut failed = document(&sha, Some("failed"), 1);
    failed["targets"] = json!([{"name": "web", "provider": "digitalocean", "phase": "building", "verdict": "failed",
        "reason": "build_failed", "deployment": null, "progress": null, "timeline": {}, "observations": []}]);
    failed["failure"] = json!({"phase": "building", "code": "build_failed", "summary": "exit 2",
        "log_path": "/etc/passwd", "log_url": "https://example.com/log"});
    put(&sandbox.layout(), &sha, &failed.to_string());
    let ran = sandbox.afterpush(&["logs"]).ends(1);
    assert!(ran.err().contains("https://example.com/log"), "{ran}");
    fs::create_dir_all(sandbox.layout().logs()).expect("a folder");
    let log = "ok\n\u{1b}[31merror: no\u{1b}[0m\u{1b}]0;title\u{7}\n";
    fs::write(sandbox.layout().log(&sha, "web"), log).expect("written");
    let shown = sandbox.afterpush(&["logs"]).ends(0).out();
    assert!(shown.contains("error: no") && !shown.contains('\u{1b}'), "{shown:?}");
    // The path in the document, which anybody may have written, is not followed.
    let json = sandbox.afterpush(&["status", "--json"]).ends(1).json();
    assert_eq!(json["failure"]["log_excerpt"][0], "ok", "{json}");
}
