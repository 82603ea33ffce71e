//! What a ref is at, where that is cheap to see: loose files and small `packed-refs`, not reftable.
//!
//! The monitor proves landings through git itself; this only feeds the line about a moved remote and names the
//! commit of a `post-push`.

use afterpush::push::Sha;

use crate::repository::{Repository, read_text};

/// A symbolic ref that leads to a symbolic ref is rare; a longer chain is a loop.
const DEEPEST: usize = 5;
/// The longest file of one ref that is read.
const LOOSE: u64 = 4_096;
/// The longest file of packed refs that is cheap to read; some fifteen thousand of them.
const PACKED: u64 = 1024 * 1024;

/// What `HEAD` stands for: the checked-out branch's short name, if there is one, and the commit.
pub fn head(repository: &Repository) -> Option<(Option<String>, Sha)> {
    let content = read_text(&repository.git_dir.join("HEAD"), LOOSE)?;
    match content.strip_prefix("ref: ") {
        None => Some((None, content.trim_end().parse().ok()?)),
        Some(name) => {
            let name = name.trim_end();
            Some((name.strip_prefix("refs/heads/").map(str::to_owned), read(repository, name)?))
        }
    }
}

/// What a whole ref name is at; `None` if there is no such ref or it is not cheap to see.
pub fn read(repository: &Repository, name: &str) -> Option<Sha> {
    let mut name = name.to_owned();
    for _ in 0..DEEPEST {
        if !is_plain(&name) {
            return None;
        }
        let Some(content) = read_text(&repository.common_dir.join(&name), LOOSE) else {
            return read_packed(repository, &name);
        };
        match content.strip_prefix("ref: ") {
            None => return content.trim_end().parse().ok(),
            Some(next) => next.trim_end().clone_into(&mut name),
        }
    }
    None
}

/// A name that, as a path, stays below `refs/`. git allows no other, but this one came from outside.
fn is_plain(name: &str) -> bool {
    name.starts_with("refs/") && name.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

fn read_packed(repository: &Repository, name: &str) -> Option<Sha> {
    let packed = read_text(&repository.common_dir.join("packed-refs"), PACKED)?;
    let line = packed.lines().find(|line| line.split_once(' ').is_some_and(|(_, found)| found == name))?;
    line.split_once(' ')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";
    const B: &str = "2222222222222222222222222222222222222222";

    fn repository() -> (tempfile::TempDir, Repository) {
        let dir = tempfile::tempdir().expect("a folder");
        let at = dir.path().to_path_buf();
        fs::create_dir_all(at.join("refs/heads")).expect("made");
        fs::write(at.join("packed-refs"), format!("# pack-refs with: peeled\n{A} refs/heads/main\n^{B}\n{B} refs/x\n"))
            .expect("written");
        (dir, Repository { git_dir: at.clone(), common_dir: at, worktree: None })
    }

    #[test]
    fn a_loose_ref_comes_before_a_packed_one() {
        let (_dir, repository) = repository();
        assert_eq!(read(&repository, "refs/heads/main").expect("packed").as_str(), A);
        fs::write(repository.common_dir.join("refs/heads/main"), format!("{B}\n")).expect("written");
        assert_eq!(read(&repository, "refs/heads/main").expect("loose").as_str(), B);
        assert_eq!(read(&repository, "refs/heads/none"), None);
        assert_eq!(read(&repository, "refs/../packed-refs"), None);
    }

    #[test]
    fn head_is_a_branch_a_commit_or_unreadable() {
        let (_dir, repository) = repository();
        let set = |content: &str| fs::write(repository.git_dir.join("HEAD"), content).expect("written");
        set("ref: refs/heads/main\n");
        assert_eq!(head(&repository), Some((Some("main".to_owned()), A.parse().expect("an id"))));
        set(B);
        assert_eq!(head(&repository), Some((None, B.parse().expect("an id"))));
        set("ref: refs/heads/.invalid\n");
        assert_eq!(head(&repository), None);
    }
}
