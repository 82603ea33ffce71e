//! Reflog lines of remote-tracking refs: git's own journal of pushes.
//!
//! Source: git's `refs/files-backend.c`; `<old> <new> <who> <<mail>> <seconds> <zone>\t<message>`. A push writes
//! the message `update by push`; a fetch writes another one.

use super::Sha;
use crate::base::Timestamp;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the ref was at; `None` if it was new.
    pub old: Option<Sha>,
    /// What it came to.
    pub new: Sha,
    /// When, by this machine's clock.
    pub at: Timestamp,
    /// Why, in git's words.
    pub message: String,
}

impl Entry {
    /// A push from this clone wrote it.
    pub fn is_push(&self) -> bool {
        self.message.starts_with("update by push")
    }
}

/// Reads one line of a reflog file; `None` if it is not one (torn by a crash, edited, a deletion).
pub fn read_entry(line: &[u8]) -> Option<Entry> {
    let line = String::from_utf8_lossy(line);
    let (head, message) = line.split_once('\t').unwrap_or((&line, ""));
    let (old, rest) = head.split_once(' ')?;
    let (new, who) = rest.split_once(' ')?;
    let (_, time) = who.rsplit_once("> ")?;
    let seconds: i64 = time.split(' ').next()?.parse().ok()?;
    let old = if Sha::is_null(old) { None } else { Some(old.parse().ok()?) };
    let entry = Entry {
        old,
        new: new.parse().ok()?,
        at: Timestamp::from_secs(seconds),
        message: message.trim_end_matches('\n').to_owned(),
    };
    Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_is_told_from_a_fetch() {
        let line = |message: &str| {
            format!("{} {} A U <Thor> <a@b> 1790000000 +0100\t{message}\n", "0".repeat(40), "a".repeat(40))
        };
        let push = read_entry(line("update by push").as_bytes()).expect("an entry");
        assert!(push.is_push() && push.old.is_none());
        assert_eq!(push.at, Timestamp::from_secs(1_790_000_000));
        assert!(!read_entry(line("fetch: fast-forward").as_bytes()).expect("an entry").is_push());
        for torn in ["", "abc", "a b c", &line("x")[..50]] {
            assert_eq!(read_entry(torn.as_bytes()), None, "{torn}");
        }
    }
}
