//! Where the repository is, found by reading a few small files: no git is started, and none of its code is linked.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use afterpush::base::text;

/// The repository a push is made from.
#[derive(Debug, PartialEq, Eq)]
pub struct Repository {
    /// Where this worktree's own files lie, `HEAD` above all.
    pub git_dir: PathBuf,
    /// Where what all worktrees share lies. Absolute, without symlinks.
    pub common_dir: PathBuf,
    /// The folder of the user's files; `None` in a bare repository.
    pub worktree: Option<PathBuf>,
}

/// git's variables that say where a repository is.
#[derive(Debug, Default)]
pub struct Named {
    /// `GIT_DIR`.
    pub git_dir: Option<OsString>,
    /// `GIT_COMMON_DIR`.
    pub common_dir: Option<OsString>,
    /// `GIT_WORK_TREE`.
    pub worktree: Option<OsString>,
}

impl Named {
    /// As set in this process.
    pub fn by_environment() -> Self {
        let value = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self { git_dir: value("GIT_DIR"), common_dir: value("GIT_COMMON_DIR"), worktree: value("GIT_WORK_TREE") }
    }
}

impl Repository {
    /// The repository as git sees it from this folder.
    pub fn find(folder: &Path, named: &Named) -> Result<Self, String> {
        let git_dir = match &named.git_dir {
            Some(name) => git_dir_at(&folder.join(name)),
            None => folder.ancestors().find_map(|folder| git_dir_at(&folder.join(".git")).or_else(|| bare_at(folder))),
        };
        let git_dir = git_dir.and_then(|dir| dir.canonicalize().ok());
        let git_dir = git_dir
            .ok_or_else(|| format!("no git repository at {}", text::visible_bytes(folder.as_os_str().as_bytes())))?;
        let shared = match &named.common_dir {
            Some(name) => Some(folder.join(name)),
            None => linked(&git_dir.join("commondir"), &git_dir),
        };
        let common_dir = match shared {
            Some(shared) => shared.canonicalize().map_err(|err| format!("the repository's common folder: {err}"))?,
            None => git_dir.clone(),
        };
        let worktree = worktree(folder, named, &git_dir);
        Ok(Self { git_dir, common_dir, worktree })
    }
}

/// The git dir that a name stands for: the folder itself, or a file that points to it.
fn git_dir_at(name: &Path) -> Option<PathBuf> {
    if name.is_dir() {
        return bare_at(name);
    }
    let content = read_small(name)?;
    let target = content.strip_prefix("gitdir: ")?.trim_end_matches(['\n', '\r']);
    bare_at(&name.parent()?.join(target))
}

/// The folder itself, if it is a git dir.
fn bare_at(folder: &Path) -> Option<PathBuf> {
    let has = |name| folder.join(name).exists();
    // A linked worktree's has `commondir` in place of `objects`. HEAD may be a dangling symlink in old repositories.
    let is_git_dir = folder.join("HEAD").symlink_metadata().is_ok() && (has("objects") || has("commondir"));
    is_git_dir.then(|| folder.to_path_buf())
}

/// The path that a one-line file holds, from the folder it is relative to.
fn linked(file: &Path, base: &Path) -> Option<PathBuf> {
    Some(base.join(read_small(file)?.trim_end_matches(['\n', '\r'])))
}

fn worktree(folder: &Path, named: &Named, git_dir: &Path) -> Option<PathBuf> {
    let is_ours = |place: &Path| {
        let git_dir_here = place.join(".git");
        // Nearly always, and that needs no look.
        let found = git_dir_here == git_dir || git_dir_at(&git_dir_here)?.canonicalize().ok()? == git_dir;
        found.then(|| place.to_path_buf())
    };
    let found = match &named.worktree {
        Some(name) => Some(folder.join(name)),
        None => linked(&git_dir.join("gitdir"), git_dir)
            .and_then(|file| is_ours(file.parent()?))
            .or_else(|| folder.ancestors().find_map(is_ours))
            .or_else(|| is_ours(git_dir.parent()?)),
    };
    found?.canonicalize().ok()
}

/// A file with a line or two.
fn read_small(path: &Path) -> Option<String> {
    read_text(path, 4_096)
}

/// A text file of at most `max` bytes; `None` if it is something else or longer.
pub fn read_text(path: &Path, max: u64) -> Option<String> {
    // Looked at before it is opened, because opening a FIFO waits for a writer.
    let found = path.metadata().ok().filter(|found| found.is_file() && found.len() <= max)?;
    // With room for all of it, so that one call reads it.
    let mut text = String::with_capacity(usize::try_from(found.len()).ok()?);
    File::open(path).ok()?.take(found.len()).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn git_dir(at: &Path) {
        fs::create_dir_all(at.join("objects")).expect("made");
        fs::write(at.join("HEAD"), "ref: refs/heads/main\n").expect("written");
    }

    fn root() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().canonicalize().expect("a path");
        (dir, root)
    }

    fn named(git_dir: &str) -> Named {
        Named { git_dir: Some(git_dir.into()), ..Named::default() }
    }

    #[test]
    fn an_ordinary_repository_is_found_from_its_subfolders() {
        let (_dir, root) = root();
        git_dir(&root.join(".git"));
        fs::create_dir_all(root.join("a/b")).expect("made");
        let wanted =
            Repository { git_dir: root.join(".git"), common_dir: root.join(".git"), worktree: Some(root.clone()) };
        assert_eq!(Repository::find(&root.join("a/b"), &Named::default()).as_ref(), Ok(&wanted));
        assert_eq!(Repository::find(&root, &named(".git")).as_ref(), Ok(&wanted));
        assert_eq!(Repository::find(Path::new("/"), &named(root.join(".git").to_str().expect("text"))), Ok(wanted));
    }

    #[test]
    fn a_bare_repository_has_no_worktree() {
        let (_dir, root) = root();
        git_dir(&root.join("bare.git"));
        let found = Repository::find(&root.join("bare.git"), &named(".")).expect("found");
        assert_eq!((found.common_dir, found.worktree), (root.join("bare.git"), None));
        assert!(Repository::find(&root.join("bare.git"), &Named::default()).is_ok());
    }

    #[test]
    fn a_linked_worktree_shares_the_common_dir() {
        let (_dir, root) = root();
        let own = root.join("main/.git/worktrees/wt");
        git_dir(&root.join("main/.git"));
        fs::create_dir_all(&own).expect("made");
        fs::create_dir_all(root.join("wt")).expect("made");
        fs::write(own.join("HEAD"), "ref: refs/heads/x\n").expect("written");
        fs::write(own.join("commondir"), "../..\n").expect("written");
        fs::write(own.join("gitdir"), format!("{}\n", root.join("wt/.git").display())).expect("written");
        fs::write(root.join("wt/.git"), format!("gitdir: {}\n", own.display())).expect("written");
        for (folder, named) in [(root.join("wt"), Named::default()), (root.clone(), named("main/.git/worktrees/wt"))] {
            let found = Repository::find(&folder, &named).expect("found");
            assert_eq!(found.git_dir, own);
            assert_eq!(found.common_dir, root.join("main/.git"));
            assert_eq!(found.worktree, Some(root.join("wt")));
        }
    }

    #[test]
    fn a_submodule_is_a_repository_of_its_own() {
        let (_dir, root) = root();
        git_dir(&root.join(".git"));
        git_dir(&root.join(".git/modules/sub"));
        fs::create_dir_all(root.join("sub")).expect("made");
        fs::write(root.join("sub/.git"), "gitdir: ../.git/modules/sub\n").expect("written");
        for named in [Named::default(), named("../.git/modules/sub")] {
            let found = Repository::find(&root.join("sub"), &named).expect("found");
            assert_eq!(found.common_dir, root.join(".git/modules/sub"));
            assert_eq!(found.worktree, Some(root.join("sub")));
        }
    }

    #[test]
    fn no_repository_says_where_it_looked() {
        let (_dir, root) = root();
        let err = Repository::find(&root, &named("nowhere")).expect_err("none");
        assert!(err.contains(root.to_str().expect("text")), "{err}");
    }
}
