//! The shim around the program: nothing that befalls afterpush befalls the push.

use std::fs;

use crate::support::hooked::{Hooked, refs};
use crate::support::{Ran, write_program};

/// Pushes a new commit and returns what was said; the remote has it afterwards.
#[track_caller]
fn push(hooked: &Hooked) -> String {
    let sha = hooked.sandbox.commit("another");
    let ran = hooked.push(&["--quiet"]);
    assert_eq!(hooked.sandbox.git(&["ls-remote", "origin", "main"]), format!("{sha}\trefs/heads/main"));
    ran.err()
}

#[test]
fn a_program_that_is_gone_costs_one_line() {
    let hooked = Hooked::new();
    fs::remove_file(hooked.hook()).expect("there was one");
    let said = push(&hooked);
    assert!(said.contains("remove this hook: .git/hooks/pre-push") && said.lines().count() == 1, "{said}");
}

#[test]
fn a_program_that_moved_is_found_in_path() {
    let hooked = Hooked::new();
    let moved = hooked.sandbox.root().join("moved");
    fs::rename(hooked.bin(), &moved).expect("renamed");
    let sha = hooked.sandbox.commit("two");
    let path = format!("{}:{}", moved.display(), std::env::var("PATH").expect("PATH"));
    let mut push = hooked.command("git", &["push", "--quiet"]);
    Ran::of(push.env("PATH", path)).ends(0);
    assert_eq!(refs(&hooked.only_push()), [format!("refs/heads/main {sha}")]);
}

#[test]
fn a_program_that_cannot_run_costs_no_push() {
    let hooked = Hooked::new();
    for content in [
        "#!/bin/sh\nkill -9 $$\n",
        "#!/bin/sh\nexit 1\n",
        "#!/no/such/interpreter\n",
        "\u{7f}ELF\u{2}\u{1}\u{1}\0\0\0\0\0\0\0\0\0\u{2}\0\u{b7}\0 not for this machine",
    ] {
        hooked.replace_hook(content);
        push(&hooked);
    }
    fs::remove_file(hooked.hook()).expect("there was one");
    fs::create_dir(hooked.hook()).expect("a folder in its place");
    push(&hooked);
}

#[test]
fn a_panic_and_a_kill_of_the_worker_are_told() {
    let hooked = Hooked::new();
    for fault in ["panic", "kill"] {
        hooked.sandbox.commit("another");
        let ran = hooked.push_with_fault(&format!("drop_written={fault}"));
        assert!(ran.err().contains("the hook broke down"), "{ran}");
    }
    assert!(hooked.requests().is_empty());
}

#[test]
fn the_hook_that_was_there_runs_first_with_the_same_input_and_may_refuse() {
    let hooked = Hooked::new();
    let before = hooked.sandbox.work().join(".git/hooks/pre-push.before-afterpush");
    let saw = "{ echo \"$@\"; cat; } > \"$(dirname \"$0\")/saw\"";
    write_program(&before, &format!("#!/bin/sh\n{saw}\n[ ! -e refuse ] || exit 3\n"));
    let old = hooked.sandbox.git(&["rev-parse", "HEAD"]);
    push(&hooked);
    let new = hooked.sandbox.git(&["rev-parse", "HEAD"]);
    let lines = format!("origin ../remote.git\nrefs/heads/main {new} refs/heads/main {old}\n");
    assert_eq!(fs::read_to_string(before.with_file_name("saw")).expect("it ran"), lines);
    assert_eq!(refs(&hooked.only_push()), [format!("refs/heads/main {new}")]);

    fs::write(hooked.sandbox.work().join("refuse"), "").expect("written");
    hooked.sandbox.commit("refused");
    hooked.sandbox.push(&["--quiet"]).ends(1);
    assert_eq!(hooked.requests().len(), 1, "what was refused is not noted");
}

#[test]
fn the_hook_that_was_there_need_not_read_and_an_empty_input_stays_empty() {
    let hooked = Hooked::new();
    let before = hooked.sandbox.work().join(".git/hooks/pre-push.before-afterpush");
    write_program(&before, "#!/bin/sh\nexit 0\n");
    for number in 0..600 {
        hooked.sandbox.git(&["update-ref", &format!("refs/heads/{}{number}", "x".repeat(100)), "HEAD"]);
    }
    hooked.push(&["--quiet", "--all", "origin"]);
    let push = hooked.only_push();
    assert!(push.cut && push.refs.len() > 100, "what does not fit is left to the reflog");
    write_program(&before, "#!/bin/sh\n[ \"$(wc -c)\" -eq 0 ]\n");
    hooked.push(&["--quiet", "--all", "origin"]);
    assert_eq!(hooked.requests().len(), 1);
}
