//! The hook amid things that are broken.

use std::fs;
use std::process::Stdio;

use afterpush::process::Alone;

use crate::support::hooked::{Hooked, refs};
use crate::support::{Ran, until};

#[test]
fn garbage_on_stdin_costs_one_line_and_the_rest_counts() {
    let hooked = Hooked::new();
    let sha = hooked.sandbox.commit("two");
    let line = format!("refs/heads/main {sha} refs/heads/main {}\n", "0".repeat(40));
    let script = "printf '%s' \"$1\" | .git/hooks/pre-push origin url";
    let run = |text: &str| Ran::of(&mut hooked.command("sh", &["-c", script, "sh", text])).ends(0).err();
    let said = run("hello\n\u{1b}]0;owned\u{7}\nrefs/heads/x y z\n");
    assert!(said.contains("3 lines on the hook's input") && said.lines().count() == 1, "{said}");
    assert!(hooked.requests().is_empty());
    let said = run(&format!("hello\n{line}"));
    assert!(said.contains("1 line on the hook's input") && said.contains("noted"), "{said}");
    assert_eq!(refs(&hooked.only_push()), [format!("refs/heads/main {sha}")]);
}

#[test]
fn stdin_that_never_ends_is_cut() {
    let hooked = Hooked::new();
    let sha = hooked.sandbox.commit("two");
    let line = format!("refs/heads/main {sha} refs/heads/main {}\nrefs/heads/ha", "0".repeat(40));
    let mut hook = hooked.command(&hooked.hook().to_string_lossy(), &["pre-push", "origin", "url"]);
    let mut hook = hook
        .env("AFTERPUSH_FAILPOINTS", "hook_limit=60s")
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut stdin = hook.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut stdin, line.as_bytes()).expect("written");
    // The pipe stays open until the hook has ended.
    assert!(hook.wait().expect("it ends").success());
    drop(stdin);
    let push = hooked.only_push();
    assert!(push.cut);
    assert_eq!(refs(&push), [format!("refs/heads/main {sha}")]);
}

#[test]
fn a_disk_that_hangs_does_not_hold_the_push() {
    let hooked = Hooked::new();
    let sha = hooked.sandbox.commit("two");
    let go_on = hooked.sandbox.root().join("go-on");
    let mut push = hooked.sandbox.command("git");
    push.args(["push", "--quiet"]).env("AFTERPUSH_FAILPOINTS", format!("drop_written=wait:{}", go_on.display()));
    let ran = Ran::of(&mut push).ends(0);
    assert!(ran.err().contains("the disk is slow"), "{ran}");
    assert!(hooked.requests().is_empty(), "the worker still waits");
    fs::write(&go_on, "").expect("written");
    until("the request arrives late", || (!hooked.requests().is_empty()).then_some(()));
    assert_eq!(refs(&hooked.only_push()), [format!("refs/heads/main {sha}")]);
}

#[test]
fn a_folder_that_cannot_be_used_costs_one_line() {
    let hooked = Hooked::new();
    let layout = hooked.sandbox.layout();
    let push = || {
        hooked.sandbox.commit("another");
        hooked.push(&["--quiet"]).err()
    };
    fs::write(layout.root(), "in the way").expect("written");
    let said = push();
    assert!(said.contains("not noted") && said.lines().count() == 1, "{said}");
    fs::remove_file(layout.root()).expect("removed");
    fs::create_dir(layout.root()).expect("made");
    std::os::unix::fs::symlink(hooked.sandbox.root(), layout.private()).expect("planted");
    assert!(push().contains("not noted"));
    assert!(!hooked.sandbox.root().join("inbox").exists(), "a planted link leads nowhere");
}

#[test]
fn outside_a_repository_the_hook_says_so() {
    let hooked = Hooked::new();
    let line = format!("refs/heads/main {0} refs/heads/main {0}\n", "1".repeat(40));
    let script = "printf '%s' \"$1\" | \"$2\" pre-push origin url";
    let hook = hooked.hook();
    let mut command = hooked.command("sh", &["-c", script, "sh", &line, &hook.to_string_lossy()]);
    let ran = Ran::of(command.current_dir("/")).ends(0);
    assert!(ran.err().contains("no git repository at /"), "{ran}");
    let ran = Ran::of(&mut hooked.command(&hook.to_string_lossy(), &["pre-commit"])).ends(0);
    assert!(ran.err().contains("called by git as"), "{ran}");
}

#[test]
fn closed_streams_do_not_matter() {
    let hooked = Hooked::new();
    for closed in ["<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2>&1 | true"] {
        hooked.sandbox.commit("another");
        let line = format!("git push --quiet {closed}");
        Ran::of(&mut hooked.command("sh", &["-c", &line])).ends(0);
    }
    assert_eq!(hooked.requests().len(), 4);
}

#[test]
fn a_worker_killed_at_any_place_leaves_a_whole_request_or_none() {
    let hooked = Hooked::new();
    let places = ["drop_written", "drop_renamed", "ensure_before_probe", "ensure_after_probe"];
    for (place, requests) in places.into_iter().zip([0, 1, 2, 3]) {
        hooked.sandbox.commit("another");
        hooked.push_with_fault(&format!("{place}=kill"));
        assert_eq!(hooked.requests().len(), requests, "{place}");
        assert!(Alone::try_take(&hooked.sandbox.layout()).expect("a lock file").is_some(), "{place}");
    }
}

#[test]
fn tight_limits_and_a_strange_umask_cost_no_push() {
    let hooked = Hooked::new();
    let sha = hooked.sandbox.commit("two");
    let line = format!("refs/heads/main {sha} refs/heads/main {}\n", "0".repeat(40));
    let script = "printf '%s' \"$1\" | { eval \"$2\"; exec \"$3\" pre-push origin url; }";
    let hook = hooked.hook();
    let run = |limit: &str| {
        Ran::of(&mut hooked.command("sh", &["-c", script, "sh", &line, limit, &hook.to_string_lossy()])).ends(0).err()
    };
    assert!(run("ulimit -f 0").contains("not noted"));
    assert!(hooked.requests().is_empty());
    // With three the loader cannot even open the C library.
    for files in 4..20 {
        run(&format!("ulimit -n {files}"));
    }
    assert!(!hooked.requests().is_empty(), "twenty descriptors are enough");
    let before = hooked.requests().len();
    for umask in ["000", "077", "377"] {
        run(&format!("umask {umask}"));
    }
    assert_eq!(hooked.requests().len(), before + 3);
}
