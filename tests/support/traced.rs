//! Programs in whose system calls something is made to happen: the process is killed there, or the call fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What is to happen at which call.
#[derive(Clone, Debug)]
pub struct Injection {
    /// The system call's name.
    pub call: String,
    /// As strace has it: `signal=KILL`, `error=EIO`.
    pub what: &'static str,
    /// At the how many-th call of each process, or `1+` for every one.
    pub when: String,
}

impl Injection {
    /// At this call of each process.
    pub fn at(call: &str, what: &'static str, number: usize) -> Self {
        Self { call: call.to_owned(), what, when: number.to_string() }
    }

    /// At every call.
    pub fn always(call: &str, what: &'static str) -> Self {
        Self { call: call.to_owned(), what, when: "1+".to_owned() }
    }

    /// The words before a program's own. What happened is in `log`.
    pub fn words(&self, log: &Path) -> Vec<String> {
        let Self { call, what, when } = self;
        let injected =
            ["-e".to_owned(), format!("trace={call}"), "-e".to_owned(), format!("inject={call}:{what}:when={when}")];
        tracing(log).into_iter().chain(injected).collect()
    }

    /// Whether it came to that, by the log; the log goes.
    #[track_caller]
    pub fn happened(&self, log: &Path) -> bool {
        let text = fs::read_to_string(log).expect("strace runs (Debian's package strace)");
        fs::remove_file(log).expect("our own file");
        let is_kill = self.what.starts_with("signal=");
        text.contains(if is_kill { "+++ killed by" } else { "(INJECTED)" })
    }
}

/// The words before those of a program whose every call is to be written to this log.
pub fn tracing(log: &Path) -> Vec<String> {
    ["strace", "-f", "-q", "-o", &log.display().to_string()].map(str::to_owned).to_vec()
}

/// The names of all calls in this log.
#[track_caller]
pub fn names(log: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(log).expect("strace runs (Debian's package strace)");
    let name = |line: &str| line.split_whitespace().nth(1)?.split_once('(').map(|(name, _)| name.to_owned());
    let names = text.lines().filter_map(name);
    names.filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')).collect()
}

/// A log for the traces of one test.
pub fn log_in(folder: &Path) -> PathBuf {
    folder.join("trace.log")
}

/// The places that are tried: the first, and then ever fewer.
pub fn places() -> impl Iterator<Item = usize> {
    std::iter::successors(Some(1), |place| Some(place * 2)).take_while(|place| *place < 5_000)
}
