//! What a ref is at, where that is cheap to see: loose files and `packed-refs`, not reftable.
//!
//! The monitor proves landings through git itself; this only feeds the line about a moved remote and names the
//! commit of a `post-push`.

use std::fs::{File, Metadata};
use std::os::unix::fs::FileExt;

use afterpush::push::Sha;

use crate::repository::{Repository, read_text};

/// A symbolic ref that leads to a symbolic ref is rare; a longer chain is a loop.
const DEEPEST: usize = 5;
/// The longest file of one ref that is read.
const LOOSE: u64 = 4_096;
/// So much of the packed refs is read at a time. Holds several lines: no name is longer than a path may be.
const BLOCK: usize = 16 * 1024;

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

/// Packed refs are sorted by name, so a few looks tell, however many there are. Another tool's that are not sorted are
/// cheap to see only if they are few.
fn read_packed(repository: &Repository, name: &str) -> Option<Sha> {
    let path = repository.common_dir.join("packed-refs");
    // Looked at before it is opened, because opening a FIFO waits for a writer.
    let length = path.metadata().ok().filter(Metadata::is_file)?.len();
    let file = File::open(path).ok()?;
    let block = |at: u64| {
        let mut block = vec![0; BLOCK];
        let found = file.read_at(&mut block, at).ok()?;
        block.truncate(found);
        Some(block)
    };
    let is_sorted = block(0)?.split(|&byte| byte == b'\n').next()?.ends_with(b" sorted ");
    if length > BLOCK as u64 && !is_sorted {
        return None;
    }
    // Its line begins somewhere from `start` on and before `end`, if there is one.
    let (mut start, mut end) = (0, length);
    while end - start > (BLOCK / 2) as u64 {
        let middle = start.midpoint(end);
        let block = block(middle)?;
        let skipped = block.iter().position(|&byte| byte == b'\n')? + 1;
        let next = lines(&block[skipped..]).next().map(|(first, at, _)| (first, middle + (skipped + at) as u64));
        match next.filter(|(_, at)| *at < end) {
            Some((first, at)) if first <= name.as_bytes() => start = at,
            Some((_, at)) => end = at,
            None => end = middle + 1,
        }
    }
    let block = block(start)?;
    let (_, _, id) = lines(&block).find(|(found, _, _)| *found == name.as_bytes())?;
    std::str::from_utf8(id).ok()?.parse().ok()
}

/// The refs in a piece of `packed-refs` that begins with a line: name, place of the line, and id. What annotated tags
/// stand for, comments, and a line that is cut are left out.
fn lines(piece: &[u8]) -> impl Iterator<Item = (&[u8], usize, &[u8])> {
    let mut at = 0;
    let whole = piece.split_inclusive(|&byte| byte == b'\n').filter_map(move |line| {
        let place = at;
        at += line.len();
        Some((line.strip_suffix(b"\n")?, place))
    });
    whole.filter(|(line, _)| !line.starts_with(b"^") && !line.starts_with(b"#")).filter_map(|(line, place)| {
        let blank = line.iter().position(|&byte| byte == b' ')?;
        Some((&line[blank + 1..], place, &line[..blank]))
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
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
    fn a_packed_ref_is_found_among_any_number_in_their_order_alone() {
        let (_dir, repository) = repository();
        let name = |number: usize| format!("refs/{}/{number:05}", "x".repeat(1 + number % 97));
        for count in [1, 2, 300, 5_000] {
            let mut names: Vec<_> = (0..count).map(name).collect();
            names.sort_unstable();
            let mut text = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
            for (number, name) in names.iter().enumerate() {
                let _ = writeln!(text, "{:040x} {name}", number + 1);
                if number % 3 == 0 {
                    let _ = writeln!(text, "^{A}");
                }
            }
            fs::write(repository.common_dir.join("packed-refs"), &text).expect("written");
            for (number, name) in names.iter().enumerate() {
                let found = read(&repository, name).unwrap_or_else(|| panic!("{name} of {count}"));
                assert_eq!(found.as_str(), format!("{:040x}", number + 1));
                assert_eq!(read(&repository, &format!("{name}0")), None);
            }
            assert_eq!(read(&repository, "refs/a"), None);
            assert_eq!(read(&repository, "refs/y"), None);
            fs::write(repository.common_dir.join("packed-refs"), text.replace(" sorted ", " ")).expect("written");
            assert_eq!(read(&repository, &names[0]).is_some(), count < 10, "unsorted, {count}");
        }
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
