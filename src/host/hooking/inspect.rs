//! What has become of the hook; for people who ask why nothing is watched.

use std::env;
use std::path::{Path, PathBuf};

use super::configured::{COMMAND, ENABLED, EVENT};
use super::file::{self, NAMES};
use super::manager::{self, Manager};
use super::place::{self, Place};
use super::{HookingError, kept_in, read, shim, shown};
use crate::host::git::{Repo, version};

/// How it stands with the hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookState {
    /// git runs it.
    Installed(Found),
    /// It is there, but git does not run it.
    Silent {
        /// Why.
        why: String,
        /// What to do.
        cure: String,
    },
    /// It was there; something else has taken its place.
    Displaced {
        /// Who has.
        by: String,
        /// What to do.
        cure: String,
    },
    /// It is not there.
    Absent,
}

/// A hook that git runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// In which form.
    pub how: How,
    /// The version of its text; `None` for a call added by hand.
    pub version: Option<u32>,
    /// The program it runs; `None` where neither the path it names nor `PATH` leads to one.
    pub program: Option<PathBuf>,
}

/// In which form the hook is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// A hook file.
    File(PathBuf),
    /// In the configuration, with the scope in git's words.
    Config(String),
    /// Lines in a file of a manager of hooks.
    Lines(PathBuf),
    /// A call somebody added.
    ByHand(PathBuf),
}

/// Where it is, in words.
impl std::fmt::Display for How {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "the hook file {}", shown(path)),
            Self::Config(scope) => write!(f, "git's {scope} configuration (hook.afterpush)"),
            Self::Lines(path) => write!(f, "lines in {}", shown(path)),
            Self::ByHand(path) => write!(f, "the call in {}", shown(path)),
        }
    }
}

impl Found {
    /// An older afterpush put it there; `afterpush install` renews it.
    pub fn is_outdated(&self) -> bool {
        self.version.is_some_and(|version| version < shim::version())
    }
}

/// Looks.
pub fn inspect(repo: &Repo) -> Result<HookState, HookingError> {
    let configured = in_configuration(repo)?;
    if let Some(state @ HookState::Installed(_)) = configured {
        return Ok(state);
    }
    let in_files = match place::find(repo)? {
        Place::Folder(folder) => in_folder(repo, &folder)?,
        Place::Husky { folder, hook } => with_husky(&folder, &hook)?,
        Place::Shared { folder, .. } => by_hand(&folder.join(NAMES[0]))?,
        Place::SwitchedOff { value, scope } => switched_off(repo, &value, &scope)?,
    };
    match in_files.or(configured) {
        Some(state) => Ok(state),
        None => displaced(repo),
    }
}

fn installed(how: How, bytes: &[u8]) -> HookState {
    let ours = shim::read(bytes);
    let named = ours.as_ref().and_then(|shim| shim.program.clone()).filter(|path| is_executable(path));
    HookState::Installed(Found { how, version: ours.map(|shim| shim.version), program: named.or_else(on_path) })
}

fn in_configuration(repo: &Repo) -> Result<Option<HookState>, HookingError> {
    let Some((scope, command)) = repo.config_with_scope(COMMAND) else { return Ok(None) };
    let silent = |why: String, cure: &str| Ok(Some(HookState::Silent { why, cure: cure.to_owned() }));
    let git = version()?;
    if !git.has_config_hooks() {
        return silent(format!("git {git} does not run hooks from the configuration"), "afterpush install --file");
    }
    if repo.config(ENABLED).is_some_and(|value| ["false", "no", "off", "0"].contains(&&*value.to_ascii_lowercase())) {
        return silent(format!("{ENABLED} is false"), "git config --unset hook.afterpush.enabled");
    }
    if !repo.config_all(EVENT).iter().any(|event| event == "pre-push") {
        return silent(format!("{EVENT} is not set"), "afterpush install");
    }
    Ok(Some(installed(How::Config(scope), command.as_bytes())))
}

fn in_folder(repo: &Repo, folder: &Path) -> Result<Option<HookState>, HookingError> {
    let hook = folder.join(NAMES[0]);
    let Some(bytes) = file::read_hook(&hook)? else { return Ok(None) };
    if shim::read(&bytes).is_some() {
        return Ok(Some(runs(&hook, &bytes)));
    }
    match Manager::of(&bytes) {
        Some(Manager::PreCommit | Manager::Prek) => {
            let legacy = folder.join(NAMES[1]);
            let ours = file::read_hook(&legacy)?.filter(|bytes| shim::read(bytes).is_some());
            Ok(ours.map(|bytes| runs(&legacy, &bytes)))
        }
        Some(Manager::Lefthook) => match repo.worktree().and_then(manager::lefthook_calls_us) {
            Some(file) => Ok(read(&file)?.map(|bytes| calls(&file, &String::from_utf8_lossy(&bytes)))),
            None => by_hand(&hook),
        },
        _ => by_hand(&hook),
    }
}

/// A hook file of ours; git passes over one that may not be run.
fn runs(hook: &Path, bytes: &[u8]) -> HookState {
    if is_executable(hook) {
        return installed(How::File(hook.to_path_buf()), bytes);
    }
    HookState::Silent { why: format!("{} is not executable", shown(hook)), cure: "afterpush install".to_owned() }
}

fn by_hand(hook: &Path) -> Result<Option<HookState>, HookingError> {
    let names_us = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).contains("afterpush-hook");
    let found = read(hook)?.filter(names_us).filter(|_| is_executable(hook));
    Ok(found.map(|bytes| called(hook, &bytes)))
}

/// A call in a script of somebody else's, which has to get as far as that.
fn called(hook: &Path, bytes: &[u8]) -> HookState {
    let text = String::from_utf8_lossy(bytes);
    let mut before = text.lines().take_while(|line| !line.contains("afterpush-hook"));
    let leaves = |line: &&str| {
        let mut words = line.split_whitespace();
        // Indented lines are somebody's branch; `exec` with a redirection goes on.
        match (words.next(), words.next()) {
            (Some("exit"), _) => !line.starts_with([' ', '\t']),
            (Some("exec"), Some(next)) => !line.starts_with([' ', '\t']) && !next.contains(['<', '>']),
            _ => false,
        }
    };
    match before.find(leaves) {
        None => calls(hook, &text),
        Some(line) => HookState::Silent {
            why: format!("{} ends with `{}` before it calls afterpush", shown(hook), crate::base::text::visible(line)),
            cure: format!("move the call in {} above that line", shown(hook)),
        },
    }
}

/// A call that is reached. It runs the program it names, and no other.
fn calls(file: &Path, text: &str) -> HookState {
    let program = match shim::called(text) {
        Some(named) => Some(named).filter(|path| is_executable(path)),
        None => on_path(),
    };
    HookState::Installed(Found { how: How::ByHand(file.to_path_buf()), version: None, program })
}

fn with_husky(folder: &Path, hook: &Path) -> Result<Option<HookState>, HookingError> {
    let Some(bytes) = read(hook)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    if !text.contains("afterpush-hook") {
        return Ok(None);
    }
    if !folder.join(NAMES[0]).exists() {
        let why = format!("{} is missing in this worktree, so husky runs nothing", shown(folder));
        return Ok(Some(HookState::Silent { why, cure: "npx husky".to_owned() }));
    }
    let ours = text.find(shim::MARK).map(|at| text[at..].as_bytes());
    Ok(Some(match ours {
        Some(ours) => installed(How::Lines(hook.to_path_buf()), ours),
        None => called(hook, &bytes),
    }))
}

fn switched_off(repo: &Repo, value: &str, scope: &str) -> Result<Option<HookState>, HookingError> {
    if file::ours_in(&repo.common_dir().join("hooks"))?.is_empty() {
        return Ok(None);
    }
    let why = format!("core.hooksPath ({scope}) is `{value}`, which switches hook files off");
    Ok(Some(HookState::Silent { why, cure: format!("git config --{scope} --unset core.hooksPath") }))
}

/// Nothing of ours is run; traces tell whether it once was.
fn displaced(repo: &Repo) -> Result<HookState, HookingError> {
    let displaced = |by: String| Ok(HookState::Displaced { by, cure: "afterpush install".to_owned() });
    for folder in place::folders(repo)? {
        let ours = file::ours_in(&folder)?;
        let hook = file::read_hook(&folder.join(NAMES[0]))?;
        let manager = hook.as_deref().and_then(Manager::of).map(Manager::name);
        if ours.iter().any(|(slot, _)| *slot == folder.join(NAMES[0])) {
            let (scope, value) = repo.config_with_scope("core.hooksPath").unwrap_or_default();
            return displaced(format!(
                "core.hooksPath ({scope}), which leads to {}",
                crate::base::text::visible(&value)
            ));
        }
        if !ours.is_empty() || kept_in(&folder).exists() {
            return displaced(manager.unwrap_or("another hook").to_owned());
        }
    }
    Ok(HookState::Absent)
}

fn is_executable(path: &Path) -> bool {
    path.is_file() && nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
}

fn on_path() -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join("afterpush-hook")).find(|path| is_executable(path))
}
