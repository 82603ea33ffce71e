//! What must not grow unnoticed: system calls, and requests a round. Sizes are checked by `.ci/run`; times never are,
//! they are measured by `tests/bench/run.sh`.

use std::fmt::Write as _;

use afterpush::process::Alone;

use crate::support::hooked::Hooked;
use crate::support::{Ran, Site, write_program};

/// All that a program, and what it starts in its place, asks of the system. The programs of the tests are not
/// optimised, which makes no difference here.
const HOOK: usize = 190;
const STATUS: usize = 260;

#[test]
fn a_hook_whose_monitor_runs_asks_little_of_the_system() {
    let hooked = Hooked::new();
    let _alone = as_if_a_monitor_ran(&hooked);
    let table = counts_of_a_push(&hooked);
    within(&table, HOOK);
}

#[test]
fn a_hook_asks_no_more_of_the_system_in_a_large_repository() {
    let hooked = Hooked::new();
    let _alone = as_if_a_monitor_ran(&hooked);
    let small = calls(&counts_of_a_push(&hooked));
    fill(&hooked);
    let large = calls(&counts_of_a_push(&hooked));
    // A few more looks find a ref among many packed ones; how often its two processes wait for each other is chance.
    assert!(large.abs_diff(small) < 25, "{small} system calls have become {large}");
}

/// Leaves the folders of a first push, and the lock taken.
fn as_if_a_monitor_ran(hooked: &Hooked) -> Alone {
    hooked.sandbox.commit("the first");
    hooked.push(&[]);
    Alone::try_take(&hooked.sandbox.layout()).expect("a lock").expect("free")
}

/// Pushes with strace around the hook, and returns its table.
fn counts_of_a_push(hooked: &Hooked) -> String {
    let noted = || std::fs::read_dir(hooked.sandbox.layout().inbox().join("new")).expect("an inbox").count();
    let before = noted();
    let (counts, real) = (hooked.bin().join("counts"), hooked.bin().join("real"));
    if !real.exists() {
        std::fs::rename(hooked.hook(), &real).expect("our own file");
    }
    let traced = format!("#!/bin/sh\nexec strace -f -c -o {} {} \"$@\"\n", counts.display(), real.display());
    write_program(&hooked.hook(), &traced);
    hooked.sandbox.commit("a change");
    hooked.push(&[]);
    assert_eq!(noted(), before + 1, "the push was noted");
    std::fs::read_to_string(counts).expect("strace has counted")
}

/// Refs, status files, and requests that nobody has taken yet.
fn fill(hooked: &Hooked) {
    const MANY: usize = 2_000;
    let sandbox = &hooked.sandbox;
    let layout = sandbox.layout();
    let inbox = layout.inbox().join("new");
    std::fs::create_dir_all(layout.status_dir()).expect("a folder");
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let mut lines = String::new();
    for number in 0..MANY {
        let id = format!("{number:040x}");
        std::fs::write(layout.status(&id), "{}").expect("room for small files");
        std::fs::write(inbox.join(&id), "{}").expect("the same");
        let _ = writeln!(lines, "create refs/heads/many/{number} {}", head.trim());
    }
    let refs = sandbox.root().join("refs");
    std::fs::write(&refs, lines).expect("room for them");
    let update = format!("git update-ref --stdin <{} && git pack-refs --all", refs.display());
    Ran::of(&mut hooked.command("sh", &["-c", &update])).ends(0);
}

#[test]
fn a_status_asks_little_of_the_system() {
    let site = Site::new();
    let sha = site.building();
    let counts = site.root().join("counts");
    let mut strace = site.command("strace");
    strace.args(["-f", "-c", "-o"]).arg(&counts).arg(env!("CARGO_BIN_EXE_afterpush"));
    // Still under way.
    Ran::of(strace.args(["status", &sha])).ends(8);
    within(&std::fs::read_to_string(&counts).expect("strace has counted"), STATUS);
}

#[track_caller]
fn within(table: &str, most: usize) {
    let calls = calls(table);
    assert!((20..=most).contains(&calls), "{calls} system calls, at most {most} are wanted:\n{table}");
}

/// The total of strace's table: `100.00  seconds  usecs/call  calls  errors  total`.
#[track_caller]
fn calls(table: &str) -> usize {
    let total = table.lines().find(|line| line.trim_end().ends_with(" total")).expect("the last line of its table");
    total.split_whitespace().nth(3).and_then(|word| word.parse().ok()).expect("a number")
}
