//! Machines that are short of processes or memory, and what ends all processes of a user, a job or a container.

use std::fs;
use std::process::{Command, Stdio};

use afterpush::process::MonitorFile;
use afterpush::standin::{Recipe, Stage};
use nix::unistd::Pid;

use crate::support::hooked::Hooked;
use crate::support::traced::{Injection, log_in};
use crate::support::{Group, Ran, Room, Site, until, write_program};

/// What keeps the shim from failing.
const TRAP: &str = "trap 'exit 0' EXIT";

/// A push whose hook may start no process, with this in the place of the shim's trap; its exit code and its words.
fn pushed_without_processes(trap: &str) -> Ran {
    let hooked = Hooked::new();
    let hook = hooked.sandbox.work().join(".git/hooks/pre-push");
    let text = fs::read_to_string(&hook).expect("the shim");
    assert!(text.contains(TRAP), "{text}");
    let shim = hooked.sandbox.root().join("shim");
    write_program(&shim, &text.replace(TRAP, trap));
    let log = log_in(hooked.sandbox.root());
    let none = Injection::always("clone,clone3,vfork,fork", "error=EAGAIN");
    let script = format!("#!/bin/sh\nexec {} sh {} \"$@\"\n", none.words(&log).join(" "), shim.display());
    write_program(&hook, &script);
    hooked.sandbox.commit("while no process is to be had");
    let ran = Ran::of(&mut hooked.command("git", &["push"]));
    assert!(none.happened(&log), "the control: one was asked for: {ran}");
    ran
}

#[test]
#[ignore = "needs strace"]
fn a_shell_that_may_start_no_process_refuses_no_push() {
    let ran = pushed_without_processes(TRAP).ends(0);
    assert!(ran.err().contains("fork"), "{ran}");
    // The control: such a shell ends with an error, and that refuses the push.
    pushed_without_processes(":").ends(1);
}

#[test]
#[ignore = "needs root and control groups"]
fn a_monitor_with_too_few_threads_says_so_or_goes_on_when_there_are_more() {
    let (mut gave_up, mut went_on) = (0, 0);
    let mut site = Site::new();
    for most in 1..=6 {
        site.set("AFTERPUSH_SPAWN", "0");
        let sha = site.ship(Recipe::live());
        let group = Group::new("pids");
        group.limit(&["pids.max"], &most.to_string());
        let [shell, words @ ..] = group.entrance();
        let mut daemon = site.command(shell);
        daemon.args(words).args([env!("CARGO_BIN_EXE_afterpush"), "daemon"]);
        let mut daemon = daemon.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let pid = i32::try_from(daemon.id()).expect("a pid");
        // What it does at the end of its beginning; a heartbeat later it has tried all it could.
        let is_at_work = || MonitorFile::read(&site.layout()).filter(|file| file.identity.pid == pid).map(drop);
        let ended = until("it has ended or is at work", || match daemon.try_wait().expect("it is ours") {
            Some(status) => Some(Some(status)),
            None => is_at_work().map(|()| None),
        });
        if let Some(status) = ended {
            assert_eq!(status.code(), Some(1), "{most} processes");
            gave_up += 1;
        } else {
            group.limit(&["pids.max"], "max");
            site.decided(&sha, "live", "deployed_live");
            assert_eq!(daemon.try_wait().expect("it is ours"), None, "{most} processes: it is the same one");
            went_on += 1;
            site.afterpush(&["daemon", "stop"]).ends(0);
            daemon.wait().expect("it is ours");
        }
        site.set("AFTERPUSH_SPAWN", "1");
        site.afterpush(&["wait", "--timeout", "60s", &sha]).ends(0);
        assert_eq!(site.status(&sha).expect("a status")["attempt"], 1);
        site.afterpush(&["daemon", "stop"]);
        site.quiet();
    }
    assert!(gave_up > 0 && went_on > 0, "the control: {gave_up} gave up, {went_on} went on");
    let log = fs::read_to_string(site.layout().monitor_log()).expect("a log");
    let panics: Vec<_> = log.lines().filter(|line| line.contains("panicked at src/")).collect();
    assert_eq!(panics, Vec::<&str>::new());
}

/// A program that holds so many megabytes until its input ends.
fn holding(group: &Group, megabytes: usize) -> std::process::Child {
    let [shell, words @ ..] = group.entrance();
    let holds = format!("x=$(head -c {} /dev/zero | tr '\\0' x); echo held; read -r end", megabytes << 20);
    let mut command = Command::new(shell);
    command.args(words).args(["sh", "-c", &holds]).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().expect("a shell")
}

#[test]
#[ignore = "needs root and control groups"]
fn where_memory_is_short_the_monitor_goes_first_and_the_next_makes_up_for_it() {
    let site = Site::new();
    let sha = site.building();
    let monitor = site.processes()[0];
    let group = Group::new("memory");
    group.limit(&["memory.limit_in_bytes", "memory.max"], "200M");
    group.take(monitor);
    // Whoever goes first, it is the kernel's choice: none of them is larger than the monitor may ever be.
    let mut others: Vec<_> = (0..12).map(|_| holding(&group, 20)).collect();
    until("the kernel has ended the monitor", || (!site.processes().contains(&monitor)).then_some(()));
    let last = others.last_mut().expect("there are some");
    assert_eq!(last.try_wait().expect("it is ours"), None, "it went first");
    for mut other in others {
        drop(other.stdin.take());
        // Some of them may have followed it.
        other.wait().expect("it is ours");
    }
    site.force(&sha, Stage::Active);
    site.afterpush(&["wait", "--timeout", "60s", &sha]).ends(0);
    let status = site.status(&sha).expect("a status");
    assert_eq!((&status["verdict"], &status["attempt"]), (&"live".into(), &1.into()), "{status:#}");
}

#[test]
#[ignore = "needs root and control groups"]
fn a_logout_that_ends_every_process_of_the_user_costs_time_and_nothing_else() {
    let site = Site::new();
    let group = Group::new("pids");
    let sha = site.commit("before the logout");
    let [shell, words @ ..] = group.entrance();
    Ran::of(site.command(shell).args(words).args(["git", "push"])).ends(0);
    site.deploy(&sha, Recipe::of([Stage::PendingBuild, Stage::Building]));
    site.until_status(&sha, "building", |status| status["phase"] == "building");
    let monitor = Pid::from_raw(MonitorFile::read(&site.layout()).expect("it runs").identity.pid);
    assert_eq!(group.processes(), [monitor], "the control: it is the session's");
    group.end();
    site.quiet();
    site.afterpush(&["daemon", "status"]).ends(3);
    site.force(&sha, Stage::Active);
    site.afterpush(&["wait", "--timeout", "60s", &sha]).ends(0);
    assert_eq!(site.status(&sha).expect("a status")["attempt"], 1);
}

#[test]
#[ignore = "needs namespaces"]
fn a_container_that_is_stopped_takes_its_monitor_along_and_no_watch() {
    let mut site = Site::new();
    let room = Room::new(&["--pid"]);
    site.enter(&room);
    let sha = site.building();
    assert_eq!(site.processes().len(), 1, "the control: a monitor runs in it");
    drop(room);
    site.quiet();
    let next = Room::new(&["--pid"]);
    site.enter(&next);
    // It cannot be seen from there, and its heart beat a moment ago.
    until("it counts as gone", || site.afterpush(&["daemon", "status"]).code().filter(|code| *code == 3));
    site.force(&sha, Stage::Active);
    site.afterpush(&["wait", "--timeout", "60s", &sha]).ends(0);
    assert_eq!(site.status(&sha).expect("a status")["attempt"], 1);
}
