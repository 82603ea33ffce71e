//! Where the repository is: git's own search, and what its environment variables change about it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use git2::{Repository, RepositoryOpenFlags as Open};

use super::library::Library;
use super::program::Call;
use super::{GitError, Place};
use crate::base::text;

/// git's variables that say where the repository is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `GIT_DIR`.
    pub git_dir: Option<PathBuf>,
    /// `GIT_WORK_TREE`.
    pub work_tree: Option<PathBuf>,
    /// `GIT_COMMON_DIR`.
    pub common_dir: Option<PathBuf>,
    /// `GIT_CEILING_DIRECTORIES`: the search does not go above these.
    pub ceilings: Option<OsString>,
    /// `GIT_DISCOVERY_ACROSS_FILESYSTEM`.
    pub across_filesystems: Option<OsString>,
    /// `GIT_IMPLICIT_WORK_TREE=0`: with `GIT_DIR` set, the current folder is not the worktree.
    pub no_implicit_work_tree: bool,
}

impl Surroundings {
    /// This process's variables.
    pub fn of_process() -> Self {
        let path = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self {
            git_dir: path("GIT_DIR"),
            work_tree: path("GIT_WORK_TREE"),
            common_dir: path("GIT_COMMON_DIR"),
            ceilings: env::var_os("GIT_CEILING_DIRECTORIES"),
            across_filesystems: env::var_os("GIT_DISCOVERY_ACROSS_FILESYSTEM"),
            no_implicit_work_tree: env::var_os("GIT_IMPLICIT_WORK_TREE").is_some_and(|value| value == "0"),
        }
    }
}

/// Finds the repository, and opens it with the library where that can read it.
pub(super) fn find(dir: &Path, surroundings: &Surroundings) -> Result<(Place, Option<Library>), GitError> {
    if !dir.is_dir() {
        return Err(GitError::NotARepository(shown(dir)));
    }
    let opened = if surroundings.common_dir.is_none() { open(dir, surroundings).ok() } else { None };
    match opened.and_then(|repository| Some((place_of(dir, surroundings, &repository)?, repository))) {
        Some((place, repository)) => Ok((place, Some(Library::new(repository)))),
        None => Ok((ask_program(dir, surroundings)?, None)),
    }
}

fn open(dir: &Path, surroundings: &Surroundings) -> Result<Repository, git2::Error> {
    // FROM_ENV for `GIT_CONFIG_GLOBAL` and the like; a path given overrides the rest of what it reads.
    if let Some(git_dir) = &surroundings.git_dir {
        let flags = Open::FROM_ENV | Open::NO_SEARCH | Open::NO_DOTGIT;
        return Repository::open_ext(dir.join(git_dir), flags, [] as [&Path; 0]);
    }
    let across = surroundings.across_filesystems.as_ref().is_some_and(|value| value != "0" && value != "false");
    let flags = if across { Open::FROM_ENV | Open::CROSS_FS } else { Open::FROM_ENV };
    let ceilings = surroundings.ceilings.iter().flat_map(env::split_paths).filter(|path| path.is_absolute());
    Repository::open_ext(dir, flags, ceilings)
}

/// `None` where a path cannot be made out; the program may know.
fn place_of(dir: &Path, surroundings: &Surroundings, repository: &Repository) -> Option<Place> {
    let git_dir = repository.path().canonicalize().ok()?;
    let common_dir = repository.commondir().canonicalize().ok()?;
    let worktree = match &surroundings.work_tree {
        Some(work_tree) => Some(dir.join(work_tree)),
        None if surroundings.git_dir.is_none() => repository.workdir().map(Path::to_path_buf),
        None => explicit_worktree(dir, surroundings, repository),
    };
    let worktree = match worktree {
        Some(path) => Some(path.canonicalize().ok()?),
        None => None,
    };
    Some(Place { git_dir, common_dir, worktree })
}

/// With `GIT_DIR` set and nothing else said, git takes the current folder for the worktree's root.
fn explicit_worktree(dir: &Path, surroundings: &Surroundings, repository: &Repository) -> Option<PathBuf> {
    let config = repository.config().ok()?;
    if let Ok(work_tree) = config.get_path("core.worktree") {
        return Some(repository.path().join(work_tree));
    }
    let is_bare = config.get_bool("core.bare").unwrap_or(false);
    (!is_bare && !surroundings.no_implicit_work_tree).then(|| dir.to_path_buf())
}

fn ask_program(dir: &Path, surroundings: &Surroundings) -> Result<Place, GitError> {
    let mut call = Call::git().directory(dir);
    for (name, value) in [
        ("GIT_DIR", surroundings.git_dir.as_ref().map(|path| path.as_os_str())),
        ("GIT_WORK_TREE", surroundings.work_tree.as_ref().map(|path| path.as_os_str())),
        ("GIT_COMMON_DIR", surroundings.common_dir.as_ref().map(|path| path.as_os_str())),
        ("GIT_CEILING_DIRECTORIES", surroundings.ceilings.as_deref()),
        ("GIT_DISCOVERY_ACROSS_FILESYSTEM", surroundings.across_filesystems.as_deref()),
        ("GIT_IMPLICIT_WORK_TREE", surroundings.no_implicit_work_tree.then_some("0".as_ref())),
    ] {
        if let Some(value) = value {
            call = call.variable(name, value);
        }
    }
    // In a bare repository the last question fails, after the first two were answered.
    let questions = ["rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir", "--show-toplevel"];
    let answer = call.args(questions).run()?;
    let mut lines = answer.lines().map(PathBuf::from);
    match (lines.next(), lines.next(), lines.next()) {
        (Some(git_dir), Some(common_dir), worktree) => Ok(Place { git_dir, common_dir, worktree }),
        _ if answer.said("not a git repository") => Err(GitError::NotARepository(shown(dir))),
        _ => Err(answer.refusal()),
    }
}

fn shown(dir: &Path) -> String {
    text::visible_bytes(dir.as_os_str().as_encoded_bytes())
}
