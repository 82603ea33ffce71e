//! Environment variables on their way to the monitor and to its programs, and what tells whether it has the same ones.

#![expect(unsafe_code, reason = "a descriptor that was inherited has to be adopted by its number")]

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use super::sealed::sealed;
use crate::base::variables::{is_passed_on, may_be_passed_on};

/// Names the descriptor from which a summoned monitor reads its summoner's environment.
pub(super) const HANDED_OVER: &str = "AFTERPUSH_ENVIRONMENT";

/// What only a monitor is given: how much it logs, and where a test has it fail.
const OF_MONITORS: [&str; 2] = ["AFTERPUSH_LOG", "AFTERPUSH_FAILPOINTS"];

/// More than any kernel lets a program be started with.
const LONGEST: u64 = 16 * 1024 * 1024;

/// The variables of this process that are UTF-8.
pub fn own_environment() -> Vec<(String, String)> {
    let all = std::env::vars_os();
    all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

/// The value of a variable; `None` if it is not set or empty.
pub fn value<'a>(environment: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = environment.iter().find(|(key, _)| key == name)?;
    Some(found.1.as_str()).filter(|value| !value.is_empty())
}

/// A variable is set and not empty.
pub fn is_set(environment: &[(String, String)], name: &str) -> bool {
    value(environment, name).is_some()
}

/// The environment of whoever summoned this monitor; where nobody did, this process's own.
///
/// What was handed over can be read once; it is for the caller to keep what it needs and forget the rest.
pub fn inherited_environment() -> Vec<(String, String)> {
    static READ: AtomicBool = AtomicBool::new(false);
    let number = std::env::var(HANDED_OVER).ok().and_then(|number| number.parse().ok());
    let number = number.filter(|number: &RawFd| *number > 2 && !READ.swap(true, Ordering::SeqCst));
    number.and_then(|number| adopt(number).and_then(read).ok()).unwrap_or_else(own_environment)
}

/// Takes a descriptor that was inherited under this number.
fn adopt(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_GETFD reads a flag of whatever the number stands for, or fails.
    if unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open, the summoner said that it is meant for this process, and it is adopted only once.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn read(descriptor: OwnedFd) -> io::Result<Vec<(String, String)>> {
    let mut content = Vec::new();
    File::from(descriptor).take(LONGEST).read_to_end(&mut content)?;
    let entries = content.split(|&byte| byte == 0).filter_map(|entry| std::str::from_utf8(entry).ok());
    let pairs = entries.filter_map(|entry| entry.split_once('='));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// A descriptor a monitor can read the whole environment from.
pub(super) fn hand_over(environment: &[(String, String)]) -> io::Result<OwnedFd> {
    let mut content = Vec::new();
    for (name, value) in environment {
        for part in [name.as_bytes(), b"=", value.as_bytes(), b"\0"] {
            content.extend_from_slice(part);
        }
    }
    sealed(&content)
}

/// What of these variables a monitor is started with. The rest it gets in memory, secrets above all.
pub(super) fn for_monitor(environment: &[(String, String)]) -> impl Iterator<Item = &(String, String)> {
    environment.iter().filter(|(name, value)| may_be_passed_on(name, value) || OF_MONITORS.contains(&name.as_str()))
}

/// What of this process's variables the programs it runs are given: git, the user's commands.
pub fn for_children() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, value)| may_be_passed_on(&name.to_string_lossy(), &value.to_string_lossy()))
}

/// A variable of this name holds a secret, as names go. `PASSWORD_STORE_DIR` says where some are.
pub fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 9] =
        ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "DB_PASS", "API_KEY", "APIKEY", "ACCESS_KEY"];
    let name = name.to_ascii_uppercase();
    !is_passed_on(&name) && WORDS.iter().any(|word| name.contains(word))
}

/// Tells whether these variables have the same values here and there.
///
/// It is kept in a file, a file may be copied, and passwords can be guessed; so it must not tell whether a guess is
/// right. It is one for all values together: who does not know the token among them can try no password. And it is
/// short: where all the rest is known, one of 4096 guesses fits, be it right or wrong. The price is that one change of
/// 4096 is overlooked. There is no salt, on purpose: the copy of each monitor's file would be another try.
pub(super) fn mark(names: &[String], environment: &[(String, String)]) -> String {
    let mut digest = Sha256::new();
    for part in names.iter().flat_map(|name| [name.as_str(), value(environment, name).unwrap_or_default()]) {
        // With its length before it no text can pass for two others.
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    let digest = digest.finalize();
    format!("{:02x}{:x}", digest[0], digest[1] >> 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_is_handed_over_is_read_again() {
        let all = environment(&[("A", "1"), ("EMPTY", ""), ("LINES", "a=b\nc"), ("Ż", "ółw")]);
        assert_eq!(read(hand_over(&all).expect("a descriptor")).expect("readable"), all);
    }

    #[test]
    fn a_monitor_is_started_with_what_is_passed_on_and_nothing_else() {
        let all = environment(&[
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("LC_MINE", "dop_secret"),
            ("XDG_MINE", "dop_secret"),
            ("AFTERPUSH_LOG", "debug"),
            ("AFTERPUSH_CONFIG", "/c"),
            ("AFTERPUSH_ENVIRONMENT", "7"),
            ("AFTERPUSH_DO", "dop_secret"),
            ("GIT_DIR", "."),
            ("GIT_SSH_COMMAND", "ssh -i key"),
            ("https_proxy", "http://ada:secret@proxy"),
            ("DIGITALOCEAN_TOKEN", "dop_secret"),
        ]);
        let names: Vec<_> = for_monitor(&all).map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["PATH", "LC_ALL", "AFTERPUSH_LOG", "GIT_SSH_COMMAND"]);
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        for (name, is_one) in
            [("db_pass", true), ("SHOP_API_KEY", true), ("PASSWORD_STORE_DIR", false), ("PATH", false)]
        {
            assert_eq!(is_secret(name), is_one, "{name}");
        }
    }

    #[test]
    fn a_mark_tells_values_apart_and_confirms_no_guess() {
        let names = ["TOKEN", "OTHER"].map(str::to_owned);
        let mark = |pairs: &[_]| mark(&names, &environment(pairs));
        let one = mark(&[("TOKEN", "a"), ("UNASKED", "x")]);
        assert_eq!(one, mark(&[("TOKEN", "a"), ("OTHER", "")]));
        for other in [&[("TOKEN", "b")][..], &[("OTHER", "a")], &[("TOKEN", "a"), ("OTHER", "a")], &[]] {
            assert_ne!(one, mark(other));
        }
        let guesses = (0..100_000).map(|guess| [("TOKEN".to_owned(), guess.to_string())]);
        let fits = guesses.filter(|guess| super::mark(&names, guess) == one).count();
        assert!(fits > 10, "{fits} wrong guesses fit");
    }
}
