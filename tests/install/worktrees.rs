//! One hook for all worktrees, and for repositories without one.

use std::fs;

use super::clone::{Clone, look};
use crate::support::Ran;

#[test]
fn a_hook_installed_in_one_worktree_serves_them_all() {
    let clone = Clone::new();
    clone.sandbox.git(&["worktree", "add", "--quiet", "-b", "side", "../side"]);
    let before = look(&clone.git_dir());
    let side = clone.sandbox.root().join("side");
    Ran::of(clone.command(&["install", "--file"]).current_dir(&side)).ends(0);
    assert!(clone.hook("pre-push").exists());
    for (folder, branch) in [(&side, "side"), (&clone.sandbox.work(), "main")] {
        let git = |args: &[&str]| Ran::of(clone.sandbox.command("git").current_dir(folder).args(args)).ends(0).out();
        git(&["commit", "--quiet", "--allow-empty", "-m", "a change"]);
        git(&["push", "--quiet", "origin", branch]);
        assert!(clone.heard().contains(&git(&["rev-parse", "HEAD"])), "{branch}");
    }
    clone.afterpush(&["uninstall"]).ends(0);
    assert_eq!(
        look(&clone.git_dir().join("hooks")).len(),
        before.keys().filter(|p| p.parent().is_some_and(|p| p.ends_with("hooks"))).count()
    );
}

#[test]
fn one_worktree_with_hooks_of_its_own_is_served_there() {
    let clone = Clone::new();
    clone.sandbox.git(&["config", "extensions.worktreeConfig", "true"]);
    clone.sandbox.git(&["worktree", "add", "--quiet", "-b", "side", "../side"]);
    let side = clone.sandbox.root().join("side");
    let git = |args: &[&str]| Ran::of(clone.sandbox.command("git").current_dir(&side).args(args)).ends(0).out();
    git(&["config", "--worktree", "core.hooksPath", "hooks here"]);
    let installed = Ran::of(clone.command(&["install", "--file"]).current_dir(&side)).ends(0);
    assert!(installed.err().contains("other worktrees"), "{installed}");
    assert!(side.join("hooks here/pre-push").exists() && !clone.hook("pre-push").exists());
    git(&["commit", "--quiet", "--allow-empty", "-m", "a change"]);
    git(&["push", "--quiet", "origin", "side"]);
    assert!(clone.heard().contains(&git(&["rev-parse", "HEAD"])));
    Ran::of(clone.command(&["uninstall"]).current_dir(&side)).ends(0);
    assert!(!side.join("hooks here").exists());
}

#[test]
fn a_bare_repository_pushes_on_with_the_hook() {
    let clone = Clone::new();
    let bare = clone.sandbox.root().join("bare.git");
    clone.sandbox.git(&["clone", "--quiet", "--bare", "../remote.git", "../bare.git"]);
    let before = look(&bare);
    Ran::of(clone.command(&["install", "--file"]).current_dir(&bare)).ends(0);
    Ran::of(clone.sandbox.command("git").current_dir(&bare).args(["push", "--quiet", "origin", "main:copy"])).ends(0);
    assert!(clone.heard().contains("refs/heads/main"));
    Ran::of(clone.command(&["uninstall"]).current_dir(&bare)).ends(0);
    assert_eq!(look(&bare), before);
}

#[test]
fn a_repository_named_by_git_dir_is_the_one_that_gets_the_hook() {
    let clone = Clone::new();
    let elsewhere = clone.sandbox.root().join("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    Ran::of(clone.command(&["install", "--file"]).current_dir(&elsewhere).env("GIT_DIR", "../work/.git")).ends(0);
    let new = clone.sandbox.commit("a change");
    let mut push = clone.sandbox.command("git");
    push.current_dir(&elsewhere).args(["--git-dir", "../work/.git", "push", "--quiet", "../remote.git", "main"]);
    Ran::of(&mut push).ends(0);
    assert!(clone.heard().contains(&new));
}

#[test]
fn a_submodule_has_a_hook_of_its_own() {
    let clone = Clone::new();
    let allow = ["-c", "protocol.file.allow=always"];
    let remote = clone.sandbox.remote().display().to_string();
    clone.sandbox.git(&[&allow[..], &["submodule", "--quiet", "add", &remote, "part"]].concat());
    let part = clone.sandbox.work().join("part");
    Ran::of(clone.command(&["install", "--file"]).current_dir(&part)).ends(0);
    assert!(clone.git_dir().join("modules/part/hooks/pre-push").exists() && !clone.hook("pre-push").exists());
    let push = ["push", "--quiet", "origin", "main:from-part"];
    Ran::of(clone.sandbox.command("git").current_dir(&part).args(push)).ends(0);
    assert!(clone.heard().contains("refs/heads/from-part"));
}
