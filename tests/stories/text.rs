//! Text of others that would act, hide or lie: it does so nowhere.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use afterpush::base::text::is_plain;
use afterpush::standin::{Recipe, Stage};
use afterpush::wire::Dialect;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::records::bed::{Fresh, encoded};
use crate::support::canary::{PLANTED, leaks};
use crate::support::{Oracle, Ran, Site};

/// Escapes for the terminal, C1, directions, what has no width, tags, a line that pretends to be another's.
const HOSTILE: &str =
    "a\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{202e}gnp\u{2066}\u{200b}\u{feff}\u{e0041}\u{ad}\r\u{2028}b";
/// The same without what git takes in no name.
const HOSTILE_NAME: &str = "a\u{9b}31m\u{202e}gnp\u{2066}\u{200b}\u{feff}\u{e0041}\u{2028}b";

/// Nothing in these bytes acts; lines may end, and fields of a line.
#[track_caller]
fn assert_inert(what: &str, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|why| panic!("{what} is no text: {why}"));
    for field in text.split(['\n', '\t']) {
        assert!(is_plain(field), "{what}: {field:?}");
    }
}

/// Every file below a folder, but for the store and the inbox, which nobody is shown.
fn assert_files_are_inert(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && name != "inbox" {
            assert_files_are_inert(&path);
        } else if path.is_file() && !name.contains("sqlite") {
            assert_inert(&path.display().to_string(), &fs::read(&path).expect("readable"));
        }
    }
}

/// All that is said of a site's commits, to whoever asks and in every file.
fn assert_all_is_inert(site: &Site) {
    for args in [
        &["status"][..],
        &["status", "--json"],
        &["status", "--refresh"],
        &["wait"],
        &["watch"],
        &["watch", "--jsonl"],
        &["list"],
        &["list", "--json"],
        &["list", "--all-repos"],
        &["logs"],
        &["logs", "--json"],
        &["logs", "--monitor"],
        &["doctor"],
        &["doctor", "--json"],
        &["status", HOSTILE],
        &["status", "--json", HOSTILE],
        &["wait", "--target", HOSTILE],
        &["track", "--branch", HOSTILE],
        &["stop", HOSTILE_NAME],
        &["clean", "--dry-run", "--older-than", "1s"],
    ] {
        let ran = site.calling(args).args(["--color", "never"]).output().expect("it runs");
        assert_inert(&format!("{args:?}"), &[ran.stdout, ran.stderr].concat());
    }
    assert_files_are_inert(&site.layout().common_dir().join("afterpush"));
    let mirrors = fs::read_dir(site.work()).expect("a folder").flatten();
    let mirrors: Vec<_> = mirrors.filter(|entry| entry.file_name().as_bytes().starts_with(b".deployment-")).collect();
    assert!(!mirrors.is_empty());
    for mirror in mirrors {
        assert_inert(&mirror.path().display().to_string(), &fs::read(mirror.path()).expect("readable"));
    }
}

#[test]
fn hostile_text_is_inert_in_every_place_it_is_shown_in() {
    let deployed = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&deployed);
    let service = Oracle::start(move |_| {
        let sha = told.lock().expect("no test panics while it looks").clone();
        let url = format!("https://example.com/{HOSTILE}");
        let answer = json!({"sha": sha, "id": HOSTILE, "state": HOSTILE, "error": HOSTILE, "url": url});
        ("200 OK", String::new(), answer.to_string())
    });
    let site = Site::new();
    let rest = format!(
        "[target.api]\nprovider = \"http\"\nurl = \"{}/now\"\npointers = {{ commit = \"/sha\", state = \"/state\", id = \
         \"/id\", error = \"/error\", url = \"/url\" }}\n[status]\nmirror = true\n",
        service.url
    );
    site.provider().add_app("odd", HOSTILE_NAME);
    let text = site.configuration("branches = [\"*\"]\ntimeout = \"6s\"", &rest);
    site.configure(&text.replace("app = \"web\"", "app = \"odd\""));
    site.git(&["switch", "--quiet", "--create", HOSTILE_NAME]);
    let message = site.root().join("message");
    fs::write(&message, [HOSTILE.as_bytes(), b"\xff\xfe\n\nDONE live"].concat()).expect("written");
    let name = OsStr::from_bytes(message.as_os_str().as_bytes());
    Ran::of(site.command("git").args(["commit", "--quiet", "--allow-empty", "--file"]).arg(name)).ends(0);
    let sha = site.git(&["rev-parse", "HEAD"]);
    sha.clone_into(&mut deployed.lock().expect("no test panics while it looks"));
    let pushed = site.command("git").args(["push", "--quiet", "origin", "HEAD"]).output().expect("git runs");
    assert_inert("the hook's word", &pushed.stderr);
    assert!(pushed.status.success(), "{pushed:?}");
    let log = [HOSTILE, "\u{202e}error: it broke", "{\"level\":\"INFO\"}\u{85}DONE live"];
    site.provider().push("odd", &sha, Recipe::failing_build(&log)).expect("the stand-in knows the app");
    let is_told = |status: &Value| {
        status["failure"]["log_path"].is_string() && status["targets"][1]["observations"][0]["value"].is_string()
    };
    site.until_status(&sha, "what both say", is_told);
    assert_all_is_inert(&site);
    // The control: all of it has come that far, and one event is one line.
    let status = fs::read_to_string(site.layout().status(&sha)).expect("a status");
    assert!(status.contains("\\\\u{1b}[2J"), "{status}");
    assert!(site.afterpush(&["logs"]).ends(0).out().contains("\\u{202e}error: it broke"));
    let timeline = fs::read_to_string(site.layout().timeline(&sha)).expect("a timeline");
    assert!(timeline.lines().all(|line| line.contains(&sha[..7])), "{timeline}");
    let document = fs::read_to_string(site.layout().status(&sha)).expect("a status");
    assert_eq!(document.lines().count(), 1);
}

#[tokio::test]
async fn a_hostile_row_is_inert_and_keeps_no_secret_in_any_form() {
    let secret = PLANTED[0].1;
    let forms = [secret.to_owned(), STANDARD.encode(secret), URL_SAFE_NO_PAD.encode(secret), encoded(secret)];
    for dialect in [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite] {
        let columns =
            "sha varchar(64), status varchar(300), branch varchar(300), created_at timestamp NULL, error text";
        let fresh = Fresh::with(dialect, &format!("CREATE TABLE deployments (id varchar(300), {columns})")).await;
        let mut site = Site::new();
        site.set("DATABASE_URL", &fresh.url().await);
        let rest = "[database]\nurl = { env = \"DATABASE_URL\" }\n[status]\nmirror = true\n";
        site.provider().add_app("odd", HOSTILE_NAME);
        let text = site.configuration("branches = [\"*\"]", rest);
        site.configure(&text.replace("app = \"web\"", "app = \"odd\""));
        site.git(&["switch", "--quiet", "--create", HOSTILE_NAME]);
        let sha = site.commit("a change");
        site.push(&["--quiet", "origin", "HEAD"]).ends(0);
        let recipe = Recipe::of([Stage::PendingBuild, Stage::Building]);
        site.provider().push("odd", &sha, recipe).expect("the stand-in knows the app");
        let row = format!("'{HOSTILE}', '{sha}', '{HOSTILE} {}', '{HOSTILE_NAME}', CURRENT_TIMESTAMP", forms[1]);
        let error = format!("{} {HOSTILE}", forms.join(" | "));
        fresh.run(&format!("INSERT INTO deployments VALUES ({row}, '{error}')")).await;
        let is_read = |status: &Value| status.to_string().contains("\\\\u{1b}[2J");
        site.until_status(&sha, "the word nobody knows", is_read);
        for args in [&["status"][..], &["status", "--json"], &["doctor"]] {
            assert_inert("a command", site.afterpush(args).out().as_bytes());
        }
        fresh.run("UPDATE deployments SET status = 'crashed'").await;
        let status = site.decided(&sha, "failed", "recorded_failed");
        let summary = status["failure"]["summary"].as_str().expect("the row's own words");
        // The control: what is left of the error has come that far.
        assert!(
            summary.starts_with("[redacted] | [redacted]") && summary.contains("\\u{1b}[2J"),
            "{dialect:?}: {summary}"
        );
        assert_all_is_inert(&site);
        assert_eq!(leaks(site.root(), &forms), Vec::<String>::new(), "{dialect:?}");
    }
}

#[test]
fn the_status_file_of_a_hostile_neighbour_is_inert_for_who_reads_it() {
    let site = Site::new();
    let sha = site.ship(Recipe::failing_build(&["it broke"]));
    site.decided(&sha, "failed", "build_failed");
    site.quiet();
    let path = site.layout().status(&sha);
    let honest = fs::read_to_string(&path).expect("a status");
    let hostile = honest.replace("a change", "\\u001b[2J\\u009b\\u202e").replace("digitalocean", "\\u001b]0;x\\u0007");
    assert_ne!(honest, hostile);
    fs::write(&path, hostile).expect("our own file");
    for args in [&["status"][..], &["status", "--json"], &["list"], &["wait"], &["watch"], &["watch", "--jsonl"]] {
        let ran = site.calling(args).args(["--color", "never"]).output().expect("it runs");
        assert_inert(&format!("{args:?}"), &[ran.stdout, ran.stderr].concat());
    }
}
