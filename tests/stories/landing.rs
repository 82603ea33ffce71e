//! A push is a claim until it is proven.

use afterpush::standin::Recipe;

use crate::support::{Site, until, write_program};

/// Somebody else pushes a commit this clone does not have.
fn push_from_elsewhere(site: &Site) {
    let there = site.root().join("elsewhere").display().to_string();
    let remote = site.remote().display().to_string();
    site.git(&["clone", "--quiet", &remote, &there]);
    site.git(&["-C", &there, "commit", "--quiet", "--allow-empty", "--message=theirs"]);
    site.git(&["-C", &there, "push", "--quiet"]);
}

#[test]
fn a_push_the_remote_refuses_is_not_pushed() {
    let site = Site::new();
    let gate = site.remote().join("hooks/pre-receive");
    write_program(&gate, "#!/bin/sh\nexit 1\n");
    let sha = site.commit("refused");
    site.push(&[]).ends(1);
    let status = site.decided(&sha, "not_pushed", "rejected");
    assert_eq!((&status["exit_code"], &status["push"]["confirmed"]), (&3.into(), &false.into()), "{status:#}");
}

#[test]
fn a_commit_nobody_pushed_is_not_called_refused() {
    let site = Site::new();
    let sha = site.commit("never pushed");
    let ran = site.afterpush(&["wait", &sha]).ends(3);
    let words = format!("{} is not on origin/main, and no push of it from here is known", &sha[..7]);
    assert!(ran.err().contains(&words) && !ran.err().contains("refuses"), "{ran}");
    site.decided(&sha, "not_pushed", "not_on_remote");
}

#[test]
fn a_push_behind_the_remote_says_what_to_do() {
    let site = Site::new();
    push_from_elsewhere(&site);
    let remote = site.remote().display().to_string();
    site.git(&["--git-dir", &remote, "config", "receive.denyNonFastForwards", "true"]);
    let sha = site.commit("ours");
    // Without --force git refuses by itself, and the hook hears of nothing.
    let ran = site.push(&["--force"]).ends(1);
    assert!(ran.err().contains("origin/main has moved since the last fetch"), "{ran}");
    let status = site.decided(&sha, "not_pushed", "remote_ahead");
    assert!(status["next"].to_string().contains("git pull --rebase"), "{status:#}");
}

#[test]
fn a_dry_run_is_not_a_push() {
    let site = Site::new();
    let sha = site.commit("only tried");
    site.push(&["--dry-run"]).ends(0);
    site.decided(&sha, "not_pushed", "dry_run");
    site.push(&[]).ends(0);
    site.deploy(&sha, Recipe::live());
    site.until_status(&sha, "live", |status| status["verdict"] == "live");
}

#[test]
fn a_push_without_the_hook_is_found_in_the_reflog() {
    let site = Site::new();
    let sha = site.commit("past the hook");
    site.push(&["--no-verify"]).ends(0);
    site.deploy(&sha, Recipe::live());
    assert!(site.status(&sha).is_none());
    site.afterpush(&["status"]);
    site.decided(&sha, "live", "deployed_live");
}

#[test]
fn a_branch_that_does_not_deploy_is_not_watched() {
    let site = Site::new();
    site.git(&["switch", "--quiet", "--create", "idea"]);
    let sha = site.commit("an idea");
    site.push(&["origin", "idea"]).ends(0);
    site.decided(&sha, "skipped", "branch_not_deployed");
    site.quiet();
    assert_eq!(site.provider().heard(), []);
}

#[test]
fn afterpush_0_keeps_out_of_it() {
    let mut site = Site::new();
    site.set("AFTERPUSH", "0");
    let sha = site.commit("not to be watched");
    site.push(&[]).ends(0);
    assert_eq!(site.processes(), []);
    site.set("AFTERPUSH", "");
    let next = site.ship(Recipe::live());
    site.decided(&next, "live", "deployed_live");
    assert!(site.status(&sha).is_none(), "{:?}", site.status(&sha));
}

#[test]
fn deletions_and_tags_are_not_watched() {
    let site = Site::new();
    let sha = site.commit("tagged");
    site.git(&["tag", "v1"]);
    site.push(&["origin", "v1"]).ends(0);
    site.push(&["origin", "--delete", "v1"]).ends(0);
    until("every request is taken", || site.processes().is_empty().then_some(()));
    assert!(site.status(&sha).is_none(), "{:?}", site.status(&sha));
}
