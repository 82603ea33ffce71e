//! The hook in git's configuration, for git 2.54 and newer; for an older one the refusal.

use std::fs;

use super::clone::{Clone, look};
use crate::support::{Ran, write_program};

#[test]
fn an_older_git_is_refused_and_nothing_changes() {
    let mut clone = Clone::new();
    let tools = clone.sandbox.root().join("older");
    let script = "#!/bin/sh\ncase \" $* \" in *' --version '*) echo git version 2.53.1 ;; *) exit 9 ;; esac\n";
    write_program(&tools.join("git"), script);
    let before = look(&clone.git_dir());
    clone.sandbox.find_first(&tools);
    for way in ["--config", "--user"] {
        let refused = clone.afterpush(&["install", way]).ends(1);
        assert!(
            refused.err().contains("git 2.53 knows no hooks in the configuration; that came with 2.54"),
            "{refused}"
        );
    }
    assert_eq!(look(&clone.git_dir()), before);
}

#[test]
#[ignore = "needs git 2.54, which tests/run.sh --all builds"]
fn the_configuration_is_the_usual_place_and_no_file_changes() {
    let clone = Clone::with_config_hooks();
    let before = look(&clone.git_dir());
    let hooks = clone.git_dir().join("hooks");
    for args in [&["install"][..], &["install", "--config"], &["install"]] {
        clone.afterpush(args).ends(0);
    }
    assert!(look(&hooks).iter().all(|(path, seen)| before.get(path) == Some(seen)));
    let new = clone.sandbox.commit("a change");
    assert_eq!(clone.sandbox.push(&[]).ends(0).out(), "");
    let heard = clone.heard();
    assert_eq!(heard.matches("called: pre-push origin ../remote.git").count(), 1, "{heard}");
    assert!(heard.contains(&format!("refs/heads/main {new} refs/heads/main")), "{heard}");
    assert_eq!(clone.sandbox.git(&["hook", "list", "pre-push"]), "afterpush");
}

#[test]
#[ignore = "needs git 2.54, which tests/run.sh --all builds"]
fn install_and_uninstall_leave_the_configuration_byte_for_byte() {
    let clone = Clone::with_config_hooks();
    let before = look(&clone.git_dir());
    clone.afterpush(&["install"]).ends(0);
    let once = look(&clone.git_dir());
    clone.afterpush(&["install"]).ends(0);
    assert_eq!(look(&clone.git_dir()), once);
    clone.afterpush(&["uninstall"]).ends(0);
    assert_eq!(look(&clone.git_dir()), before);
}

#[test]
#[ignore = "needs git 2.54, which tests/run.sh --all builds"]
fn hooks_of_others_run_beside_it_and_may_refuse() {
    let clone = Clone::with_config_hooks();
    clone.write_hook("pre-push", "#!/bin/sh\necho no >&2\nexit 1\n");
    clone.afterpush(&["install"]).ends(0);
    clone.sandbox.commit("a change");
    assert!(clone.sandbox.push(&[]).ends(1).err().starts_with("no\n"));
}

#[test]
#[ignore = "needs git 2.54, which tests/run.sh --all builds"]
fn neither_hooks_path_nor_a_manager_switches_it_off() {
    let clone = Clone::with_config_hooks();
    clone.afterpush(&["install"]).ends(0);
    for path in ["/dev/null", ".husky/_", "/nowhere"] {
        clone.sandbox.git(&["config", "core.hooksPath", path]);
        clone.afterpush(&["install"]).ends(0);
        let new = clone.sandbox.commit("a change");
        clone.sandbox.push(&[]).ends(0);
        assert!(clone.heard().contains(&new), "{path}");
    }
}

#[test]
#[ignore = "needs git 2.54, which tests/run.sh --all builds"]
fn whatever_becomes_of_the_program_the_push_goes_on() {
    let clone = Clone::with_config_hooks();
    clone.afterpush(&["install"]).ends(0);
    for script in ["#!/bin/sh\nexit 3\n", "#!/bin/sh\nkill -KILL $$\n", "#!/no/such/interpreter\n"] {
        write_program(&clone.hook_program(), script);
        clone.sandbox.commit("a change");
        clone.sandbox.push(&[]).ends(0);
    }
    fs::remove_file(clone.hook_program()).expect("removed");
    clone.sandbox.commit("another");
    let pushed = clone.sandbox.push(&[]).ends(0);
    assert!(pushed.err().contains("afterpush: its program is gone"), "{pushed}");
    clone.sandbox.git(&["commit", "--allow-empty", "--quiet", "-m", "commits go on as well"]);
}

#[test]
#[ignore = "needs git 2.54, which tests/run.sh --all builds"]
fn going_from_a_file_to_the_configuration_and_back_leaves_one_hook() {
    let clone = Clone::with_config_hooks();
    clone.write_hook("pre-push", "#!/bin/sh\n# theirs\n");
    let before = look(&clone.git_dir());
    for args in [&["install", "--file"][..], &["install", "--config"], &["install", "--file"], &["install"]] {
        clone.afterpush(args).ends(0);
        clone.sandbox.git(&["tag", "--force", "x", &clone.sandbox.git(&["commit-tree", "-m", "x", "HEAD^{tree}"])]);
        clone.sandbox.push(&["--force", "origin", "x"]).ends(0);
        assert_eq!(clone.heard().matches("called:").count(), 1, "{args:?}");
    }
    clone.afterpush(&["uninstall"]).ends(0);
    for path in ["config", "hooks/pre-push", "info/exclude"] {
        let path = clone.git_dir().join(path);
        assert_eq!(look(&clone.git_dir()).get(&path), before.get(&path));
    }
}

#[test]
#[ignore = "needs git 2.54, which tests/run.sh --all builds"]
fn for_a_user_every_repository_is_covered_and_the_program_is_asked_to_be_silent_without_configuration() {
    let clone = Clone::with_config_hooks();
    let global = clone.sandbox.root().join("global");
    fs::write(&global, "[user]\n\tname = Ada\n").expect("written");
    let run = |args: &[&str]| Ran::of(clone.command(args).env("GIT_CONFIG_GLOBAL", &global)).ends(0);
    run(&["install", "--user"]);
    run(&["install", "--user"]);
    let push = || {
        clone.sandbox.commit("a change");
        let ran = Ran::of(clone.sandbox.command("git").env("GIT_CONFIG_GLOBAL", &global).args(["push", "--quiet"]));
        (ran.ends(0).err(), clone.heard())
    };
    let (said, heard) = push();
    assert_eq!(said, "");
    assert!(heard.contains("called: --if-configured pre-push origin"), "{heard}");
    run(&["uninstall", "--user"]);
    assert_eq!(fs::read_to_string(&global).expect("there"), "[user]\n\tname = Ada\n");
}
