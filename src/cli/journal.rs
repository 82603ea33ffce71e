//! The monitor's own log, whichever process it works in, and what is read in it of a monitor that cannot work.

use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use crate::host::journal::Journal;
use crate::monitor::MonitorError;

/// So the last line of a monitor that cannot work begins.
const UNABLE: &str = "the monitor cannot work: ";

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

/// A line is a time, a level and the words, which others may have had a say in.
fn unable(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(' ')?;
    rest.trim_start().strip_prefix("ERROR ")?.strip_prefix(UNABLE)
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
    }
}
