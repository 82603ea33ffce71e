//! Repositories with strange names.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::support::{Ran, Sandbox};

#[test]
fn a_push_from_a_path_that_is_no_text_is_noted_with_that_path() {
    let sandbox = Sandbox::new();
    let sha = sandbox.git(&["rev-parse", "HEAD"]);
    let strange = sandbox.root().join(OsStr::from_bytes(b"r\xff"));
    fs::rename(sandbox.work(), &strange).expect("renamed");
    let mut hook = sandbox.command("sh");
    let line = format!("refs/heads/main {sha} refs/heads/main {}", "0".repeat(40));
    hook.args(["-c", "echo \"$0\" | \"$@\"", &line, env!("CARGO_BIN_EXE_afterpush-hook"), "pre-push", "origin", "x"]);
    // On a CI runner the request is written and nothing is started.
    let said = Ran::of(hook.current_dir(&strange).env("GITHUB_ACTIONS", "true")).ends(0).err();
    let inbox = strange.join(".git/afterpush").join(format!("u{}", nix::unistd::geteuid())).join("inbox/new");
    let requests: Vec<_> = fs::read_dir(inbox).unwrap_or_else(|error| panic!("{error}: {said}")).collect();
    let request = requests.into_iter().next().expect("a request").expect("listed").path();
    let request: afterpush::push::Request = serde_json::from_slice(&fs::read(request).expect("read")).expect("JSON");
    let afterpush::push::Asked::Push(note) = request.asked else { panic!("not a push") };
    assert!(note.worktree.is_some_and(|worktree| worktree.ends_with(OsStr::from_bytes(b"r\xff"))));
}
