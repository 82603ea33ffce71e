//! git's lines on a pre-push hook's stdin: `<local ref> <local oid> <remote ref> <remote oid>`.
//!
//! Source: githooks(5), pre-push. What counts is the third column, the ref on the remote: `git push origin
//! feature:main` deploys main whatever is checked out.

use serde::{Deserialize, Serialize};

use super::{RefName, Sha};
use crate::base::text;

/// One ref of a push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefUpdate {
    /// The ref on the remote.
    #[serde(rename = "ref")]
    pub name: RefName,
    /// What the remote had; `None` for a new ref.
    pub old: Option<Sha>,
    /// What it is to have. For an annotated tag this would be the tag object, but tags are not kept here.
    pub new: Sha,
    /// The remote had something else than this clone's tracking ref, at the time of the push.
    #[serde(default)]
    pub moved: bool,
}

/// What a hook's stdin said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HookInput {
    /// The branches (and other refs outside `refs/tags/` and `refs/remotes/`) that get a commit.
    pub updates: Vec<RefUpdate>,
    /// Lines that were not git's.
    pub garbage: usize,
}

/// Reads what was on stdin. Deletions, tags and remote-tracking refs (`--mirror`) deploy nothing and are left out;
/// a line that is not git's is counted and skipped.
pub fn read_lines(stdin: &[u8]) -> HookInput {
    let mut input = HookInput::default();
    for line in stdin.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        match read_line(line) {
            Ok(Some(update)) => input.updates.push(update),
            Ok(None) => {}
            Err(Garbage) => input.garbage += 1,
        }
    }
    input
}

struct Garbage;

fn read_line(line: &[u8]) -> Result<Option<RefUpdate>, Garbage> {
    let line = text::readable(line);
    // The local ref is whatever the user typed and git takes no blanks in it apart from `(delete)`; the other
    // three columns never hold one, so they are taken from the right.
    let mut columns = line.rsplitn(4, ' ');
    let (Some(remote_oid), Some(remote_ref), Some(local_oid), Some(_)) =
        (columns.next(), columns.next(), columns.next(), columns.next())
    else {
        return Err(Garbage);
    };
    if !remote_ref.starts_with("refs/") {
        return Err(Garbage);
    }
    let old = if Sha::is_null(remote_oid) { None } else { Some(remote_oid.parse().map_err(|_| Garbage)?) };
    if Sha::is_null(local_oid) {
        return Ok(None);
    }
    let new = local_oid.parse().map_err(|_| Garbage)?;
    if remote_ref.starts_with("refs/tags/") || remote_ref.starts_with("refs/remotes/") {
        return Ok(None);
    }
    Ok(Some(RefUpdate { name: RefName::new(remote_ref), old, new, moved: false }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";
    const B: &str = "2222222222222222222222222222222222222222";
    const NULL: &str = "0000000000000000000000000000000000000000";

    #[test]
    fn the_remote_ref_decides() {
        let stdin = format!(
            "refs/heads/feature {A} refs/heads/main {B}\n(delete) {NULL} refs/heads/old {B}\nrefs/tags/v1 {A} refs/tags/v1 {NULL}\nHEAD~1 {A} refs/heads/new {NULL}\n"
        );
        let input = read_lines(stdin.as_bytes());
        let seen: Vec<_> = input.updates.iter().map(|u| (u.name.as_str(), u.old.as_ref().map(Sha::as_str))).collect();
        assert_eq!(seen, [("refs/heads/main", Some(B)), ("refs/heads/new", None)]);
        assert_eq!(input.garbage, 0);
    }

    #[test]
    fn both_hash_lengths_are_read_and_garbage_is_counted() {
        let long = "ab".repeat(32);
        let stdin = format!("refs/heads/main {long} refs/heads/main {}\nnonsense\n\x1b]0;x\x07\n", "0".repeat(64));
        let input = read_lines(stdin.as_bytes());
        assert_eq!(input.updates[0].new.as_str(), long);
        assert_eq!(input.garbage, 2);
    }
}
