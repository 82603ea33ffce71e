//! `clean` of 100 000 old files beside `find -delete`, which does no more than it must.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::Bench;
use super::ground::Ground;
use super::rounds::{Contender, by_turns, timed};
use super::table::{Table, times};

const FILES: usize = 100_000;

/// Both, by turns.
pub fn clean(bench: &Bench, table: &mut Table) {
    let ground = Ground::new(bench, 1, 1);
    let folder = ground.layout().status_dir();
    let (ground, folder) = (&ground, folder.as_path());
    let contenders = vec![
        Contender::new("find -delete", move || {
            fill(ground, folder);
            timed(ground.command("find").arg(folder).args(["-type", "f", "-mtime", "+7", "-delete"]), 0)
        }),
        Contender::new("afterpush clean", move || {
            fill(ground, folder);
            timed(&mut ground.afterpush(&["clean"]), 0)
        }),
    ];
    let measured = by_turns(contenders, bench.rounds(5), &bench.raw("clean"));
    table.begin("100 000 old files", &["command", "median ms", "CPU ms"]);
    for name in measured.names() {
        let median = measured.median(name);
        table.row(&[name.to_owned(), format!("{:.0}", median.wall), format!("{:.0}", median.cpu)]);
    }
    let ratio = measured.median("afterpush clean").wall / measured.median("find -delete").wall;
    table.aim("clean, to find -delete", times(ratio), "at most 1.5 x", ratio <= 1.5);
}

/// Status files of a year ago.
fn fill(ground: &Ground<'_>, folder: &Path) {
    let left = fs::read_dir(folder).map_or(0, Iterator::count);
    assert_eq!(left, 0, "the one before left something behind");
    ground.add_status_files(FILES);
    let then = SystemTime::now() - Duration::from_hours(24 * 365);
    for entry in fs::read_dir(folder).expect("a folder") {
        let file = File::options().write(true).open(entry.expect("an entry").path());
        file.and_then(|file| file.set_modified(then)).expect("our own file");
    }
}
