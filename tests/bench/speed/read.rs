//! What the commands that read cost: `status` beside git's own question, and how long the programs take to start.

use std::process::Command;

use super::Bench;
use super::ground::{Ground, until};
use super::rounds::{Contender, by_turns};
use super::table::{Table, times};

/// `status` in a small repository and in a large one with 10 000 status files.
pub fn status(bench: &Bench, table: &mut Table) {
    for (size, commits, refs, files) in [("small", 3, 0, 0), ("large", 100_000, 50_000, 10_000)] {
        let ground = Ground::new(bench, commits, 1);
        ground.add_refs(refs);
        ground.add_status_files(files);
        let head = ground.git(&["rev-parse", "HEAD"]);
        ground.track(std::slice::from_ref(&head));
        ground.start_monitor(&[]);
        ground.until_taken();
        until("there is a status", || ground.phase(&head));
        ground.end_monitor();
        let git = |args: &'static [&str]| {
            let mut command = ground.command("git");
            command.args(args);
            command
        };
        // 8: it is still under way.
        let contenders = vec![
            Contender::program("git rev-parse HEAD", || git(&["rev-parse", "HEAD"])),
            Contender::ending("afterpush status", 8, || ground.afterpush(&["status"])),
            Contender::ending("afterpush status --json", 8, || ground.afterpush(&["status", "--json"])),
        ];
        let measured = by_turns(contenders, bench.rounds(200), &bench.raw(&format!("status-{size}")));
        table.begin(&format!("status, {size} repository"), &["command", "median ms", "CPU ms", "ratio"]);
        let git = measured.median("git rev-parse HEAD");
        for name in measured.names() {
            let median = measured.median(name);
            let ratio = median.wall / git.wall;
            table.row(&[name.to_owned(), format!("{:.2}", median.wall), format!("{:.2}", median.cpu), times(ratio)]);
            if name != "git rev-parse HEAD" {
                table.aim(&format!("{name}, {size} repository"), times(ratio), "at most 1.5 x", ratio <= 1.5);
            }
        }
    }
}

/// From nothing to the first word.
pub fn start(bench: &Bench, table: &mut Table) {
    let program = |path: &str| {
        let mut command = Command::new(path);
        command.arg("--version").env_clear();
        command
    };
    let (hook, main) = (bench.program("afterpush-hook"), bench.program("afterpush"));
    let path = |path: &std::path::Path| path.to_str().expect("a path in UTF-8").to_owned();
    let (hook, main) = (path(&hook), path(&main));
    let contenders = vec![
        Contender::program("/bin/true", || program("/bin/true")),
        Contender::program("afterpush-hook", || program(&hook)),
        Contender::program("afterpush", || program(&main)),
    ];
    let measured = by_turns(contenders, bench.rounds(300), &bench.raw("start"));
    table.begin("--version", &["program", "median ms", "more ms", "CPU ms"]);
    for name in measured.names() {
        let (median, more) = (measured.median(name), measured.more(name, "/bin/true").wall);
        table.row(&[
            name.to_owned(),
            format!("{:.2}", median.wall),
            format!("{more:+.2}"),
            format!("{:.2}", median.cpu),
        ]);
    }
    for (name, most) in [("afterpush-hook", 0.5), ("afterpush", 1.0)] {
        let more = measured.more(name, "/bin/true").wall;
        table.aim(
            &format!("start of {name}"),
            format!("{more:+.2} ms"),
            &format!("{most} ms after /bin/true"),
            more <= most,
        );
    }
}
