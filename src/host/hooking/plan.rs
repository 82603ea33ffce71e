//! What is to be done, as data: it can be shown, or done.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::{HookingError, file_error, shown};
use crate::host::git::ConfigFile;

/// Steps in their order, and what to tell besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What changes; empty where all is as wanted.
    pub steps: Vec<Step>,
    /// What is good to know.
    pub notes: Vec<String>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A hook of somebody else's gets a second name; the first is then taken over.
    Keep {
        /// The hook.
        hook: PathBuf,
        /// Its other name.
        under: PathBuf,
    },
    /// A kept hook takes its place again.
    Restore {
        /// Its other name.
        kept: PathBuf,
        /// The hook.
        hook: PathBuf,
    },
    /// A file gets this content, at once; its folder is made if need be.
    Write {
        /// The file.
        path: PathBuf,
        /// What it holds.
        bytes: Vec<u8>,
        /// Its mode; `None` keeps the one it has (0644 for a new one).
        mode: Option<u32>,
    },
    /// A file goes.
    Remove {
        /// The file.
        path: PathBuf,
    },
    /// A folder goes if nothing is in it.
    RemoveFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A configuration key gets a value.
    Set {
        /// The file.
        file: ConfigFile,
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
    },
    /// A configuration key goes.
    Unset {
        /// The file.
        file: ConfigFile,
        /// The key.
        key: &'static str,
    },
}

impl Plan {
    /// A plan of these steps.
    pub(super) fn of(steps: Vec<Step>) -> Self {
        Self { steps, notes: Vec::new() }
    }

    /// Adds another plan's steps and notes.
    pub(super) fn append(&mut self, mut other: Self) {
        self.steps.append(&mut other.steps);
        self.notes.append(&mut other.notes);
    }

    /// Leaves the configuration as it is.
    pub(super) fn without_configuration(mut self) -> Self {
        self.steps.retain(|step| !matches!(step, Step::Set { .. } | Step::Unset { .. }));
        self
    }

    /// Takes the steps, in order, and stops at the first that fails; taking them up again later does the rest.
    pub fn carry_out(&self) -> Result<(), HookingError> {
        self.steps.iter().try_for_each(Step::take)
    }
}

impl Step {
    /// The step in words, with the content it writes.
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::Keep { hook, under } => vec![format!("keep {} as {}", shown(hook), shown(under))],
            Self::Restore { kept, hook } => vec![format!("move {} back to {}", shown(kept), shown(hook))],
            Self::Write { path, bytes, .. } => {
                let content = String::from_utf8_lossy(bytes);
                let content = content.lines().map(|line| format!("  {}", crate::base::text::visible(line)));
                std::iter::once(format!("write {}", shown(path))).chain(content).collect()
            }
            Self::Remove { path } => vec![format!("remove {}", shown(path))],
            Self::RemoveFolder { path } => vec![format!("remove the folder {} if it is empty", shown(path))],
            Self::Set { file, key, value } => {
                vec![format!("git config {} {key} {}", file.switch(), shell_words::quote(value))]
            }
            Self::Unset { file, key } => vec![format!("git config {} --unset-all {key}", file.switch())],
        }
    }

    fn take(&self) -> Result<(), HookingError> {
        match self {
            Self::Keep { hook, under } => keep(hook, under).map_err(|error| file_error(hook, error)),
            Self::Restore { kept, hook } => fs::rename(kept, hook).map_err(|error| file_error(hook, error)),
            Self::Write { path, bytes, mode } => write(path, bytes, *mode).map_err(|error| file_error(path, error)),
            Self::Remove { path } => fs::remove_file(path).map_err(|error| file_error(path, error)),
            Self::RemoveFolder { path } => match fs::remove_dir(path) {
                Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => Err(file_error(path, error)),
                _ => Ok(()),
            },
            Self::Set { file, key, value } => Ok(file.set(key, value)?),
            Self::Unset { file, key } => Ok(file.unset(key)?),
        }
    }
}

/// Gives the hook a second name, so that there is no moment without a hook. A symbolic link is kept as one.
fn keep(hook: &Path, under: &Path) -> io::Result<()> {
    match fs::hard_link(hook, under) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // Some file systems have no second names.
        Err(_) => fs::rename(hook, under),
        Ok(()) => Ok(()),
    }
}

/// Writes beside the file and renames, so that git never runs half a hook.
fn write(path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let mode = match mode {
        Some(mode) => mode,
        None => fs::symlink_metadata(path).map_or(0o644, |data| data.permissions().mode() & 0o7777),
    };
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let beside = folder.join(format!(".{name}.{}", uuid::Uuid::now_v7().simple()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    fill(file, bytes, mode).and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        // The first error is the one to tell.
        let _ = fs::remove_file(&beside);
    })
}

fn fill(mut file: File, bytes: &[u8], mode: u32) -> io::Result<()> {
    file.write_all(bytes)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}
