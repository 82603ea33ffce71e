//! The life of the monitor and of what it starts.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;

use afterpush::process::MonitorFile;
use afterpush::standin::{Recipe, Stage};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Ran, Site, copy_program, until, write_program};

fn monitor(site: &Site) -> Pid {
    Pid::from_raw(until("a monitor has introduced itself", || MonitorFile::read(&site.layout())).identity.pid)
}

/// A site whose programs lie in a folder of their own, where they can be taken away.
fn with_own_programs() -> Site {
    let site = Site::unhooked();
    for program in [env!("CARGO_BIN_EXE_afterpush"), env!("CARGO_BIN_EXE_afterpush-hook")] {
        let name = Path::new(program).file_name().expect("a program's name");
        let programs = site.root().join("programs");
        fs::create_dir_all(&programs).expect("a folder");
        copy_program(Path::new(program), &programs.join(name));
    }
    Ran::of(site.command(site.root().join("programs/afterpush")).arg("install")).ends(0);
    site
}

#[test]
fn nothing_the_monitor_starts_holds_its_lock_or_its_database() {
    let mut site = Site::unhooked();
    let lists = "ls -l /proc/$$/fd >> \"$0.open\"";
    let tools = site.root().join("tools");
    let git = Ran::of(site.command("sh").args(["-c", "command -v git"])).ends(0).out();
    write_program(&tools.join("git"), &format!("#!/bin/sh\n{lists}\nexec {git} \"$@\"\n"));
    write_program(&tools.join("ask"), &format!("#!/bin/sh\n{lists}\necho $AFTERPUSH_SHA\n"));
    write_program(&tools.join("token"), &format!("#!/bin/sh\n{lists}\necho {}\n", site.provider().token()));
    site.find_first(&tools);
    let ask = tools.join("ask");
    let others = format!(
        "token = {{ command = {:?} }}\n[target.own]\nprovider = \"command\"\ncommand = [{ask:?}]",
        tools.join("token")
    );
    site.configure(&site.configuration("", &others));
    site.afterpush(&["install"]).ends(0);
    let sha = site.ship(Recipe::live());
    site.until_status(&sha, "that it is done", |status| status["done"] == true);
    site.quiet();
    let private = site.layout().private().display().to_string();
    for name in ["git", "ask", "token"] {
        let open = fs::read_to_string(tools.join(format!("{name}.open"))).unwrap_or_default();
        assert!(open.contains("/dev/null"), "{name} was started: {open}");
        assert!(!open.contains(&private), "{name}: {open}");
    }
}

#[test]
fn a_monitor_that_is_asked_to_end_at_any_place_loses_nothing() {
    let places =
        ["monitor.request_synced", "monitor.request_stored", "monitor_before_release", "monitor_after_release"];
    for place in places {
        let mut site = Site::new();
        let gate = site.root().join("gate");
        site.set("AFTERPUSH_FAILPOINTS", &format!("{place}=wait:{}", gate.display()));
        let sha = site.ship(Recipe::live());
        until("the monitor stands there", || gate.with_extension("reached").exists().then_some(()));
        kill(monitor(&site), Signal::SIGTERM).expect("it is ours");
        fs::write(&gate, "").expect("room on the disk");
        site.quiet();
        let ran = site.afterpush(&["wait", "--timeout", "60s", &sha]).ends(0);
        assert!(ran.out().contains("live"), "{place}: {ran}");
        let status = site.status(&sha).expect("a status");
        assert_eq!(status["attempt"], 1, "{place}: {status:#}");
    }
}

#[test]
fn a_monitor_that_stands_still_is_said_to_and_goes_on_when_it_may() {
    let site = Site::new();
    let sha = site.building();
    kill(monitor(&site), Signal::SIGSTOP).expect("it is ours");
    until("it counts as stuck", || site.afterpush(&["daemon", "status"]).code().filter(|code| *code == 1));
    site.force(&sha, Stage::Active);
    site.afterpush(&["status", &sha]).ends(8);
    kill(monitor(&site), Signal::SIGCONT).expect("it is ours");
    site.decided(&sha, "live", "deployed_live");
}

#[test]
fn a_monitor_that_stands_still_can_be_stopped_and_another_takes_up_its_watches() {
    let site = Site::new();
    let sha = site.building();
    kill(monitor(&site), Signal::SIGSTOP).expect("it is ours");
    site.afterpush(&["daemon", "stop"]).ends(0);
    site.quiet();
    site.force(&sha, Stage::Active);
    site.afterpush(&["wait", "--timeout", "60s", &sha]).ends(0);
}

#[test]
fn programs_that_are_removed_in_the_middle_cost_no_watch_and_no_push() {
    let site = with_own_programs();
    let first = site.building();
    fs::remove_dir_all(site.root().join("programs")).expect("ours");
    // The running monitor looks at the inbox, but nobody is left to put anything there.
    let second = site.commit("another");
    let ran = site.push(&[]).ends(0);
    let told = ran.err().lines().filter(|line| line.contains("afterpush")).count();
    assert_eq!(told, 1, "{ran}");
    site.force(&first, Stage::Active);
    site.decided(&first, "live", "deployed_live");
    site.quiet();
    site.deploy(&second, Recipe::live());
    site.afterpush(&["wait", "--timeout", "60s", &second]).ends(0);
}

#[test]
fn a_request_that_ends_every_monitor_is_set_aside_and_the_others_are_worked_off() {
    for end in ["kill", "panic"] {
        let mut site = Site::new();
        site.set("AFTERPUSH_SPAWN", "0");
        let sha = site.commit("poison");
        site.push(&[]).ends(0);
        let new = site.layout().inbox().join("new");
        assert_eq!(fs::read_dir(&new).expect("an inbox").count(), 1);
        for _ in 0..5 {
            let mut daemon = site.calling(&["daemon"]);
            let ran = Ran::of(daemon.env("AFTERPUSH_FAILPOINTS", format!("monitor.request_synced={end}")));
            assert_ne!(ran.code(), Some(0), "the control: it ends the monitor: {ran}");
        }
        site.set("AFTERPUSH_SPAWN", "1");
        let next = site.ship(Recipe::live());
        site.decided(&next, "live", "deployed_live");
        let bad: Vec<_> = fs::read_dir(site.layout().inbox().join("bad")).expect("a folder").collect();
        assert_eq!(bad.len(), 2, "the request and the reason: {bad:?}");
        // The journal still knows of the push.
        site.deploy(&sha, Recipe::live());
        site.afterpush(&["wait", "--timeout", "60s", &sha]).ends(0);
    }
}

#[test]
fn a_monitor_with_few_descriptors_or_no_room_for_files_says_so_and_loses_nothing() {
    let mut site = Site::new();
    site.set("AFTERPUSH_SPAWN", "0");
    let sha = site.ship(Recipe::live());
    let run = |limit: &str| {
        let mut shell = site.command("sh");
        let line = format!("ulimit {limit}; exec \"$@\"");
        Ran::of(shell.args(["-c", &line, "sh", env!("CARGO_BIN_EXE_afterpush"), "daemon"]))
    };
    // With fewer the loader cannot even open the C library.
    for descriptors in [4, 7, 8, 12, 16, 20, 28, 40, 63] {
        let ran = run(&format!("-n {descriptors}")).ends(1);
        assert!(ran.err().contains("files may be open"), "{ran}");
    }
    let ran = run("-f 0").ends(1);
    assert!(ran.err().contains("the monitor cannot work"), "{ran}");
    assert!(site.status(&sha).is_none_or(|status| status["done"] == false), "the control: nothing was possible");
    run("-n 64").ends(0);
    site.decided(&sha, "live", "deployed_live");
    assert_eq!(site.status(&sha).expect("a status")["attempt"], 1);
}

#[test]
fn killed_again_and_again_there_is_one_lock_and_one_watch() {
    let site = Site::new();
    let sha = site.building();
    let before = fs::metadata(site.layout().lock()).expect("a lock file").ino();
    for _ in 0..5 {
        let pid = monitor(&site);
        kill(pid, Signal::SIGKILL).expect("it is ours");
        site.quiet();
        let mut wait = site.calling(&["wait", &sha]).stdout(Stdio::null()).spawn().expect("it starts");
        until("another monitor is at work", || (monitor(&site) != pid).then_some(()));
        wait.kill().and_then(|()| wait.wait()).expect("it is ours");
    }
    assert_eq!(fs::metadata(site.layout().lock()).expect("a lock file").ino(), before, "one lock for ever");
    site.force(&sha, Stage::Active);
    let status = site.decided(&sha, "live", "deployed_live");
    assert_eq!(status["attempt"], 1, "{status:#}");
}
