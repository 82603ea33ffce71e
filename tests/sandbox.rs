//! The sandbox keeps its promises.

use std::fs;

use crate::support::{Ran, Sandbox, canary, until};

#[test]
fn a_sandbox_sees_nothing_of_the_machine() {
    let sandbox = Sandbox::new();
    let environment = Ran::of(&mut sandbox.command("env")).out();
    let names: Vec<_> = environment.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    for name in names {
        let known = ["PATH", "HOME", "LC_ALL"].contains(&name) || name.starts_with("XDG_") || name.starts_with("GIT_");
        let is_planted = canary::PLANTED.iter().any(|(planted, _)| *planted == name);
        assert!(known || is_planted, "{name} came through");
    }
    let config = sandbox.git(&["config", "--list", "--show-origin"]);
    assert!(config.lines().all(|line| line.starts_with("file:.git/config")), "{config}");
}

#[test]
fn a_sandbox_pushes_to_its_own_remote() {
    let sandbox = Sandbox::new();
    let sha = sandbox.commit("a change");
    sandbox.push(&[]).ends(0);
    let remote = sandbox.remote().display().to_string();
    assert_eq!(sandbox.git(&["--git-dir", &remote, "rev-parse", "main"]), sha);
}

#[test]
fn the_end_of_a_sandbox_ends_what_was_started_in_it() {
    let sandbox = Sandbox::new();
    let fifo = sandbox.root().join("fifo");
    Ran::of(sandbox.command("mkfifo").arg(&fifo)).ends(0);
    let mut waiting = sandbox.command("cat").arg(&fifo).spawn().expect("cat runs");
    until("cat shows its arguments", || (!sandbox.processes().is_empty()).then_some(()));
    let root = sandbox.root().to_path_buf();
    drop(sandbox);
    assert_eq!(waiting.wait().expect("cat was started").code(), None, "a signal ended it");
    assert!(!fs::exists(root).expect("its parent can be read"));
}

#[test]
fn a_secret_that_a_process_of_a_sandbox_shows_is_found() {
    let sandbox = Sandbox::new();
    let place = sandbox.root().join("place").display().to_string();
    let mut command = sandbox.command("sh");
    let shown = command.args(["-c", "read _", &place, canary::PLANTED[1].1]).stdin(std::process::Stdio::piped());
    let mut shown = shown.spawn().expect("it runs");
    until("it is seen", || (sandbox.exposed().len() == 1).then_some(()));
    drop(shown.stdin.take());
    shown.wait().expect("it was started");
    assert_eq!(sandbox.exposed(), Vec::<String>::new());
}

#[test]
fn a_secret_that_is_written_down_is_found() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.leaks(), Vec::<String>::new());
    let ours = sandbox.layout().private().join("logs");
    fs::create_dir_all(&ours).expect("a folder");
    for (name, secret) in canary::PLANTED {
        let file = ours.join(name);
        fs::write(&file, format!("before {secret} after")).expect("written");
        assert_eq!(sandbox.leaks(), [format!("{} holds {secret:?}", file.display())]);
        fs::remove_file(file).expect("removed");
    }
    let mirror = sandbox.work().join(".deployment-status-0123456.log");
    fs::write(&mirror, canary::PLANTED[0].1).expect("written");
    assert_eq!(sandbox.leaks().len(), 1);
    fs::remove_file(mirror).expect("removed");
}
