//! What must not grow unnoticed: system calls, and requests a round. Sizes are checked by `.ci/run`; times never are,
//! they are measured by `tests/bench/run.sh`.

use std::path::Path;

use crate::support::hooked::Hooked;
use crate::support::{Ran, Site};

/// All that a program, and what it starts in its place, asks of the system. The programs of the tests are not
/// optimised, which makes no difference here.
const HOOK: usize = 230;
const STATUS: usize = 260;

#[test]
fn a_hook_whose_monitor_runs_asks_little_of_the_system() {
    let hooked = Hooked::new();
    hooked.sandbox.commit("the first, which makes the folders");
    hooked.push(&[]);
    // Stands for a running monitor: the lock is taken.
    let _alone = afterpush::process::Alone::try_take(&hooked.sandbox.layout()).expect("a lock").expect("free");
    hooked.sandbox.commit("a change");
    let (counts, real) = (hooked.bin().join("counts"), hooked.bin().join("real"));
    std::fs::rename(hooked.hook(), &real).expect("our own file");
    let traced = format!("#!/bin/sh\nexec strace -f -c -o {} {} \"$@\"\n", counts.display(), real.display());
    crate::support::write_program(&hooked.hook(), &traced);
    hooked.push(&[]);
    assert_eq!(hooked.requests().len(), 2, "the push was noted");
    within(&counts, HOOK);
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
    within(&counts, STATUS);
}

/// The total of strace's table: `100.00  seconds  usecs/call  calls  errors  total`.
#[track_caller]
fn within(counts: &Path, most: usize) {
    let table = std::fs::read_to_string(counts).expect("strace has counted");
    let total = table.lines().find(|line| line.trim_end().ends_with(" total")).expect("the last line of its table");
    let calls: usize = total.split_whitespace().nth(3).and_then(|word| word.parse().ok()).expect("a number");
    assert!((20..=most).contains(&calls), "{calls} system calls, at most {most} are wanted:\n{table}");
}
