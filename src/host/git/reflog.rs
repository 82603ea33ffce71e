//! The end of a reflog file; a log of a busy clone is long and only its newest lines matter.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path};

use super::Place;
use crate::push::reflog::{Entry, read_entry};

/// No more than this is read, however long the lines are.
const MOST: u64 = 4 << 20;
/// What a line takes at a guess.
const LINE: u64 = 256;

/// The last `limit` entries, newest first; empty where there is no log.
pub(super) fn read_tail(place: &Place, name: &str, limit: usize) -> Vec<Entry> {
    let relative = Path::new(name);
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Vec::new();
    }
    let home = if is_shared(name) { &place.common_dir } else { &place.git_dir };
    newest_of(&home.join("logs").join(relative), limit).unwrap_or_default()
}

/// Which refs all worktrees have in common; gitrepository-layout(5), "refs".
fn is_shared(name: &str) -> bool {
    name.starts_with("refs/")
        && !["refs/bisect/", "refs/worktree/", "refs/rewritten/"].iter().any(|own| name.starts_with(own))
}

fn newest_of(path: &Path, limit: usize) -> io::Result<Vec<Entry>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut window = LINE.saturating_mul(limit as u64 + 1);
    loop {
        let taken = window.min(length).min(MOST);
        let lines = read_last(&mut file, taken)?;
        let is_all = taken == length;
        let found = newest_in(&lines, is_all, limit);
        if found.len() == limit || is_all || taken == MOST {
            return Ok(found);
        }
        window = window.saturating_mul(4);
    }
}

fn read_last(file: &mut File, taken: u64) -> io::Result<Vec<u8>> {
    let back = i64::try_from(taken).map_err(io::Error::other)?;
    file.seek(SeekFrom::End(-back))?;
    let mut bytes = Vec::new();
    file.take(taken).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn newest_in(bytes: &[u8], is_all: bool, limit: usize) -> Vec<Entry> {
    // The first line of a window that starts amid the file is torn.
    let torn = if is_all { 0 } else { bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| at + 1) };
    let lines = bytes[torn..].split(|&byte| byte == b'\n');
    lines.rev().filter_map(read_entry).take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: usize, message: &str) -> String {
        format!("{:040x} {:040x} A U <a@b> {} +0000\t{message}\n", number, number + 1, 1_790_000_000 + number)
    }

    #[test]
    fn only_the_newest_entries_come_newest_first_however_long_lines_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let long = "x".repeat(5000);
        let text: String = (1..=300).map(|n| line(n, if n % 2 == 0 { &long } else { "update by push" })).collect();
        std::fs::write(&path, text + "torn").expect("written");
        let found = newest_of(&path, 5).expect("read");
        let ids: Vec<_> = found.iter().map(|entry| entry.new.as_str().trim_start_matches('0').to_owned()).collect();
        assert_eq!(ids, ["12d", "12c", "12b", "12a", "129"]);
        assert_eq!(newest_of(&path, 1000).expect("read").len(), 300);
    }

    #[test]
    fn a_name_that_leads_elsewhere_reads_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().to_path_buf();
        std::fs::create_dir(root.join("logs")).expect("made");
        std::fs::write(root.join("outside"), line(1, "x")).expect("written");
        let place = Place { git_dir: root.clone(), common_dir: root, worktree: None };
        assert_eq!(read_tail(&place, "../outside", 3), []);
    }
}
