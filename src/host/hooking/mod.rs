//! Where the hook goes, how it gets there, and how it is taken out again so that nothing is left.
//!
//! A plan is made first, by looking only; `--print` shows it, else its steps are taken. Making a plan for what is
//! already so gives a plan without steps: installing twice is installing once.

mod block;
mod configured;
mod file;
mod husky;
mod ignored;
mod inspect;
mod manager;
mod place;
mod plan;
mod shim;

use std::path::{Path, PathBuf};

use super::git::{ConfigFile, GitError, Repo, Version, version};

pub use inspect::{Found, HookState, How, inspect};
pub use plan::{Plan, Step};

use place::Place;

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// Which kind of hook.
    pub way: Way,
    /// `afterpush-hook`, by absolute path.
    pub program: &'a Path,
    /// Where git is to be told not to show these patterns.
    pub ignore: Ignore,
    /// The patterns.
    pub patterns: &'a [&'a str],
}

/// Which kind of hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// In the configuration where git knows that, else a file.
    Best,
    /// A file.
    File,
    /// In the configuration.
    Config,
}

/// The file that takes patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignore {
    /// `info/exclude` below the common dir: nobody else sees it.
    Exclude,
    /// `.gitignore` in the worktree's root: everybody gets it.
    GitIgnore,
}

/// Why the hook cannot be put there, and what to do instead.
#[derive(Debug, thiserror::Error)]
pub enum HookingError {
    /// git did not say.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file could not be read or changed.
    #[error("cannot change {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The git here is too old for what was asked.
    #[error("git {0} knows no hooks in the configuration; that came with 2.54")]
    TooOld(Version),
    /// The folder of hooks belongs to more than this repository.
    #[error("core.hooksPath ({scope}) leads to {folder}, which other repositories may use, too, so it is left alone")]
    Shared {
        /// Whose setting it is, in git's words.
        scope: String,
        /// The folder.
        folder: String,
        /// The line to add by hand.
        line: String,
    },
    /// Hook files are switched off.
    #[error("core.hooksPath ({scope}) is `{value}`, which switches hook files off")]
    SwitchedOff {
        /// Whose setting it is, in git's words.
        scope: String,
        /// Its value.
        value: String,
    },
    /// A manager writes this hook and would undo a change.
    #[error("lefthook writes the pre-push hook of this repository and would displace another one")]
    Lefthook {
        /// What to add to its local configuration.
        snippet: String,
    },
    /// The hook's place is taken by something that is no file.
    #[error("{0} is no file; git cannot run it, and hangs or fails at every push")]
    NoFile(String),
    /// Two hooks of other owners claim one place.
    #[error("{kept} keeps the hook that was here before afterpush, but {hook} is another one by now")]
    TwoHooks {
        /// What was kept.
        kept: String,
        /// What is there.
        hook: String,
    },
    /// A link leads somewhere else.
    #[error("{0} is a symbolic link, which is not followed")]
    Link(String),
    /// A path that cannot be written into a script.
    #[error("{0} is not UTF-8, so no hook can name it")]
    OddPath(String),
}

impl HookingError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Git(_) | Self::OddPath(_) => return None,
            Self::File { .. } => "check the permissions and the space on the disk, then run it again".to_owned(),
            Self::TooOld(_) => "`afterpush install` puts a hook file into one repository with any git".to_owned(),
            Self::Shared { folder, line, .. } => {
                format!("to have it there all the same, add this line to {folder}/pre-push:\n{line}")
            }
            Self::SwitchedOff { scope, .. } => {
                format!("`git config --{scope} --unset core.hooksPath` switches them on again")
            }
            Self::Lefthook { snippet } => {
                format!("add this to lefthook-local.yml, then run `lefthook install`:\n{snippet}")
            }
            Self::NoFile(_) => "move it away, then run `afterpush install` again".to_owned(),
            Self::TwoHooks { .. } => "look at both, move the one you do not want away, then run it again".to_owned(),
            Self::Link(_) => "change the file it leads to by hand".to_owned(),
        })
    }
}

/// What installing would do. Looks, changes nothing.
pub fn plan_install(repo: &Repo, wish: &Wish<'_>) -> Result<Plan, HookingError> {
    let git = version()?;
    let in_config = match wish.way {
        Way::Config if !git.has_config_hooks() => return Err(HookingError::TooOld(git)),
        Way::Config => true,
        Way::Best => git.has_config_hooks(),
        Way::File => false,
    };
    let mut plan = if in_config {
        // Whatever was installed another way before goes, or every push would be noted twice.
        let mut plan = plan_removal(repo)?.without_configuration();
        plan.append(configured::install(
            &ConfigFile::Repository(repo.common_dir().to_path_buf()),
            &shim::command(wish.program)?,
        ));
        plan
    } else {
        let mut plan = configured::uninstall(&ConfigFile::Repository(repo.common_dir().to_path_buf()));
        plan.append(install_file(repo, wish.program)?);
        plan
    };
    plan.append(ignored::add(repo, wish)?);
    Ok(plan)
}

fn install_file(repo: &Repo, program: &Path) -> Result<Plan, HookingError> {
    match place::find(repo)? {
        Place::Folder(folder) => file::install(repo, &folder, program),
        Place::Husky { hook, .. } => husky::install(&hook, program),
        Place::Shared { folder, scope } => {
            Err(HookingError::Shared { scope, folder: shown(&folder), line: shim::line(program)? })
        }
        Place::SwitchedOff { value, scope } => Err(HookingError::SwitchedOff { value, scope }),
    }
}

/// What uninstalling would do: everything of ours in this repository goes, and what was there before comes back.
pub fn plan_uninstall(repo: &Repo) -> Result<Plan, HookingError> {
    let mut plan = plan_removal(repo)?;
    plan.append(ignored::remove(repo)?);
    Ok(plan)
}

fn plan_removal(repo: &Repo) -> Result<Plan, HookingError> {
    let mut plan = configured::uninstall(&ConfigFile::Repository(repo.common_dir().to_path_buf()));
    for folder in place::folders(repo)? {
        plan.append(file::uninstall(&folder)?);
    }
    if let Some(hook) = place::husky_hook(repo)? {
        plan.append(husky::uninstall(&hook)?);
    }
    Ok(plan)
}

/// What covering every repository of this user would do; needs git 2.54.
pub fn plan_user_install(program: &Path) -> Result<Plan, HookingError> {
    let git = version()?;
    if !git.has_config_hooks() {
        return Err(HookingError::TooOld(git));
    }
    Ok(configured::install(&ConfigFile::User, &shim::command_where_configured(program)?))
}

/// What taking that out again would do.
pub fn plan_user_uninstall() -> Plan {
    configured::uninstall(&ConfigFile::User)
}

/// Reads a file if there is one; a link is followed.
fn read(path: &Path) -> Result<Option<Vec<u8>>, HookingError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error(path, error)),
    }
}

/// Reads a file that is to be changed, so one that is no link.
fn read_own(path: &Path) -> Result<Option<Vec<u8>>, HookingError> {
    if path.is_symlink() { Err(HookingError::Link(shown(path))) } else { read(path) }
}

fn file_error(path: &Path, source: std::io::Error) -> HookingError {
    HookingError::File { path: shown(path), source }
}

fn shown(path: &Path) -> String {
    crate::base::text::visible_bytes(path.as_os_str().as_encoded_bytes())
}

/// The name under which the hook that was there is kept, in the same folder, so that its `$0` still leads there.
fn kept_in(folder: &Path) -> PathBuf {
    folder.join("pre-push.before-afterpush")
}
