//! Environment variables on their way to the monitor, and digests that tell whether it has the same ones.

#![expect(unsafe_code, reason = "a descriptor that was inherited has to be adopted by its number")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use super::sealed::sealed;
use crate::push::Fingerprints;

/// Names the descriptor from which a summoned monitor reads its summoner's environment.
pub(super) const HANDED_OVER: &str = "AFTERPUSH_ENVIRONMENT";

/// What a monitor keeps of the environment it is started with; the rest it gets in memory. git's own variables and
/// everything that may hold a secret are not on the list.
///
/// What credential commands need to find their agents and stores has to come this far to reach them.
const KEPT: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "TZ",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "GNUPGHOME",
    "PASSWORD_STORE_DIR",
    "GH_CONFIG_DIR",
    "KUBECONFIG",
    "DOCKER_HOST",
];
const KEPT_FAMILIES: &[&str] = &["LC_", "XDG_", "AFTERPUSH_"];

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

/// What a monitor may be started with.
pub(super) fn kept(environment: &[(String, String)]) -> impl Iterator<Item = &(String, String)> {
    environment.iter().filter(|(name, _)| {
        let in_family = KEPT_FAMILIES.iter().any(|family| name.starts_with(family));
        (KEPT.contains(&name.as_str()) || in_family) && name != HANDED_OVER && !is_secret(name)
    })
}

/// A variable of this name holds a secret, as names go.
pub fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 9] =
        ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "DB_PASS", "API_KEY", "APIKEY", "ACCESS_KEY"];
    let name = name.to_ascii_uppercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// Salted digests of those variables among `names` that are set: equal digests, equal values.
pub fn fingerprints(salt: &str, names: &[String], environment: &[(String, String)]) -> Fingerprints {
    let mut digests = BTreeMap::new();
    for name in names {
        if let Some(value) = value(environment, name) {
            let digest = Sha256::new().chain_update(salt).chain_update(name).chain_update([0]).chain_update(value);
            digests.insert(name.clone(), hexadecimal(&digest.finalize()));
        }
    }
    Fingerprints { salt: salt.to_owned(), digests }
}

/// A new salt for [`fingerprints`].
pub fn random_salt() -> String {
    // Two random ids make 244 random bits.
    hexadecimal(&[uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat())
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
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
    fn neither_secrets_nor_gits_variables_are_in_the_monitors_own_environment() {
        let all = environment(&[
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("AFTERPUSH", "1"),
            ("AFTERPUSH_CONFIG", "/c"),
            ("AFTERPUSH_ENVIRONMENT", "7"),
            ("AFTERPUSH_DO_TOKEN", "dop_v1_secret"),
            ("GIT_DIR", "."),
            ("DIGITALOCEAN_TOKEN", "dop_v1_secret"),
        ]);
        let names: Vec<_> = kept(&all).map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["PATH", "LC_ALL", "AFTERPUSH_CONFIG"]);
    }

    #[test]
    fn digests_tell_values_apart_and_leave_out_what_is_not_set() {
        let names: Vec<_> = ["TOKEN", "OTHER", "EMPTY"].map(str::to_owned).to_vec();
        let prints = |salt, pairs: &[_]| fingerprints(salt, &names, &environment(pairs));
        let one = prints("s", &[("TOKEN", "a"), ("EMPTY", ""), ("UNASKED", "x")]);
        assert_eq!(one.digests.keys().collect::<Vec<_>>(), ["TOKEN"]);
        assert_eq!(one, prints("s", &[("TOKEN", "a")]));
        assert_ne!(one.digests, prints("s", &[("TOKEN", "b")]).digests);
        assert_ne!(one.digests, prints("t", &[("TOKEN", "a")]).digests);
        assert_eq!(one.digests["TOKEN"].len(), 64);
        assert_ne!(random_salt(), random_salt());
    }
}
