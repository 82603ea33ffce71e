//! A clone with afterpush's programs in a folder of their own; the hook's program only writes down what it is given.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Ran, Sandbox, copy_program, write_program};

/// The clone.
pub struct Clone {
    pub sandbox: Sandbox,
}

/// How a file or folder looks from outside, with all it holds.
#[derive(PartialEq, Eq)]
pub struct Look {
    mode: u32,
    content: Vec<u8>,
}

impl fmt::Debug for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:o} {:?}", self.mode, String::from_utf8_lossy(&self.content))
    }
}

impl Clone {
    /// With git as it is.
    pub fn new() -> Self {
        Self::of(Sandbox::new())
    }

    /// With a git that knows hooks in the configuration.
    pub fn with_config_hooks() -> Self {
        Self::of(Sandbox::with_git_since(54, &[]))
    }

    fn of(sandbox: Sandbox) -> Self {
        let clone = Self { sandbox };
        let bin = clone.bin();
        fs::create_dir(&bin).expect("made");
        let program = Path::new(env!("CARGO_BIN_EXE_afterpush"));
        // A second name makes it find its neighbour here; other file systems need a copy.
        if fs::hard_link(program, bin.join("afterpush")).is_err() {
            copy_program(program, &bin.join("afterpush"));
        }
        let script = format!("#!/bin/sh\n{{ echo \"called: $*\"; cat; }} >> '{}'\n", clone.record().display());
        write_program(&clone.hook_program(), &script);
        clone
    }

    /// Where the programs lie.
    pub fn bin(&self) -> PathBuf {
        self.sandbox.root().join("bin dir's")
    }

    /// The hook's program.
    pub fn hook_program(&self) -> PathBuf {
        self.bin().join("afterpush-hook")
    }

    /// `afterpush` in the clone.
    pub fn afterpush(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    /// The same, not run yet.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(self.bin().join("afterpush"));
        command.args(args);
        command
    }

    /// git, which finds the programs in this folder before all others.
    pub fn git_with(&self, tools: &Path) -> Command {
        let mut git = self.sandbox.command("git");
        let path = git.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value).expect("PATH is set");
        let folders = std::iter::once(tools.to_path_buf()).chain(std::env::split_paths(path));
        let path = std::env::join_paths(folders).expect("folders");
        git.env("PATH", path);
        git
    }

    /// What the hook's program was given since the last time this was asked.
    pub fn heard(&self) -> String {
        let heard = fs::read_to_string(self.record()).unwrap_or_default();
        // Nothing was written, or it is taken away.
        let _ = fs::remove_file(self.record());
        heard
    }

    /// The git directory.
    pub fn git_dir(&self) -> PathBuf {
        self.sandbox.work().join(".git")
    }

    /// A file in the folder of hooks.
    pub fn hook(&self, name: &str) -> PathBuf {
        self.git_dir().join("hooks").join(name)
    }

    /// Writes a hook of somebody else's that git will run.
    pub fn write_hook(&self, name: &str, script: &str) -> PathBuf {
        let hook = self.hook(name);
        write_program(&hook, script);
        hook
    }

    fn record(&self) -> PathBuf {
        self.sandbox.root().join("heard")
    }
}

/// Everything below a folder: kinds, modes, contents, where links lead.
pub fn look(folder: &Path) -> BTreeMap<PathBuf, Look> {
    let mut seen = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let data = fs::symlink_metadata(&entry).expect("there");
            let content = if data.is_symlink() {
                fs::read_link(&entry).expect("a link").into_os_string().into_encoded_bytes()
            } else if data.is_dir() {
                folders.push(entry.clone());
                Vec::new()
            } else {
                fs::read(&entry).expect("readable")
            };
            seen.insert(entry, Look { mode: data.mode(), content });
        }
    }
    seen
}
