//! The mirror in the worktree's root: three small files a commit, for people and scripts that look there.

use super::Document;
use crate::push::Sha;

/// The patterns of the mirror's names, as they go into `.git/info/exclude`.
pub const PATTERNS: [&str; 3] =
    ["/.deployment-status-*.log", "/.deployment-status-*.result", "/.deployment-monitor-*.pid"];

/// One file of the mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// The timeline.
    Log,
    /// One word, the verdict; written once decided.
    Result,
    /// The monitor's process id; there while it watches.
    Pid,
}

impl File {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Log, Self::Result, Self::Pid];

    /// Its name for this commit.
    pub fn name(self, sha: &Sha) -> String {
        let (before, after) = self.parts();
        format!("{before}{}{after}", sha.short())
    }

    const fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::Log => (".deployment-status-", ".log"),
            Self::Result => (".deployment-status-", ".result"),
            Self::Pid => (".deployment-monitor-", ".pid"),
        }
    }
}

/// Reads a name of the mirror: which file, and the commit's first seven digits.
pub fn read_name(name: &str) -> Option<(File, &str)> {
    File::ALL.into_iter().find_map(|file| {
        let (before, after) = file.parts();
        let short = name.strip_prefix(before)?.strip_suffix(after)?;
        let digits = short.len() == 7 && short.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        digits.then_some((file, short))
    })
}

/// What the `.result` file holds: the verdict, or nothing yet.
pub fn result(document: &Document) -> Option<String> {
    let verdict = document.verdict.as_ref().filter(|_| document.done)?;
    Some(format!("{verdict}\n"))
}

/// What the `.pid` file holds; `None`: it is to go, nobody watches any more.
pub fn pid(document: &Document) -> Option<String> {
    document.stale_after?;
    Some(format!("{}\n", document.monitor.as_ref()?.pid?))
}
