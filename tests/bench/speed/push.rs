//! What a hook costs a `git push`: none, an empty one, ours, and those of the peers.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::Bench;
use super::ground::{Ground, until, write_program};
use super::rounds::{Contender, Measured, by_turns, timed};
use super::table::{Table, times};

type Install = fn(&Bench, &Ground<'_>);

/// The hook managers, with what each is told to do: nothing.
const PEERS: [(&str, Install); 4] =
    [("husky", husky), ("lefthook", lefthook), ("pre-commit", pre_commit), ("prek", prek)];

/// What ours adds to a push, to what another one adds.
const AIMS: [(&str, f64, &str); 3] =
    [("empty sh", 3.0, "at most 3 x"), ("husky", 1.0 / 3.0, "at most 0.33 x"), ("lefthook", 0.1, "at most 0.1 x")];

/// The same shim with a program that does nothing: what is left of an aim when the hook's own work is free.
const FLOOR: &str = "shim and /bin/true";

/// In a small repository.
pub fn small(bench: &Bench, table: &mut Table) {
    let ground = Ground::new(bench, 3, 1);
    let measured = measure(bench, &ground, bench.rounds(60), "push-small");
    show(&measured, "git push, small repository", table);
    let added = |name| measured.more(name, "no hook");
    let (ours, floor) = (added("ours"), added(FLOOR));
    for (other, most, aim) in AIMS {
        let theirs = added(other);
        let text = format!(
            "{} (CPU {}; the floor {})",
            times(ours.wall / theirs.wall),
            times(ours.cpu / theirs.cpu),
            times(floor.wall / theirs.wall)
        );
        table.aim(&format!("hook, cost to that of {other}"), text, aim, ours.wall <= most * theirs.wall);
    }
    let more = measured.more("ours, starting the monitor", "ours").wall;
    table.aim("hook that starts the monitor", format!("{more:+.2} ms"), "at most 1 ms more", more <= 1.0);
}

/// In a large one, with much of our own in it, too.
pub fn large(bench: &Bench, table: &mut Table) {
    let ground = Ground::new(bench, 100_000, 1);
    ground.add_refs(50_000);
    ground.add_status_files(10_000);
    let watched = ground.add_commits("refs/heads/watched", Some("main"), 1_000);
    ground.track(&watched);
    let measured = measure(bench, &ground, bench.rounds(20), "push-large");
    show(&measured, "git push, 100 000 commits, 50 000 refs, 10 000 status files, 1 000 watches", table);
    // git itself takes a second there, and no two of its pushes the same.
    let (ours, noise) = (measured.more("ours", "empty sh"), measured.spread("no hook"));
    table.aim(
        "hook in the large repository, to an empty sh hook",
        format!("{:+.1} ms, CPU {:+.1}; noise {:.1}, CPU {:.1}", ours.wall, ours.cpu, noise.wall, noise.cpu),
        "within noise",
        ours.wall <= noise.wall && ours.cpu <= noise.cpu,
    );
}

fn measure(bench: &Bench, ground: &Ground<'_>, rounds: usize, name: &str) -> Measured {
    let hooks = |name: &str| ground.root().join("hooks").join(name);
    fs::create_dir_all(hooks("none")).expect("a folder");
    write_program(&hooks("sh").join("pre-push"), "#!/bin/sh\n");
    let shim = |program: &str| include_str!("../../../hooks/pre-push").replace("@AFTERPUSH_HOOK@", program);
    write_program(&hooks("ours").join("pre-push"), &shim(&bench.program("afterpush-hook").to_string_lossy()));
    write_program(&hooks("floor").join("pre-push"), &shim("/bin/true"));
    for (peer, install) in PEERS {
        install(bench, ground);
        let written = if peer == "husky" { ground.work().join(".husky/_") } else { ground.work().join(".git/hooks") };
        fs::rename(written, hooks(peer)).unwrap_or_else(|why| panic!("{peer} has written no hooks: {why}"));
    }
    let ways = 5 + PEERS.len();
    let commits = ground.add_commits("refs/heads/chain", Some("main"), (rounds + 1) * ways);
    let commits = RefCell::new(VecDeque::from(commits));
    let push = |hooks: &Path| {
        let commit = commits.borrow_mut().pop_front().expect("enough were made");
        let mut push = ground.command("git");
        push.arg("-c").arg(format!("core.hooksPath={}", hooks.display()));
        push.args(["push", "--quiet", "origin", &format!("{commit}:refs/heads/main")]);
        push
    };
    let push = &push;
    let mut contenders = Vec::new();
    let rested = |name, hooks: PathBuf| {
        Contender::new(name, move || {
            rest();
            timed(&mut push(&hooks), 0)
        })
    };
    for (name, folder) in [("no hook", "none"), ("empty sh", "sh"), (FLOOR, "floor")] {
        contenders.push(rested(name, hooks(folder)));
    }
    contenders.push(Contender::new("ours", move || {
        if ground.monitor().is_none() {
            ground.start_monitor(&[]);
        }
        settle(ground);
        let took = timed(&mut push(&hooks("ours")), 0);
        settle(ground);
        took
    }));
    contenders.push(Contender::new("ours, starting the monitor", move || {
        ground.end_monitor();
        rest();
        let took = timed(&mut push(&hooks("ours")), 0);
        until("the monitor has started", || ground.monitor());
        settle(ground);
        took
    }));
    for (peer, _) in PEERS {
        contenders.push(rested(peer, hooks(peer)));
    }
    by_turns(contenders, rounds, &bench.raw(name))
}

/// What a monitor does with a push, it does afterwards; nobody else is to be measured meanwhile.
fn settle(ground: &Ground<'_>) {
    ground.until_taken();
    rest();
}

/// Who comes after a pause finds the processors asleep and their caches cold. So everybody comes after one.
fn rest() {
    std::thread::sleep(Duration::from_millis(300));
}

fn show(measured: &Measured, title: &str, table: &mut Table) {
    let none = measured.median("no hook");
    table.begin(title, &["hook", "median ms", "more ms", "more CPU ms", "ratio"]);
    for name in measured.names() {
        let (median, more) = (measured.median(name), measured.more(name, "no hook"));
        table.row(&[
            name.to_owned(),
            format!("{:.2}", median.wall),
            format!("{:+.2}", more.wall),
            format!("{:+.2}", more.cpu),
            times(median.wall / none.wall),
        ]);
    }
}

fn husky(bench: &Bench, ground: &Ground<'_>) {
    setup(ground.command("node").arg(bench.peers.join("node_modules/husky/bin.js")));
    fs::write(ground.work().join(".husky/pre-push"), "true\n").expect("written");
    ground.git(&["config", "--unset", "core.hooksPath"]);
}

fn lefthook(bench: &Bench, ground: &Ground<'_>) {
    fs::write(ground.work().join("lefthook.yml"), "pre-push:\n  commands:\n    nothing:\n      run: 'true'\n")
        .expect("written");
    setup(ground.command(bench.peers.join("bin/lefthook")).arg("install"));
}

fn pre_commit(bench: &Bench, ground: &Ground<'_>) {
    fs::write(
        ground.work().join(".pre-commit-config.yaml"),
        "repos:\n- repo: local\n  hooks:\n  - {id: nothing, name: nothing, entry: 'true', language: system, \
         always_run: true, pass_filenames: false, stages: [pre-push]}\n",
    )
    .expect("written");
    setup(ground.command(bench.peers.join("bin/pre-commit")).args(["install", "--hook-type", "pre-push"]));
}

fn prek(bench: &Bench, ground: &Ground<'_>) {
    // Reads the same configuration.
    setup(ground.command(bench.peers.join("bin/prek")).args(["install", "--hook-type", "pre-push"]));
}

fn setup(command: &mut Command) {
    let done = command.output().unwrap_or_else(|why| panic!("{command:?} cannot be started: {why}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}
