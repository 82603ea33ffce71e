//! Repositories, names and settings of other kinds than most.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use afterpush::standin::Recipe;

use crate::support::{Ran, Sandbox, Site};

#[test]
fn a_repository_of_the_newest_formats_is_watched_like_any_other() {
    let formats = [("GIT_DEFAULT_HASH", "sha256"), ("GIT_DEFAULT_REF_FORMAT", "reftable")];
    let site = Site::hooked(Sandbox::with_git_since(45, &formats), "");
    assert_eq!(site.git(&["rev-parse", "--show-ref-format"]), "reftable");
    let sha = site.ship(Recipe::live());
    assert_eq!(sha.len(), 64);
    site.decided(&sha, "live", "deployed_live");
    let past_the_hook = site.commit("past the hook");
    site.push(&["--no-verify"]).ends(0);
    site.deploy(&past_the_hook, Recipe::live());
    site.afterpush(&["wait"]).ends(0);
}

#[test]
fn packed_refs_prove_a_landing_as_well() {
    let site = Site::new();
    let sha = site.commit("packed at once");
    site.push(&[]).ends(0);
    site.git(&["pack-refs", "--all"]);
    site.deploy(&sha, Recipe::live());
    site.decided(&sha, "live", "deployed_live");
}

#[test]
fn a_strange_branch_and_subject_are_shown_and_not_obeyed() {
    let branch = "feat/żółw;$(>pwned)'\"";
    let site = Site::with("branches = [\"feat/*\"]");
    site.git(&["switch", "--quiet", "--create", branch]);
    let sha = site.commit("\u{1b}[31mred\u{202e}der\u{7}");
    site.push(&["origin", branch]).ends(0);
    let status = site.until_status(&sha, "that it landed", |status| status["push"]["confirmed"] == true);
    assert_eq!(status["push"]["ref"], format!("refs/heads/{branch}"));
    for args in [&["status"][..], &["list"], &["status", "--json"]] {
        let ran = site.afterpush(args);
        let told = format!("{}{}", ran.out(), ran.err());
        assert!(!told.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{told:?}");
    }
    assert!(!site.work().join("pwned").exists());
}

#[test]
fn modes_are_right_whatever_the_umask() {
    for umask in ["000", "077"] {
        let site = Site::new();
        let sha = site.commit("under another umask");
        Ran::of(site.command("sh").args(["-c", &format!("umask {umask} && git push")])).ends(0);
        site.deploy(&sha, Recipe::failing_build(&["it broke"]));
        site.decided(&sha, "failed", "build_failed");
        site.quiet();
        let layout = site.layout();
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode(&layout.status_dir()), 0o755, "umask {umask}");
        for shared in [layout.status(&sha), layout.timeline(&sha), layout.latest()] {
            assert_eq!(mode(&shared), 0o644, "{} with umask {umask}", shared.display());
        }
        assert_eq!(mode(layout.private()), 0o700, "umask {umask}");
        for private in [layout.store(), layout.monitor(), layout.monitor_log(), layout.log(&sha, "web")] {
            assert_eq!(mode(&private), 0o600, "{} with umask {umask}", private.display());
        }
    }
}

#[test]
fn the_mirror_lies_in_the_worktree_and_is_not_committed() {
    let site = Site::with("[status]\nmirror = true");
    let sha = site.ship(Recipe::live());
    site.decided(&sha, "live", "deployed_live");
    site.quiet();
    let mirror = |name: &str| site.work().join(name.replace("SHA", &sha[..7]));
    let verdict = fs::read_to_string(mirror(".deployment-status-SHA.result")).expect("the verdict");
    assert_eq!(verdict.trim(), "live");
    assert!(mirror(".deployment-status-SHA.log").exists());
    assert!(!mirror(".deployment-monitor-SHA.pid").exists(), "the monitor has left");
    assert_eq!(site.git(&["status", "--porcelain"]), "");
}

#[test]
fn on_a_ci_runner_the_work_is_done_by_who_waits() {
    let mut site = Site::new();
    site.set("GITHUB_ACTIONS", "true");
    let sha = site.ship(Recipe::live());
    assert_eq!(site.processes(), []);
    site.afterpush(&["status"]).ends(8);
    site.afterpush(&["wait"]).ends(0);
    site.decided(&sha, "live", "deployed_live");
    assert_eq!(site.processes(), []);
}
