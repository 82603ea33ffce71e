//! Where the repository is: git's own search, and what its environment variables change about it.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use git2::{Repository, RepositoryOpenFlags as Open};

use super::library::Library;
use super::program::Call;
use super::{GitError, Place};
use crate::base::text;

/// The variables that tell git where the repository is, and whether it may be trusted (`safe.directory`).
const NAMES: [&str; 7] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_CONFIG_PARAMETERS",
];
/// The setting that may stand among those which `GIT_CONFIG_COUNT` counts; what else is there may be secret.
const SAFE: &str = "safe.directory";

/// What git's variables say of where the repository is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    variables: BTreeMap<&'static str, OsString>,
    safe: Vec<String>,
}

impl Surroundings {
    /// This process's variables.
    pub fn of_process() -> Self {
        let set = |name: &'static str| Some((name, env::var_os(name).filter(|value| !value.is_empty())?));
        Self { variables: NAMES.into_iter().filter_map(set).collect(), safe: safe_directories() }
    }

    /// The same with this variable.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name, value.into());
        self
    }

    fn get(&self, name: &str) -> Option<&OsString> {
        self.variables.get(name)
    }
}

/// Those that the variables `GIT_CONFIG_KEY_0`, `GIT_CONFIG_VALUE_0` and so on name.
fn safe_directories() -> Vec<String> {
    let count = env::var("GIT_CONFIG_COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or(0);
    let pair = |at: usize| {
        let part = |of: &str| env::var(format!("GIT_CONFIG_{of}_{at}")).ok();
        Some((part("KEY")?, part("VALUE")?))
    };
    let pairs = (0..count).map_while(pair).filter(|(key, _)| key.eq_ignore_ascii_case(SAFE));
    pairs.map(|(_, value)| value).collect()
}

/// Finds the repository, and opens it with the library where that can read it.
pub(super) fn find(dir: &Path, surroundings: &Surroundings) -> Result<(Place, Option<Library>), GitError> {
    if !dir.is_dir() {
        return Err(GitError::NotARepository(shown(dir)));
    }
    let opened = if surroundings.get("GIT_COMMON_DIR").is_none() { open(dir, surroundings).ok() } else { None };
    match opened.and_then(|repository| Some((place_of(dir, surroundings, &repository)?, repository))) {
        Some((place, repository)) => Ok((place, Some(Library::new(repository)))),
        None => Ok((ask_program(dir, surroundings)?, None)),
    }
}

fn open(dir: &Path, surroundings: &Surroundings) -> Result<Repository, git2::Error> {
    // FROM_ENV for `GIT_CONFIG_GLOBAL` and the like; a path given overrides the rest of what it reads.
    if let Some(git_dir) = surroundings.get("GIT_DIR") {
        let flags = Open::FROM_ENV | Open::NO_SEARCH | Open::NO_DOTGIT;
        return Repository::open_ext(dir.join(git_dir), flags, [] as [&Path; 0]);
    }
    let across =
        surroundings.get("GIT_DISCOVERY_ACROSS_FILESYSTEM").is_some_and(|value| value != "0" && value != "false");
    let flags = if across { Open::FROM_ENV | Open::CROSS_FS } else { Open::FROM_ENV };
    let ceilings = surroundings
        .get("GIT_CEILING_DIRECTORIES")
        .into_iter()
        .flat_map(env::split_paths)
        .filter(|path| path.is_absolute());
    Repository::open_ext(dir, flags, ceilings)
}

/// `None` where a path cannot be made out; the program may know.
fn place_of(dir: &Path, surroundings: &Surroundings, repository: &Repository) -> Option<Place> {
    let git_dir = repository.path().canonicalize().ok()?;
    let common_dir = repository.commondir().canonicalize().ok()?;
    let worktree = match surroundings.get("GIT_WORK_TREE") {
        Some(work_tree) => Some(dir.join(work_tree)),
        None if surroundings.get("GIT_DIR").is_none() => repository.workdir().map(Path::to_path_buf),
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
    let is_implicit = surroundings.get("GIT_IMPLICIT_WORK_TREE").is_none_or(|value| value != "0");
    if repository.path() != repository.commondir() {
        // In a linked worktree `core.bare` and `core.worktree` speak of the main one.
        return is_implicit.then(|| dir.to_path_buf());
    }
    let config = repository.config().ok()?;
    if let Ok(work_tree) = config.get_path("core.worktree") {
        return Some(repository.path().join(work_tree));
    }
    let is_bare = config.get_bool("core.bare").unwrap_or(false);
    (!is_bare && is_implicit).then(|| dir.to_path_buf())
}

fn ask_program(dir: &Path, surroundings: &Surroundings) -> Result<Place, GitError> {
    let mut call = Call::git().directory(dir);
    for (name, value) in &surroundings.variables {
        call = call.variable(name, value);
    }
    for directory in &surroundings.safe {
        call = call.args(["-c", &format!("{SAFE}={directory}")]);
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
