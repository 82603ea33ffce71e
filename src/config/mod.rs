//! What does the user want?
//!
//! Text in, values out: the layers of configuration become one [`Config`] that knows where each value was told.
//! A flag of a command is stronger than any layer; the command applies it.
//!
//! What comes with a clone is somebody else's word. Until the user has agreed to it, the tracked layer may choose
//! provider, app, branches, paths and limits; what names a secret's source, a URL or a database is ignored there,
//! with one warning that says how to allow it and where to put it instead. A token or `base_url` belongs to the provider it was named with, so
//! no other layer can send it elsewhere.

mod choice;
mod database;
mod draft;
mod health;
mod key;
mod layer;
mod merge;
mod page;
mod particulars;
mod read;
mod registry;
mod trust;
mod value;
mod variable;

use std::collections::BTreeMap;
use std::fmt;

use crate::base::Span;
use crate::watch::{Policy, Target, Warning};

pub use choice::{Hints, branches_for, touches};
pub use draft::draft;
pub use layer::{Layer, LayerKind, Layers, Place};
pub use merge::load;
pub use trust::{Claim, Claims};
pub use variable::VARIABLES;

/// The variable that names a file which takes the local one's place; its path is absolute.
pub const CONFIG_VARIABLE: &str = "AFTERPUSH_CONFIG";

/// The tracked file's name, in the worktree's root.
pub const TRACKED_FILE: &str = ".afterpush.toml";

/// The code of the warning that names what was ignored in the tracked file.
pub const UNTRUSTED: &str = "untrusted_config";

/// What to say where nothing is configured.
pub const NO_TARGET: &str = "no target is configured here; run `afterpush init`";

/// All settings of one repository, complete and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `[watch]`.
    pub watch: WatchSettings,
    /// The targets, in the order they are written.
    pub targets: Vec<TargetSettings>,
    /// `[status]`.
    pub status: StatusSettings,
    /// `[credentials]`.
    pub credentials: CredentialSettings,
    /// What the user should know: keys that were ignored, and why.
    pub warnings: Vec<Warning>,
    origins: BTreeMap<String, Place>,
}

/// Which pushes are watched, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchSettings {
    /// After this long without a decision we stop looking; at most 24 hours.
    pub timeout: Span,
    /// After this long without a deployment: `no_deploy`.
    pub register_timeout: Span,
    /// The branches that deploy; `None`: see [`branches_for`].
    pub branches: Option<Vec<String>>,
    /// The remotes whose pushes are watched.
    pub remotes: Vec<String>,
}

/// One target, and the branches that deploy to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetSettings {
    /// What a watch keeps of it.
    pub target: Target,
    /// Its own branches, instead of those of [`WatchSettings`].
    pub branches: Option<Vec<String>>,
}

/// What is kept for readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSettings {
    /// Also keep the files in the worktree's root.
    pub mirror: bool,
    /// How long decided commits keep their files.
    pub keep: Span,
}

/// Where credentials are looked for beside what a target names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CredentialSettings {
    /// The user's login shell is asked for variables that are not set where the push is made.
    pub env_from_login_shell: bool,
}

/// Why a configuration cannot be used: one sentence, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// What is wrong.
    pub message: String,
    /// The file or variable, as people are shown it.
    pub file: String,
    /// The line, from 1.
    pub line: Option<usize>,
    /// What to do, where the message does not say it.
    pub hint: Option<String>,
}

impl Config {
    /// The limits a new watch starts with.
    pub fn policy(&self) -> Policy {
        Policy { timeout: self.watch.timeout, register_timeout: self.watch.register_timeout, ..Policy::default() }
    }

    /// Where a setting was told, by its dotted key such as `target.web.app`; `None` for built-in values.
    pub fn origin_of(&self, key: &str) -> Option<&Place> {
        self.origins.get(key)
    }

    /// Every setting that was told, by its dotted key.
    pub fn origins(&self) -> impl Iterator<Item = (&str, &Place)> {
        self.origins.iter().map(|(key, place)| (key.as_str(), place))
    }

    /// The target with this name.
    pub fn target(&self, name: &str) -> Option<&TargetSettings> {
        self.targets.iter().find(|settings| settings.target.name.as_str() == name)
    }
}

impl Default for WatchSettings {
    fn default() -> Self {
        let Policy { timeout, register_timeout, .. } = Policy::default();
        Self { timeout, register_timeout, branches: None, remotes: vec!["origin".to_owned()] }
    }
}

impl Default for StatusSettings {
    fn default() -> Self {
        Self { mirror: false, keep: Span::from_hours(7 * 24) }
    }
}

/// `file:line: message`.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

#[cfg(test)]
mod tests;
