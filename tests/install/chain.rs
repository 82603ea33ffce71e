//! The hook as a file, beside whatever was there.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::clone::{Clone, look};
use crate::support::{Ran, write_program};

const NULL: &str = "0000000000000000000000000000000000000000";

#[test]
fn a_push_is_told_to_the_program() {
    let clone = Clone::new();
    clone.afterpush(&["install", "--file"]).ends(0);
    let old = clone.sandbox.git(&["rev-parse", "HEAD"]);
    let new = clone.sandbox.commit("a change");
    let pushed = clone.sandbox.push(&["origin", "main", "main:other"]).ends(0);
    assert_eq!(pushed.out(), "");
    let url = clone.sandbox.git(&["config", "remote.origin.url"]);
    let expected = format!(
        "called: pre-push origin {url}\nrefs/heads/main {new} refs/heads/main {old}\nrefs/heads/main {new} refs/heads/other {NULL}\n"
    );
    assert_eq!(clone.heard(), expected);
}

#[test]
fn installing_twice_is_installing_once_and_uninstalling_leaves_nothing() {
    let clone = Clone::new();
    let before = look(&clone.git_dir());
    clone.afterpush(&["install", "--file"]).ends(0);
    let once = look(&clone.git_dir());
    assert_ne!(once, before);
    let twice = clone.afterpush(&["install", "--file"]).ends(0);
    assert!(twice.out().ends_with("(nothing had to change)"), "{twice}");
    assert_eq!(look(&clone.git_dir()), once);
    clone.afterpush(&["uninstall"]).ends(0);
    assert_eq!(look(&clone.git_dir()), before);
    clone.afterpush(&["uninstall"]).ends(0);
    assert_eq!(look(&clone.git_dir()), before);
}

#[test]
fn any_hook_that_was_there_comes_back_byte_for_byte() {
    for (mode, script) in [
        (0o755, &b"#!/bin/sh\nexit 0\n"[..]),
        (0o700, b"#!/usr/bin/env bash\r\n\xff\xfe no newline"),
        (0o644, b"#!/bin/sh\nexit 1\n"),
        (0o755, b""),
    ] {
        let clone = Clone::new();
        fs::write(clone.hook("pre-push"), script).expect("written");
        fs::set_permissions(clone.hook("pre-push"), fs::Permissions::from_mode(mode)).expect("changed");
        let before = look(&clone.git_dir());
        for _ in 0..2 {
            clone.afterpush(&["install", "--file"]).ends(0);
        }
        clone.afterpush(&["uninstall"]).ends(0);
        assert_eq!(look(&clone.git_dir()), before);
    }
}

#[test]
fn the_hook_that_was_there_runs_first_with_lines_arguments_and_folder() {
    let clone = Clone::new();
    let told = clone.sandbox.root().join("told");
    let script = format!(
        "#!/bin/sh\n{{ echo \"$@\"; dirname \"$0\"; cat; }} > '{}'\nls '{}' 2>/dev/null\nexit 0\n",
        told.display(),
        clone.sandbox.root().join("heard").display()
    );
    clone.write_hook("pre-push", &script);
    write_program(&clone.hook("beside"), "#!/bin/sh\n");
    clone.afterpush(&["install", "--file"]).ends(0);
    let new = clone.sandbox.commit("a change");
    let pushed = clone.sandbox.push(&[]).ends(0);
    assert_eq!(pushed.out(), "", "the program was called before the hook that was there");
    let told = fs::read_to_string(told).expect("it ran");
    let mut lines = told.lines();
    assert_eq!(lines.next(), Some("origin ../remote.git"));
    let folder = lines.next().expect("a folder");
    assert!(clone.sandbox.work().join(folder).join("beside").exists(), "{folder}");
    assert!(lines.next().expect("a line of git's").starts_with(&format!("refs/heads/main {new}")));
    assert!(clone.heard().contains(&format!("refs/heads/main {new} refs/heads/main")));
}

#[test]
fn its_refusal_still_refuses_the_push_and_the_program_hears_nothing() {
    let clone = Clone::new();
    clone.write_hook("pre-push", "#!/bin/sh\necho no >&2\nexit 3\n");
    clone.afterpush(&["install", "--file"]).ends(0);
    let before = clone.sandbox.git(&["ls-remote", "origin"]);
    clone.sandbox.commit("a change");
    assert!(clone.sandbox.push(&[]).ends(1).err().starts_with("no\n"));
    assert_eq!(clone.sandbox.git(&["ls-remote", "origin"]), before);
    assert_eq!(clone.heard(), "");
}

#[test]
fn four_thousand_refs_reach_both_the_hook_and_the_program() {
    let clone = Clone::new();
    let counted = clone.sandbox.root().join("counted");
    clone.write_hook("pre-push", &format!("#!/bin/sh\nwc -l > '{}'\n", counted.display()));
    clone.afterpush(&["install", "--file"]).ends(0);
    let head = clone.sandbox.git(&["rev-parse", "HEAD"]);
    let mut packed = String::from("# pack-refs with: peeled fully-peeled sorted \n");
    for number in 0..4000 {
        writeln!(packed, "{head} refs/heads/many/{number:04}").expect("written");
    }
    fs::write(clone.git_dir().join("packed-refs"), packed).expect("written");
    // A dry run gives the hook the same lines and spares the remote four thousand files.
    clone.sandbox.push(&["--dry-run", "--quiet", "origin", "refs/heads/many/*"]).ends(0);
    assert_eq!(fs::read_to_string(counted).expect("it ran").trim(), "4000");
    assert_eq!(clone.heard().lines().count(), 4001);
}

#[test]
fn a_hook_that_reads_nothing_or_half_hinders_nobody() {
    for script in ["#!/bin/sh\nexit 0\n", "#!/bin/sh\nread line\nexit 0\n", "#!/bin/sh\nexec <&-\nexit 0\n"] {
        let clone = Clone::new();
        clone.write_hook("pre-push", script);
        clone.afterpush(&["install", "--file"]).ends(0);
        let new = clone.sandbox.commit("a change");
        clone.sandbox.push(&[]).ends(0);
        assert!(clone.heard().contains(&new), "{script}");
    }
}

#[test]
fn a_hook_that_may_not_be_run_is_kept_and_still_not_run() {
    let clone = Clone::new();
    fs::write(clone.hook("pre-push"), "#!/bin/sh\nexit 1\n").expect("written");
    clone.afterpush(&["install", "--file"]).ends(0);
    let new = clone.sandbox.commit("a change");
    clone.sandbox.push(&[]).ends(0);
    assert!(clone.heard().contains(&new));
}

#[test]
fn a_hook_that_is_a_link_stays_one() {
    for target in ["../../scripts/check", "../../scripts/gone"] {
        let clone = Clone::new();
        let told = clone.sandbox.root().join("told");
        write_program(&clone.sandbox.work().join("scripts/check"), &format!("#!/bin/sh\ncat > '{}'\n", told.display()));
        symlink(target, clone.hook("pre-push")).expect("linked");
        let before = look(&clone.git_dir());
        clone.afterpush(&["install", "--file"]).ends(0);
        let new = clone.sandbox.commit("a change");
        clone.sandbox.push(&["origin", "HEAD:refs/tags/x"]).ends(0);
        assert!(clone.heard().contains(&new));
        assert_eq!(told.exists(), target.ends_with("check"));
        clone.afterpush(&["uninstall"]).ends(0);
        let hook = clone.hook("pre-push");
        assert_eq!(look(&clone.git_dir()).get(&hook), before.get(&hook));
        assert_eq!(fs::read_link(hook).expect("a link").to_str(), Some(target));
    }
}

#[test]
fn an_older_text_is_renewed_and_a_moved_program_found_again() {
    let clone = Clone::new();
    clone.write_hook("pre-push", "#!/bin/sh\n# theirs\nexit 0\n");
    clone.afterpush(&["install", "--file"]).ends(0);
    let current = fs::read_to_string(clone.hook("pre-push")).expect("installed");
    let older = "#!/bin/sh\n# afterpush hook v0\nhook='/gone/afterpush-hook'\nexit 0\n";
    write_program(&clone.hook("pre-push"), older);
    clone.afterpush(&["install", "--file"]).ends(0);
    assert_eq!(fs::read_to_string(clone.hook("pre-push")).expect("installed"), current);
    assert!(fs::read_to_string(clone.hook("pre-push.before-afterpush")).expect("kept").contains("theirs"));
    let moved = clone.sandbox.root().join("elsewhere");
    fs::rename(clone.bin(), &moved).expect("moved");
    Ran::of(clone.sandbox.command(moved.join("afterpush")).args(["install", "--file"])).ends(0);
    let new = clone.sandbox.commit("a change");
    clone.sandbox.push(&[]).ends(0);
    assert!(clone.heard().contains(&new));
}

#[test]
fn a_program_that_is_gone_is_looked_for_on_the_path_and_never_stops_a_push() {
    let clone = Clone::new();
    clone.afterpush(&["install", "--file"]).ends(0);
    let moved = clone.sandbox.root().join("elsewhere");
    fs::rename(clone.bin(), &moved).expect("moved");
    clone.sandbox.commit("a change");
    let pushed = clone.sandbox.push(&[]).ends(0);
    assert!(pushed.err().contains("afterpush: its program is gone"), "{pushed}");
    let new = clone.sandbox.commit("another");
    Ran::of(clone.git_with(&moved).arg("push")).ends(0);
    assert!(clone.heard().contains(&new));
}

#[test]
fn the_results_are_documents_that_say_what_they_are_or_one_word() {
    let clone = Clone::new();
    for (words, command, word) in
        [(["install", "--file"].as_slice(), "install", "installed"), (&["uninstall"], "uninstall", "uninstalled")]
    {
        let json = clone.afterpush(&[words, &["--json"]].concat()).ends(0).json();
        assert_eq!((&json["schema"], &json["changed"]), (&format!("afterpush.{command}/1").into(), &true.into()));
        clone.afterpush(&["schema", command]).ends(0);
        let quiet = clone.afterpush(&[words, &["-q"]].concat()).ends(0);
        assert_eq!((quiet.out().trim(), quiet.err().as_str()), (word, ""));
    }
}

#[test]
fn what_was_edited_in_the_hook_is_kept_and_told() {
    let clone = Clone::new();
    let before = look(&clone.git_dir());
    clone.afterpush(&["install", "--file"]).ends(0);
    let written = fs::read_to_string(clone.hook("pre-push")).expect("installed");
    for words in [["install", "--file"].as_slice(), &["uninstall"]] {
        write_program(&clone.hook("pre-push"), &written.replace("exit 0", "npm test"));
        let ran = clone.afterpush(words).ends(0);
        let kept = clone.hook("pre-push.edited-1");
        assert!(ran.err().contains(&format!("kept as {}", kept.display())), "{ran}");
        assert!(fs::read_to_string(&kept).expect("kept").contains("npm test"));
        fs::remove_file(kept).expect("removed");
    }
    assert_eq!(look(&clone.git_dir()), before);
}

#[test]
fn two_hooks_of_others_are_never_lost() {
    let clone = Clone::new();
    clone.write_hook("pre-push", "#!/bin/sh\n# first\n");
    clone.afterpush(&["install", "--file"]).ends(0);
    clone.write_hook("pre-push", "#!/bin/sh\n# second\n");
    let before = look(&clone.git_dir());
    let refused = clone.afterpush(&["install", "--file"]).ends(1);
    assert!(refused.err().contains("pre-push.before-afterpush keeps the hook"), "{refused}");
    assert_eq!(look(&clone.git_dir()), before);
}

#[test]
fn a_hook_that_another_tool_wrote_back_is_taken_over_again() {
    let clone = Clone::new();
    let lfs = "#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || exit 0\ngit lfs pre-push \"$@\"\n";
    clone.write_hook("pre-push", lfs);
    let before = look(&clone.git_dir());
    clone.afterpush(&["install", "--file"]).ends(0);
    clone.write_hook("pre-push", lfs);
    clone.afterpush(&["install", "--file"]).ends(0);
    let new = clone.sandbox.commit("a change");
    clone.sandbox.push(&["origin", "HEAD:refs/tags/x"]).ends(0);
    assert!(clone.heard().contains(&new));
    clone.afterpush(&["uninstall"]).ends(0);
    let hooks = clone.git_dir().join("hooks");
    assert!(look(&hooks).iter().all(|(path, seen)| before.get(path) == Some(seen)));
}

#[test]
fn a_folder_in_the_hooks_place_is_explained() {
    let clone = Clone::new();
    fs::create_dir(clone.hook("pre-push")).expect("made");
    let refused = clone.afterpush(&["install", "--file"]).ends(1);
    assert!(refused.err().contains("is no file"), "{refused}");
}

#[test]
fn print_shows_every_change_and_makes_none() {
    let clone = Clone::new();
    clone.write_hook("pre-push", "#!/bin/sh\n");
    let before = look(&clone.git_dir());
    let shown = clone.afterpush(&["install", "--file", "--print"]).ends(0).out();
    for words in ["keep ", "pre-push.before-afterpush", "write ", "  #!/bin/sh", "info/exclude", "  /.deployment-"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(look(&clone.git_dir()), before);
    clone.afterpush(&["install", "--file"]).ends(0);
    let installed = look(&clone.git_dir());
    let shown = clone.afterpush(&["uninstall", "--print"]).ends(0).out();
    assert!(shown.contains("move ") && shown.contains("info/exclude"), "{shown}");
    assert_eq!(look(&clone.git_dir()), installed);
    let document = clone.afterpush(&["install", "--file", "--json"]).ends(0).json();
    assert_eq!(document["changed"], false);
}

#[test]
fn a_repository_without_a_folder_of_hooks_gets_one_and_loses_it_again() {
    let clone = Clone::new();
    for folder in ["hooks", "info"] {
        fs::remove_dir_all(clone.git_dir().join(folder)).expect("removed");
    }
    let before = look(&clone.git_dir());
    clone.afterpush(&["install", "--file"]).ends(0);
    clone.afterpush(&["install", "--file"]).ends(0);
    let new = clone.sandbox.commit("a change");
    clone.sandbox.push(&[]).ends(0);
    assert!(clone.heard().contains(&new));
    clone.afterpush(&["uninstall"]).ends(0);
    let after = look(&clone.git_dir());
    for folder in ["hooks", "info"] {
        assert_eq!(
            after.contains_key(&clone.git_dir().join(folder)),
            before.contains_key(&clone.git_dir().join(folder))
        );
    }
}
