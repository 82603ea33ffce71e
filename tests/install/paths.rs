//! `core.hooksPath`: used where it is the repository's own, refused where it is not.

use std::fs;

use super::clone::{Clone, look};
use crate::support::{Ran, write_program};

#[test]
fn a_folder_in_the_worktree_is_used() {
    let clone = Clone::new();
    let hooks = clone.sandbox.work().join(".githooks");
    let told = clone.sandbox.root().join("told");
    write_program(&hooks.join("pre-push"), &format!("#!/bin/sh\ncat > '{}'\n", told.display()));
    clone.sandbox.git(&["config", "core.hooksPath", ".githooks"]);
    let before = look(&clone.sandbox.work());
    let installed = clone.afterpush(&["install", "--file"]).ends(0);
    assert!(installed.err().contains(".githooks lies in the worktree"), "{installed}");
    assert!(!clone.hook("pre-push").exists());
    let new = clone.sandbox.commit("a change");
    clone.sandbox.push(&["origin", "HEAD:refs/tags/x"]).ends(0);
    assert!(clone.heard().contains(&new) && told.exists());
    clone.afterpush(&["uninstall"]).ends(0);
    let after = look(&hooks);
    assert!(before.iter().filter(|(path, _)| path.starts_with(&hooks) && **path != hooks).eq(after.iter()));
}

#[test]
fn a_folder_of_the_user_is_left_alone_and_the_line_to_add_is_shown() {
    let clone = Clone::new();
    let hooks = clone.sandbox.root().join("home/hooks");
    fs::create_dir(&hooks).expect("made");
    let global = clone.sandbox.root().join("global");
    fs::write(&global, "[core]\n\thooksPath = ~/hooks\n").expect("written");
    let before = (look(&clone.git_dir()), look(&hooks));
    let mut install = clone.command(&["install", "--file"]);
    let refused = Ran::of(install.env("GIT_CONFIG_GLOBAL", &global)).ends(1);
    assert!(refused.err().contains("core.hooksPath (global) leads to"), "{refused}");
    assert_eq!((look(&clone.git_dir()), look(&hooks)), before);

    let line = refused.err().lines().last().expect("a line").trim().to_owned();
    write_program(&hooks.join("pre-push"), &format!("#!/bin/sh\nset -e\n{line}\n"));
    let new = clone.sandbox.commit("a change");
    Ran::of(clone.sandbox.command("git").env("GIT_CONFIG_GLOBAL", &global).arg("push")).ends(0);
    assert!(clone.heard().contains(&new));
}

#[test]
fn a_folder_of_several_repositories_is_left_alone_whoever_names_it() {
    let clone = Clone::new();
    let hooks = clone.sandbox.root().join("shared-hooks");
    fs::create_dir(&hooks).expect("made");
    clone.sandbox.git(&["config", "core.hooksPath", hooks.to_str().expect("UTF-8")]);
    let refused = clone.afterpush(&["install", "--file"]).ends(1);
    assert!(refused.err().contains("core.hooksPath (local)"), "{refused}");
    // A link out of the repository is no other case.
    clone.sandbox.git(&["config", "core.hooksPath", "link"]);
    std::os::unix::fs::symlink(&hooks, clone.sandbox.work().join("link")).expect("linked");
    clone.afterpush(&["install", "--file"]).ends(1);
    assert_eq!(fs::read_dir(&hooks).expect("a folder").count(), 0);
}

#[test]
fn hooks_that_are_switched_off_are_explained() {
    for value in ["/dev/null", ""] {
        let clone = Clone::new();
        clone.sandbox.git(&["config", "core.hooksPath", value]);
        let refused = clone.afterpush(&["install", "--file"]).ends(1);
        assert!(refused.err().contains(&format!("core.hooksPath (local) is `{value}`, which switches")), "{refused}");
        assert!(refused.err().contains("git config --local --unset core.hooksPath"), "{refused}");
    }
}

#[test]
fn outside_a_repository_nothing_can_be_installed() {
    let clone = Clone::new();
    for command in ["install", "uninstall"] {
        let refused = clone.afterpush(&["-C", "..", command]).ends(2);
        assert!(refused.err().contains("is not inside a git repository"), "{refused}");
    }
}

#[test]
fn without_the_hooks_program_nothing_is_installed() {
    let clone = Clone::new();
    let before = look(&clone.git_dir());
    fs::remove_file(clone.hook_program()).expect("removed");
    let refused = clone.afterpush(&["install"]).ends(1);
    assert!(refused.err().contains("afterpush-hook is neither in"), "{refused}");
    assert_eq!(look(&clone.git_dir()), before);
}
