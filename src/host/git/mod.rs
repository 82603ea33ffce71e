//! The repository, asked the way git would be asked.
//!
//! libgit2 answers where it can read the repository, which takes microseconds. Where it cannot (reftable, sha256,
//! other extensions, somebody else's repository that `safe.directory` allows, an unusual way to name a revision),
//! the git program is asked; both give the same answers.

mod config_file;
mod credential;
mod find;
mod library;
mod plumbing;
mod program;
mod reflog;
mod refspec;
mod relations;
mod remote;
mod version;

use std::path::{Path, PathBuf};

use super::sharing::Sharing;
use crate::push::{RefName, RemoteName, Sha, reflog::Entry};
use crate::watch::Relation;

pub use config_file::ConfigFile;
pub use credential::password;
pub use find::Surroundings;
pub use relations::{Line, Relations};
pub use remote::ls_remote;
pub use version::{Version, version};

use library::Library;
use plumbing::Plumbing;

/// Why git gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no repository here.
    #[error("{0} is not inside a git repository")]
    NotARepository(String),
    /// The revision names nothing here, or something that is no commit.
    #[error("`{0}` is not a commit this repository knows")]
    UnknownRevision(String),
    /// An abbreviated id that fits several objects.
    #[error("`{0}` fits more than one commit; give more digits")]
    AmbiguousRevision(String),
    /// `HEAD` is on a branch without a commit.
    #[error("this repository has no commit yet")]
    NoCommitYet,
    /// git could not be started.
    #[error("git cannot be run: {0}")]
    NoProgram(#[source] std::io::Error),
    /// git said no, in its own words.
    #[error("{0}")]
    Refused(String),
    /// git did not answer in time and was ended.
    #[error("git gave no answer within {0} s")]
    TimedOut(u64),
}

/// One repository. Cheap to open; holds no lock and writes nothing.
pub struct Repo {
    place: Place,
    library: Option<Library>,
    plumbing: Plumbing,
}

/// Where a repository lies; every path is absolute and free of symbolic links.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    git_dir: PathBuf,
    common_dir: PathBuf,
    worktree: Option<PathBuf>,
}

impl Repo {
    /// The repository `dir` lies in, with git's environment variables (`GIT_DIR` and the like) honoured.
    pub fn discover(dir: &Path) -> Result<Self, GitError> {
        Self::discover_with(dir, &Surroundings::of_process())
    }

    /// The same with the variables given; relative ones are relative to `dir`, as after `git -C`.
    pub fn discover_with(dir: &Path, surroundings: &Surroundings) -> Result<Self, GitError> {
        let (place, library) = find::find(dir, surroundings)?;
        Ok(Self { plumbing: Plumbing::new(&place.git_dir), place, library })
    }

    /// The repository with this common dir, seen without any worktree; for the monitor.
    pub fn open_common(common_dir: &Path) -> Result<Self, GitError> {
        let surroundings = Surroundings::default().with("GIT_DIR", common_dir);
        let mut repo = Self::discover_with(common_dir, &surroundings)?;
        repo.place.worktree = None;
        Ok(repo)
    }

    /// The directory all worktrees share (`git rev-parse --git-common-dir`).
    pub fn common_dir(&self) -> &Path {
        &self.place.common_dir
    }

    /// This worktree's git directory (`git rev-parse --git-dir`).
    pub fn git_dir(&self) -> &Path {
        &self.place.git_dir
    }

    /// The root of the worktree; `None` in a bare repository.
    pub fn worktree(&self) -> Option<&Path> {
        self.place.worktree.as_deref()
    }

    /// The commit a revision names: anything `git rev-parse` takes, tags peeled.
    pub fn resolve(&self, rev: &str) -> Result<Sha, GitError> {
        if rev.is_empty() || rev.starts_with('-') || rev.contains('\0') {
            return Err(GitError::UnknownRevision(crate::base::text::visible(rev)));
        }
        match self.library.as_ref().and_then(|library| library.resolve(rev)) {
            Some(sha) => Ok(sha),
            None => self.plumbing.resolve(rev),
        }
    }

    /// The commit checked out; `None` before the first one.
    pub fn head(&self) -> Option<Sha> {
        self.read_ref("HEAD")
    }

    /// The name of the branch checked out, whole; `None` on a detached `HEAD`.
    pub fn head_ref(&self) -> Option<RefName> {
        self.symbolic_ref("HEAD").map(RefName::new)
    }

    /// The first line of a commit's message, safe to show.
    pub fn subject(&self, commit: &Sha) -> Option<String> {
        self.ask(|library| library.subject(commit), |plumbing| plumbing.subject(commit))
    }

    /// How the commit with the digits `other` (a whole id or its beginning) stands to `ours`. Where a shallow
    /// clone ends before the answer, it is [`Relation::Unknown`].
    pub fn relation(&self, ours: &Sha, other: &str) -> Relation {
        if !(4..=64).contains(&other.len()) || !other.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Relation::Unknown;
        }
        if ours.as_str().starts_with(&other.to_ascii_lowercase()) {
            return Relation::Same;
        }
        let found = self.ask(|library| library.relation(ours, other), |plumbing| plumbing.relation(ours, other));
        match found.unwrap_or(Relation::Unknown) {
            Relation::Apart if self.is_shallow() => Relation::Unknown,
            relation => relation,
        }
    }

    /// How many commits `new` has that `old` has not.
    pub fn count(&self, old: &Sha, new: &Sha) -> Option<u32> {
        self.ask(|library| library.count(old, new), |plumbing| plumbing.count(old, new))
    }

    /// The best common ancestor.
    pub fn merge_base(&self, one: &Sha, other: &Sha) -> Option<Sha> {
        self.ask(|library| library.merge_base(one, other), |plumbing| plumbing.merge_base(one, other))
    }

    /// The files that differ between two commits, relative to the root; a renamed file counts under both names.
    pub fn touched(&self, old: &Sha, new: &Sha) -> Option<Vec<String>> {
        self.ask(|library| library.touched(old, new), |plumbing| plumbing.touched(old, new))
    }

    /// What the ref with this whole name is at (not peeled); `None` if there is none.
    pub fn read_ref(&self, name: &str) -> Option<Sha> {
        self.ask(|library| library.read_ref(name), |plumbing| plumbing.read_ref(name))
    }

    /// The ref a symbolic ref points to, existing or not.
    fn symbolic_ref(&self, name: &str) -> Option<String> {
        self.ask(|library| library.symbolic_ref(name), |plumbing| plumbing.symbolic_ref(name))
    }

    /// The last `limit` entries of a ref's log, newest first; empty where there is none.
    pub fn reflog(&self, name: &str, limit: usize) -> Vec<Entry> {
        match self.config("extensions.refstorage").as_deref() {
            None | Some("files") => reflog::read_tail(&self.place, name, limit),
            Some(_) => self.plumbing.reflog(name, limit),
        }
    }

    /// The remote-tracking ref a push of `name` to `remote` moves. `None` where there is none: a URL, a branch a
    /// single-branch clone does not follow, a tag, a bare clone.
    pub fn tracking_ref(&self, remote: &RemoteName, name: &RefName) -> Option<String> {
        let specs = self.config_all(&format!("remote.{}.fetch", remote.as_str()));
        refspec::destination(&specs, name.as_str())
    }

    /// The value of a configuration key, the last one if there are several.
    pub fn config(&self, key: &str) -> Option<String> {
        self.ask(|library| library.config(key), |plumbing| plumbing.config(key))
    }

    /// All values of a configuration key, in git's order.
    pub fn config_all(&self, key: &str) -> Vec<String> {
        let values = self.ask(|library| library.config_all(key).map(Some), |plumbing| Some(plumbing.config_all(key)));
        values.unwrap_or_default()
    }

    /// The last value of a configuration key and the scope it comes from, in git's words (`local`, `global`, …).
    pub fn config_with_scope(&self, key: &str) -> Option<(String, String)> {
        self.plumbing.config_with_scope(key)
    }

    /// The remotes: name and URL (`insteadOf` applied, userinfo taken out), by name.
    pub fn remotes(&self) -> Vec<(String, String)> {
        let remotes = self.ask(|library| library.remotes().map(Some), |plumbing| Some(plumbing.remotes()));
        remotes.unwrap_or_default()
    }

    /// The branch the remote's `HEAD` was on when this clone last heard.
    pub fn default_branch(&self, remote: &str) -> Option<String> {
        let prefix = format!("refs/remotes/{remote}/");
        let target = self.symbolic_ref(&format!("{prefix}HEAD"))?;
        target.strip_prefix(&prefix).map(str::to_owned)
    }

    /// The folder git takes hook files from (`git rev-parse --git-path hooks`), `core.hooksPath` included.
    pub fn hooks_dir(&self) -> Result<PathBuf, GitError> {
        self.plumbing.hooks_dir(self.worktree().unwrap_or(&self.place.git_dir))
    }

    /// How `core.sharedRepository` widens the modes of files.
    pub fn shared_repository(&self) -> Sharing {
        Sharing::of(self.config("core.sharedRepository").as_deref())
    }

    /// History ends early here: what lies before cannot be told.
    pub fn is_shallow(&self) -> bool {
        self.place.common_dir.join("shallow").exists()
    }

    /// Asks the library; what it cannot read, the program is asked.
    fn ask<T>(
        &self,
        library: impl Fn(&Library) -> Result<Option<T>, git2::Error>,
        plumbing: impl Fn(&Plumbing) -> Option<T>,
    ) -> Option<T> {
        match self.library.as_ref().map(library) {
            Some(Ok(answer)) => answer,
            Some(Err(error)) if error.code() == git2::ErrorCode::NotFound => None,
            Some(Err(_)) | None => plumbing(&self.plumbing),
        }
    }
}
