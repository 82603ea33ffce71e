//! The demo, and the stand-in for a repository of one's own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Ran, Sandbox, until, write_private};

/// The demo in an almost empty environment, with its temporary folder in the sandbox.
fn demo(sandbox: &Sandbox) -> Command {
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_afterpush"));
    let temporary = sandbox.root().join("tmp");
    fs::create_dir(&temporary).expect("an empty temporary folder");
    command.env_remove("HOME").env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME").env("TMPDIR", temporary);
    command
}

fn leavings(sandbox: &Sandbox) -> Vec<std::ffi::OsString> {
    let left = fs::read_dir(sandbox.root().join("tmp")).expect("the temporary folder is there");
    left.flatten().map(|entry| entry.file_name()).collect()
}

#[test]
fn the_demo_ends_live_and_then_failed_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    let ran = Ran::of(demo(&sandbox).arg("demo")).ends(0);
    let out = ran.out();
    for line in ["DONE live", "DONE failed", "web npm ERR! exit status 1"] {
        assert!(out.contains(line), "{line} is missing\n{ran}");
    }
    assert!(!format!("{ran}").contains("stand-in-"), "the token is shown\n{ran}");
    assert!(leavings(&sandbox).is_empty() && sandbox.processes().is_empty(), "{:?}", leavings(&sandbox));
}

#[test]
fn a_demo_that_is_ended_by_a_signal_leaves_nothing_either() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        ended_by(signal);
    }
}

fn ended_by(signal: Signal) {
    let sandbox = Sandbox::new();
    let mut child = demo(&sandbox).arg("demo").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the demo");
    let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    lines
        .by_ref()
        .find(|line| line.as_ref().is_ok_and(|line| line.contains("afterpush watch")))
        .expect("the watch begins")
        .expect("text");
    send(&child, signal);
    lines.for_each(drop);
    assert_eq!(child.wait().expect("it can be waited for").code(), Some(128 + signal as i32));
    assert!(leavings(&sandbox).is_empty() && sandbox.processes().is_empty(), "{:?}", leavings(&sandbox));
}

#[test]
fn the_stand_in_serves_a_repository_of_ones_own() {
    let sandbox = Sandbox::new();
    for repository in [".", "../remote.git"] {
        sandbox.git(&["-C", repository, "branch", "--quiet", "--move", "main", "master"]);
    }
    let port = free_port();
    let mut serving = sandbox.command(env!("CARGO_BIN_EXE_afterpush"));
    serving.args(["demo", "--serve", "../remote.git", "--port", &port]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut serving = serving.spawn().expect("the stand-in");
    let lines = BufReader::new(serving.stdout.take().expect("it is piped")).lines();
    let config: Vec<String> = lines.map_while(Result::ok).take(5).collect();
    write_private(&sandbox.layout().config(), &config.join("\n"));
    sandbox.afterpush(&["install"]).ends(0);
    for (message, code) in [("Sell hats", 0), ("Sell hats upside down [fail]", 1)] {
        sandbox.commit(message);
        let mut push = sandbox.command("git");
        push.args(["push", "origin", "master"]).env("DIGITALOCEAN_TOKEN", "stand-in").env("AFTERPUSH_PACE", "20");
        Ran::of(&mut push).ends(0);
        sandbox.afterpush(&["wait"]).ends(code);
        sandbox.afterpush(&["status"]).ends(code);
    }
    assert!(sandbox.afterpush(&["logs"]).ends(0).out().contains("npm ERR!"));
    send(&serving, Signal::SIGTERM);
    until("the stand-in has ended", || serving.try_wait().ok().flatten());
}

fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    kill(pid, signal).expect("it is running");
}

fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port().to_string()
}
