//! One monitor after another: no request falls between them, a newer binary takes over, and a repository may move or
//! go away.

use std::fs;
use std::path::{Path, PathBuf};

use afterpush::process::MonitorFile;
use afterpush::standin::{Recipe, Stage};

use crate::support::{Ran, Site, copy_program, until};

/// The file a failpoint waits for, and the one it makes when it is reached.
fn gate(site: &Site) -> (PathBuf, PathBuf) {
    (site.root().join("gate"), site.root().join("gate.reached"))
}

fn monitor(site: &Site) -> i32 {
    until("a monitor has introduced itself", || MonitorFile::read(&site.layout())).identity.pid
}

/// A first push is over, and its monitor has just decided to leave: it stands before or behind the lock's release.
fn a_monitor_about_to_leave(place: &str, then: &str) -> Site {
    let mut site = Site::new();
    let (gate, reached) = gate(&site);
    site.set("AFTERPUSH_FAILPOINTS", &format!("{place}=wait:{},monitor_after_release={then}", gate.display()));
    let first = site.ship(Recipe::live());
    site.decided(&first, "live", "deployed_live");
    until("the monitor has decided to leave", || reached.exists().then_some(()));
    site
}

fn open(gate: &Path) {
    fs::write(gate, "").expect("room on the disk");
}

#[test]
fn a_push_noted_while_the_monitor_leaves_is_watched_all_the_same() {
    let site = a_monitor_about_to_leave("monitor_before_release", "sleep:1ms");
    // The lock is still held, so this hook starts nobody: all depends on the look after the release.
    let second = site.ship(Recipe::live());
    open(&gate(&site).0);
    site.decided(&second, "live", "deployed_live");
}

#[test]
fn without_the_look_after_the_release_that_push_would_be_lost_until_somebody_asks() {
    let site = a_monitor_about_to_leave("monitor_before_release", "kill");
    let second = site.ship(Recipe::live());
    open(&gate(&site).0);
    site.quiet();
    // This is what the test above would see if the rule were broken; the request waits for the next trigger.
    assert!(site.status(&second).is_none());
    site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
}

#[test]
fn a_newer_binary_takes_over_in_the_middle_of_a_watch() {
    let site = Site::unhooked();
    let programs = site.root().join("programs");
    fs::create_dir(&programs).expect("an empty folder");
    for program in [env!("CARGO_BIN_EXE_afterpush"), env!("CARGO_BIN_EXE_afterpush-hook")] {
        let name = Path::new(program).file_name().expect("a program's name");
        copy_program(Path::new(program), &programs.join(name));
    }
    let installed = programs.join("afterpush");
    Ran::of(site.command(&installed).arg("install")).ends(0);
    let sha = site.building();
    let before = monitor(&site);
    copy_program(&installed, &programs.join("newer"));
    fs::rename(programs.join("newer"), &installed).expect("the same folder");
    until("another monitor is at work", || (monitor(&site) != before).then_some(()));
    site.force(&sha, Stage::Active);
    site.decided(&sha, "live", "deployed_live");
}

#[test]
fn a_repository_that_moves_takes_its_monitor_along() {
    let site = Site::new();
    let sha = site.building();
    let elsewhere = site.root().join("elsewhere");
    fs::rename(site.work(), &elsewhere).expect("the same disk");
    site.force(&sha, Stage::Active);
    let status = elsewhere.join(".git/afterpush/status").join(format!("{sha}.json"));
    until("the answer is written where the repository is now", || {
        let document: serde_json::Value = serde_json::from_slice(&fs::read(&status).ok()?).ok()?;
        (document["verdict"] == "live").then_some(())
    });
}

#[test]
fn a_repository_that_is_deleted_ends_its_monitor_and_is_not_made_again() {
    let site = Site::new();
    site.building();
    until("all of it is gone", || fs::remove_dir_all(site.work()).is_ok().then_some(()));
    site.quiet();
    assert!(!site.work().exists());
}
