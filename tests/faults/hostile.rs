//! A repository whose configuration names programs, and questions that only a person could answer.

use std::fs;
use std::sync::Arc;

use afterpush::standin::Recipe;

use crate::support::traced::{Injection, log_in};
use crate::support::{Faults, Ran, Site, until, write_program};

/// A program that notes under which name it was run; the file it notes it in.
struct Canary {
    program: String,
    note: std::path::PathBuf,
}

impl Canary {
    fn new(site: &Site) -> Self {
        let (program, note) = (site.root().join("canary"), site.root().join("ran"));
        write_program(&program, &format!("#!/bin/sh\necho \"$*\" >>'{}'\necho secret\n", note.display()));
        Self { program: program.display().to_string(), note }
    }

    /// What was run since the last time.
    fn ran(&self) -> String {
        let ran = fs::read_to_string(&self.note).unwrap_or_default();
        let _ = fs::remove_file(&self.note);
        ran
    }
}

#[test]
fn no_program_that_the_repositorys_configuration_names_is_run() {
    let mut site = Site::new();
    site.set("AFTERPUSH_SPAWN", "0");
    let sha = site.ship(Recipe::failing_build(&["no hats"]));
    let canary = Canary::new(&site);
    let call = |name: &str| format!("{} {name}", canary.program);
    for (key, name) in [
        ("core.fsmonitor", "fsmonitor"),
        ("core.pager", "pager"),
        ("core.editor", "editor"),
        ("core.sshCommand", "ssh"),
        ("core.gitProxy", "proxy"),
        ("core.askPass", "askpass"),
        ("core.alternateRefsCommand", "alternates"),
        ("credential.helper", "helper"),
        ("diff.external", "diff"),
        ("gpg.program", "gpg"),
        ("filter.own.clean", "clean"),
        ("filter.own.smudge", "smudge"),
        ("filter.own.process", "process"),
        ("remote.origin.uploadpack", "uploadpack"),
        ("pager.log", "log"),
    ] {
        site.git(&["config", key, &call(name)]);
    }
    for (key, name) in [("alias.status", "status"), ("alias.for-each-ref", "refs"), ("credential.helper", "again")] {
        site.git(&["config", "--add", key, &format!("!{}", call(name))]);
    }
    site.git(&["config", "log.showSignature", "true"]);
    fs::write(site.work().join(".gitattributes"), "* filter=own diff=own\n").expect("room on the disk");
    fs::write(site.work().join("file"), "text\n").expect("room on the disk");
    canary.ran();
    site.set("AFTERPUSH_SPAWN", "1");
    site.afterpush(&["wait", &sha]).ends(1);
    for words in [
        &["status"][..],
        &["status", "HEAD"],
        &["status", "--refresh"],
        &["list"],
        &["logs"],
        &["trust", "--print"],
        &["daemon", "status"],
        &["clean", "--dry-run"],
        &["watch", &sha],
    ] {
        site.afterpush(words);
        assert_eq!(canary.ran(), "", "{words:?}");
    }
    site.afterpush(&["doctor"]);
    assert_eq!(canary.ran(), "", "doctor");
    site.quiet();
    assert_eq!(canary.ran(), "", "the monitor");
    // The control: git itself runs them.
    Ran::of(site.command("git").args(["add", "--all"]));
    Ran::of(site.command("git").args(["ls-remote", "origin"]));
    let ran = canary.ran();
    for name in ["fsmonitor", "uploadpack"] {
        assert!(ran.contains(name), "{name}: {ran}");
    }
}

#[tokio::test]
async fn nobody_is_asked_for_a_password_in_the_background() {
    let server = Arc::new(Faults::start().await);
    let asked = Arc::clone(&server);
    // The server lives in this thread, the story waits in another.
    tokio::task::spawn_blocking(move || to_whoever_wants_a_password(&asked)).await.expect("a story");
}

fn to_whoever_wants_a_password(server: &Faults) {
    let mut site = Site::new();
    let canary = Canary::new(&site);
    // git notes nothing of the push, so that the monitor has to ask the remote; and that wants a password.
    site.git(&["config", "--unset-all", "remote.origin.fetch"]);
    let url = server.url("/status-401/repository.git");
    site.git(&["config", "remote.origin.url", &url]);
    site.git(&["config", &format!("url.{}.pushInsteadOf", site.remote().display()), &url]);
    site.git(&["config", "core.askPass", &canary.program]);
    for name in ["GIT_ASKPASS", "SSH_ASKPASS"] {
        site.set(name, &canary.program);
    }
    site.set("DISPLAY", ":0");
    let sha = site.commit("to whoever wants a password");
    site.push(&["origin", "main"]).ends(0);
    until("the remote was asked", || (!server.heads().is_empty()).then_some(()));
    site.afterpush(&["daemon", "stop"]).ends(0);
    site.quiet();
    assert_eq!(canary.ran(), "", "somebody was asked");
    let status = site.status(&sha).expect("a status");
    assert_eq!(status["verdict"], serde_json::Value::Null, "{status:#}");
    // The control: git itself asks.
    Ran::of(site.command("git").args(["ls-remote", "origin"]));
    assert!(canary.ran().contains("sername"), "git asks nobody here either");
}

#[test]
#[ignore = "needs strace"]
fn no_program_makes_a_call_that_older_kernels_lack_without_doing_without_it() {
    let mut site = Site::new();
    site.set("AFTERPUSH_SPAWN", "0");
    let log = log_in(site.root());
    let traced = |site: &Site, program: &str, arguments: &[&str]| {
        let injection = Injection::always("openat2,close_range,memfd_create,pidfd_open", "error=ENOSYS");
        let words = injection.words(&log);
        let mut strace = site.command(&words[0]);
        Ran::of(strace.args(&words[1..]).arg(program).args(arguments)).ends(0);
        let text = fs::read_to_string(&log).expect("strace runs (Debian's package strace)");
        assert!(!text.contains("openat2("), "{text}");
        text.contains("(INJECTED)")
    };
    let sha = site.commit("to an old kernel");
    assert!(traced(&site, "git", &["push"]), "the control: the hook makes some of these calls");
    site.deploy(&sha, Recipe::live());
    traced(&site, env!("CARGO_BIN_EXE_afterpush"), &["daemon"]);
    site.decided(&sha, "live", "deployed_live");
    traced(&site, env!("CARGO_BIN_EXE_afterpush"), &["status", &sha]);
}
