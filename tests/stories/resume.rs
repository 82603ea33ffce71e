//! What a monitor makes good when it begins.

use std::fs;

use afterpush::standin::{Recipe, Stage};

use crate::support::{Site, until, write_program};

/// Another push, so that a monitor begins; returns when it has decided it.
fn another_push(site: &Site) {
    let sha = site.ship(Recipe::live());
    site.decided(&sha, "live", "deployed_live");
}

#[test]
fn what_readers_see_is_what_the_store_says() {
    let site = Site::new();
    let sha = site.building();
    let path = site.layout().status(&sha);
    let earlier = fs::read(&path).expect("the status of a commit being built");
    site.force(&sha, Stage::Active);
    site.decided(&sha, "live", "deployed_live");
    site.quiet();
    // As if the monitor had been killed after storing the verdict and before writing it out.
    fs::write(&path, earlier).expect("our own file");
    another_push(&site);
    site.decided(&sha, "live", "deployed_live");
}

#[test]
fn a_push_that_waited_for_a_monitor_is_the_hooks_and_one() {
    let mut site = Site::new();
    site.set("AFTERPUSH_SPAWN", "0");
    let sha = site.ship(Recipe::live());
    site.set("AFTERPUSH_SPAWN", "1");
    another_push(&site);
    let status = site.until_status(&sha, "live", |status| status["verdict"] == "live");
    assert_eq!(status["attempt"], 1, "{status:#}");
    let timeline = fs::read_to_string(site.layout().timeline(&sha)).expect("a timeline");
    assert_eq!(timeline.matches("noted").count(), 1, "the hook's push, once, and not the reflog's: {timeline}");
}

#[test]
fn a_push_past_a_hook_in_a_folder_of_the_worktree_is_found() {
    let site = Site::unhooked();
    site.git(&["config", "core.hooksPath", "hooks"]);
    site.afterpush(&["install"]).ends(0);
    another_push(&site);
    site.quiet();
    let sha = site.commit("past the hook");
    site.push(&["--no-verify"]).ends(0);
    site.deploy(&sha, Recipe::live());
    another_push(&site);
    site.until_status(&sha, "live", |status| status["verdict"] == "live");
}

#[test]
fn the_same_commit_on_a_branch_that_deploys_nowhere_hides_nothing() {
    let site = Site::new();
    let sha = site.ship(Recipe::live());
    site.decided(&sha, "live", "deployed_live");
    site.push(&["origin", "HEAD:refs/heads/backup"]).ends(0);
    another_push(&site);
    assert_eq!(site.status(&sha).expect("a status")["verdict"], "live");
}

#[test]
fn a_lost_database_costs_no_verdict_and_no_second_one() {
    let site = Site::new();
    let sha = site.ship(Recipe::live());
    let before = site.decided(&sha, "live", "deployed_live");
    site.quiet();
    let store = site.layout().store();
    for side in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{side}", store.display()));
    }
    another_push(&site);
    let after = site.status(&sha).expect("a status");
    assert_eq!((&after["verdict"], &after["targets"]), (&before["verdict"], &before["targets"]), "{after:#}");
}

#[test]
fn a_git_that_is_killed_while_the_remote_works_is_no_refusal() {
    let site = Site::new();
    let hook = site.remote().join("hooks/pre-receive");
    let gate = site.root().join("gate");
    let waits = format!("#!/bin/sh\ntouch {0}.reached\nwhile [ ! -e {0} ]; do sleep 0.05; done\n", gate.display());
    write_program(&hook, &waits);
    let sha = site.commit("killed half-way");
    let mut git = site.command("git").arg("push").spawn().expect("git");
    let reached = gate.with_extension("reached");
    until("the remote is at work", || reached.exists().then_some(()));
    git.kill().expect("it is ours");
    git.wait().expect("it is ours");
    site.until_status(&sha, "that git is gone", |status| status["reason"] == "landing_unknown");
    fs::write(&gate, "").expect("our own file");
    site.deploy(&sha, Recipe::live());
    site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
}
