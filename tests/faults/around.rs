//! Pushes that git's hook does not see: jj's, `--no-verify`, and those of programs that speak git's protocol themselves.

use std::path::Path;

use afterpush::standin::Recipe;

use crate::support::{Ran, Site};

/// The commit that `origin/main` has here.
fn tracked(site: &Site) -> String {
    site.git(&["rev-parse", "refs/remotes/origin/main"])
}

#[test]
fn a_push_as_jj_makes_it_is_found_in_the_reflog() {
    let site = Site::new();
    let before = tracked(&site);
    let sha = site.commit("by jj");
    // Its working copy is a commit of its own that nobody pushes, on a HEAD that names no branch.
    site.git(&["checkout", "--quiet", "--detach"]);
    let lease = format!("--force-with-lease=refs/heads/main:{before}");
    let git_dir = site.work().join(".git").display().to_string();
    let refspec = format!("{sha}:refs/heads/main");
    let words = ["--git-dir", &git_dir, "push", "--porcelain", "--no-verify", &lease, "origin", &refspec];
    site.git(&words);
    site.deploy(&sha, Recipe::live());
    assert!(site.status(&sha).is_none(), "the control: the hook was not run");
    site.afterpush(&["status", &sha]);
    site.decided(&sha, "live", "deployed_live");
}

#[test]
#[ignore = "needs jj, which tests/run.sh --all builds in minutes"]
fn a_push_by_jj_is_found_in_the_reflog_and_its_fetch_is_none() {
    let jj = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/jj/bin/jj");
    assert!(jj.exists(), "{} is missing; tests/run.sh --all builds it", jj.display());
    let mut site = Site::new();
    site.set("JJ_USER", "Ada");
    site.set("JJ_EMAIL", "ada@example.com");
    let run = |words: &[&str]| Ran::of(site.command(&jj).args(words)).ends(0);
    run(&["git", "init", "--colocate"]);
    run(&["bookmark", "track", "main", "--remote=origin"]);
    run(&["commit", "--message=by jj"]);
    run(&["bookmark", "set", "main", "--revision=@-"]);
    run(&["git", "push"]);
    let sha = tracked(&site);
    assert_eq!(site.git(&["rev-parse", "HEAD"]), sha);
    assert!(site.status(&sha).is_none(), "the control: jj runs no hook");
    site.deploy(&sha, Recipe::live());
    // Whoever asks about HEAD asks about what was pushed.
    site.afterpush(&["status"]);
    site.decided(&sha, "live", "deployed_live");

    let there = site.root().join("elsewhere").display().to_string();
    let remote = site.remote().display().to_string();
    site.git(&["clone", "--quiet", &remote, &there]);
    site.git(&["-C", &there, "commit", "--quiet", "--allow-empty", "--message=theirs"]);
    site.git(&["-C", &there, "push", "--quiet"]);
    run(&["git", "fetch"]);
    let theirs = tracked(&site);
    assert_ne!(theirs, sha);
    site.afterpush(&["status", &theirs]).ends(7);
}

#[test]
fn a_push_that_no_reflog_tells_of_is_followed_when_somebody_waits() {
    let site = Site::new();
    let sha = site.commit("past git itself");
    site.git(&["send-pack", "../remote.git", "main:main"]);
    site.deploy(&sha, Recipe::live());
    site.afterpush(&["status"]).ends(7);
    assert_ne!(tracked(&site), sha, "the control: nothing here tells of the push");
    let ran = site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
    assert!(ran.out().contains("live"), "{ran}");
}
