//! Clocks that jump, machines that share a repository, and observers that see nothing or too much.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::SystemTime;

use afterpush::standin::{Recipe, Stage};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::traced::{Injection, log_in};
use crate::support::{Room, Site, until};

/// The library that lies to programs about the time.
fn faketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("libraries").filter_map(|entry| Some(entry.ok()?.path()));
    let found = folders.map(|folder| folder.join("faketime/libfaketime.so.1")).find(|library| library.exists());
    found.expect("libfaketime is installed (Debian's package faketime)")
}

/// A site whose programs all have the clock that is written in this file.
fn with_own_clock() -> (Site, PathBuf) {
    let mut site = Site::new();
    let clock = site.root().join("clock");
    fs::write(&clock, "+0d\n").expect("room on the disk");
    for (name, value) in [
        ("LD_PRELOAD", faketime().display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", clock.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("NO_FAKE_STAT", "1".to_owned()),
        // A monitor that is started in the background has none of these.
        ("AFTERPUSH_SPAWN", "0".to_owned()),
    ] {
        site.set(name, &value);
    }
    (site, clock)
}

/// A monitor whose end the test waits for.
fn monitor(site: &Site) -> Child {
    let mut daemon = site.calling(&["daemon"]);
    daemon.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
}

fn last_alive(site: &Site) -> Option<SystemTime> {
    fs::metadata(site.layout().alive()).and_then(|alive| alive.modified()).ok()
}

/// The seconds between two times, whichever is the later.
fn between(one: SystemTime, other: SystemTime) -> u64 {
    one.duration_since(other).or_else(|_| other.duration_since(one)).map_or(0, |gap| gap.as_secs())
}

#[test]
#[ignore = "needs faketime"]
fn a_clock_that_jumps_in_the_middle_ends_no_watch_and_clears_nothing_away() {
    for jump in ["-1d", "+365d", "+2h"] {
        let (site, clock) = with_own_clock();
        let old = site.ship(Recipe::live());
        let mut first = monitor(&site);
        site.until_status(&old, "live", |status| status["verdict"] == "live");
        let sha = site.building();
        // With its first heartbeat it notes what the clock says, with the second it has.
        for _ in 0..2 {
            let before = last_alive(&site);
            until("its heart has beaten", || (last_alive(&site) != before).then_some(()));
        }
        let before = last_alive(&site).expect("it lives");
        fs::write(&clock, format!("{jump}\n")).expect("room on the disk");
        until("the monitor has come upon it", || {
            last_alive(&site).filter(|alive| between(*alive, before) > 3600).map(drop)
        });
        let status = site.status(&sha).expect("a status");
        assert_eq!(
            (&status["done"], &status["verdict"]),
            (&false.into(), &serde_json::Value::Null),
            "{jump}: {status:#}"
        );
        // The next one clears away what is old, when it begins.
        site.afterpush(&["daemon", "stop"]).ends(0);
        assert_eq!(first.wait().expect("it is ours").code(), Some(0), "{jump}");
        let mut second = monitor(&site);
        until("the next one lives", || site.afterpush(&["daemon", "status"]).code().filter(|code| *code == 0));
        let status = site.status(&sha).expect("a status");
        assert_eq!(status["done"], false, "{jump}: {status:#}");
        site.force(&sha, Stage::Active);
        site.until_status(&sha, "live", |status| status["verdict"] == "live");
        assert_eq!(site.status(&sha).expect("a status")["attempt"], 1, "{jump}");
        assert!(site.status(&old).is_some(), "{jump}: it was cleared away");
        site.afterpush(&["daemon", "stop"]).ends(0);
        assert_eq!(second.wait().expect("it is ours").code(), Some(0), "{jump}");
        let log = fs::read_to_string(site.layout().monitor_log()).expect("a log");
        assert!(!log.contains("panicked"), "{jump}: {log}");
    }
}

/// A room that takes itself for a machine of this name.
fn machine(name: &str, folder: &Path) -> Room {
    let mut room = Room::new(&["--pid", "--uts"]);
    let boot_id = folder.join(name);
    fs::write(&boot_id, format!("11111111-2222-3333-4444-{:0>12}\n", name.len())).expect("room on the disk");
    room.tell(&format!("hostname {name} && mount --bind {} /proc/sys/kernel/random/boot_id", boot_id.display()));
    room
}

#[test]
#[ignore = "needs namespaces"]
fn of_two_machines_with_one_repository_one_watches_for_both() {
    let mut site = Site::new();
    let (here, there) = (machine("here", site.root()), machine("elsewhere", site.root()));
    site.enter(&here);
    let first = site.building();
    let monitor = site.processes();
    assert_eq!(monitor.len(), 1, "{monitor:?}");
    site.enter(&there);
    // Its number says nothing there; its heart does.
    site.afterpush(&["daemon", "status"]).ends(0);
    site.afterpush(&["status", &first]).ends(8);
    let second = site.building();
    assert_eq!(site.processes(), monitor, "still one");
    for sha in [&first, &second] {
        site.force(sha, Stage::Active);
    }
    for sha in [&first, &second] {
        let status = site.until_status(sha, "live", |status| status["verdict"] == "live");
        assert_eq!(status["attempt"], 1, "{status:#}");
    }
    site.quiet();
    // What one has begun the other takes up.
    site.enter(&here);
    let third = site.building();
    kill(site.processes()[0], Signal::SIGKILL).expect("it is ours");
    site.quiet();
    site.enter(&there);
    site.force(&third, Stage::Active);
    site.afterpush(&["wait", "--timeout", "60s", &third]).ends(0);
    assert_eq!(site.status(&third).expect("a status")["attempt"], 1);
}

#[test]
#[ignore = "needs strace"]
fn an_observer_that_is_told_nothing_costs_a_heartbeat_and_no_push() {
    let mut site = Site::new();
    site.set("AFTERPUSH_SPAWN", "0");
    let first = site.ship(Recipe::of([Stage::PendingBuild, Stage::Building]));
    let log = log_in(site.root());
    // As on a network disk: it is said to be observed, and never told of.
    let injection = Injection::always("inotify_add_watch", "retval=1");
    let words = injection.words(&log);
    let mut strace = site.command(&words[0]);
    strace.args(&words[1..]).args([env!("CARGO_BIN_EXE_afterpush"), "daemon"]).stderr(Stdio::null());
    let mut strace = strace.spawn().expect("strace runs (Debian's package strace)");
    site.until_status(&first, "building", |status| status["phase"] == "building");
    let second = site.ship(Recipe::live());
    site.until_status(&second, "live", |status| status["verdict"] == "live");
    site.force(&first, Stage::Active);
    site.until_status(&first, "live", |status| status["verdict"] == "live");
    site.afterpush(&["daemon", "stop"]).ends(0);
    strace.wait().expect("it is ours");
    assert!(injection.happened(&log), "the control: nothing was told");
}

#[test]
fn an_observer_that_is_told_too_much_misses_no_push() {
    let site = Site::new();
    let first = site.building();
    let monitor: Pid = site.processes()[0];
    kill(monitor, Signal::SIGSTOP).expect("it is ours");
    let most = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").expect("Linux has a limit");
    let most: usize = most.trim().parse().expect("a number");
    let new = site.layout().inbox().join("new");
    // Each comes and goes, which are two notices; the push comes when nothing more is kept.
    for number in 0..=most / 2 {
        let passing = new.join(format!("passing-{number}"));
        fs::write(&passing, "").and_then(|()| fs::remove_file(&passing)).expect("our own folder");
    }
    let second = site.ship(Recipe::live());
    kill(monitor, Signal::SIGCONT).expect("it is ours");
    site.until_status(&second, "live", |status| status["verdict"] == "live");
    site.force(&first, Stage::Active);
    site.until_status(&first, "live", |status| status["verdict"] == "live");
    assert_eq!(site.status(&second).expect("a status")["attempt"], 1);
}
