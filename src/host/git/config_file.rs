//! Changing git's configuration, through git: it locks the file and keeps its layout.

use std::path::PathBuf;

use super::GitError;
use super::program::{Answer, Call};

/// A configuration file git keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFile {
    /// The repository's, which all its worktrees share; named by its common dir.
    Repository(PathBuf),
    /// The user's.
    User,
}

impl ConfigFile {
    /// All values of a key in this file, in order.
    pub fn values(&self, key: &str) -> Vec<String> {
        let Some(answer) = self.ask(&["-z", "--get-all", key]).ok().filter(|answer| answer.status.success()) else {
            return Vec::new();
        };
        let text = String::from_utf8_lossy(&answer.stdout);
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    /// Gives a key this value, in place of all it has.
    pub fn set(&self, key: &str, value: &str) -> Result<(), GitError> {
        self.tell(&["--replace-all", key, value])
    }

    /// Takes a key out.
    pub fn unset(&self, key: &str) -> Result<(), GitError> {
        self.tell(&["--unset-all", key])
    }

    /// The switch of `git config` that names this file.
    pub const fn switch(&self) -> &'static str {
        match self {
            Self::Repository(_) => "--local",
            Self::User => "--global",
        }
    }

    fn tell(&self, args: &[&str]) -> Result<(), GitError> {
        let answer = self.ask(args)?;
        if answer.status.success() { Ok(()) } else { Err(answer.refusal()) }
    }

    fn ask(&self, args: &[&str]) -> Result<Answer, GitError> {
        let call = Call::git();
        let call = match self {
            Self::Repository(common_dir) => call.git_dir(common_dir),
            Self::User => call,
        };
        call.args(["config", self.switch()]).args(args).run()
    }
}
