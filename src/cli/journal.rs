//! The monitor's own log, whichever process it works in, and what is read in it of a monitor that cannot work.

use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use crate::base::Timestamp;
use crate::host::journal::Journal;
use crate::monitor::MonitorError;

/// So the last line of a monitor that cannot work begins.
const UNABLE: &str = "the monitor cannot work: ";
/// So the lines begin that tell that what is learned cannot be written down. Each is said once, until it works again.
const FAILING: [&str; 3] =
    ["cannot store what happened", "cannot write what readers see", "could not take a request; it is tried again"];
/// So the line begins that takes it back.
const WORKS_AGAIN: &str = "storing works again";

/// One line an event from now on.
pub fn log_to(path: &Path) {
    let filter = EnvFilter::try_from_env("AFTERPUSH_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_target(false);
    // Where a log is set already (a test, an earlier monitor of this process), it stays.
    let _ = log.with_writer(Mutex::new(Journal::new(path))).try_init();
}

/// The last words of a monitor that cannot work.
pub fn log_unable(why: &MonitorError) {
    tracing::error!("{UNABLE}{why}");
}

/// Why a monitor cannot work, if one has said so in this log since it was so long.
pub fn unable_since(log: &[u8], length: usize) -> Option<String> {
    // A shorter one has taken the place of the one before.
    let new = log.get(length..).unwrap_or(log);
    String::from_utf8_lossy(new).lines().rev().find_map(unable).map(str::to_owned)
}

/// Why a monitor cannot write down what it learns, if the newest that it has said about that in this log is that it
/// cannot, and was said after this moment.
pub fn failing_since(log: &[u8], moment: Timestamp) -> Option<String> {
    let log = String::from_utf8_lossy(log);
    let (at, words) = log.lines().rev().filter_map(line).find_map(|(at, level, words)| match level {
        "ERROR" if FAILING.iter().any(|begin| words.starts_with(begin)) => Some((at, words)),
        "INFO" if words.starts_with(WORKS_AGAIN) => Some((at, "")),
        _ => None,
    })?;
    let (_, why) = words.split_once(" why=")?;
    (at.parse::<Timestamp>().ok()? > moment).then(|| why.to_owned())
}

/// The last words of a monitor that cannot work, if nothing was logged after them.
pub fn last_unable(log: &[u8]) -> Option<String> {
    String::from_utf8_lossy(log).lines().next_back().and_then(unable).map(str::to_owned)
}

fn unable(text: &str) -> Option<&str> {
    line(text).filter(|(_, level, _)| *level == "ERROR")?.2.strip_prefix(UNABLE)
}

/// A line is a time, a level and the words, which others may have had a say in.
fn line(text: &str) -> Option<(&str, &str, &str)> {
    let (at, rest) = text.split_once(' ')?;
    let (level, words) = rest.trim_start().split_once(' ')?;
    Some((at, level, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_and_said_by_a_monitor_itself_counts() {
        let old = "2026-11-20T15:04:03Z ERROR the monitor cannot work: the disk is full\n";
        let quoted = "2026-11-20T15:04:03Z  INFO x ERROR the monitor cannot work: not so\n";
        let unable = |log: &str, length| unable_since(log.as_bytes(), length);
        assert_eq!(unable(old, 0).as_deref(), Some("the disk is full"));
        assert_eq!(unable(old, old.len()), None);
        assert_eq!(unable(&format!("{old}{quoted}"), old.len()), None);
        assert_eq!(unable(&old[1..], old.len()).as_deref(), Some("the disk is full"), "a new file");
        assert_eq!(last_unable(old.as_bytes()).as_deref(), Some("the disk is full"));
        assert_eq!(last_unable(format!("{old}2026-11-20T15:04:09Z  INFO at work\n").as_bytes()), None);
    }

    #[test]
    fn a_failure_to_write_counts_until_it_works_again_or_something_was_written() {
        let failing = "2026-11-20T15:04:03.5Z ERROR cannot store what happened; it is tried again why=disk I/O error\n";
        let again = "2026-11-20T15:05:03.5Z  INFO storing works again\n";
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let why = |log: &str, moment| failing_since(log.as_bytes(), at(moment));
        assert_eq!(why(failing, "2026-11-20T15:04:00Z").as_deref(), Some("disk I/O error"));
        assert_eq!(why(failing, "2026-11-20T15:04:10Z"), None);
        assert_eq!(why(&format!("{failing}{again}"), "2026-11-20T15:04:00Z"), None);
    }
}
