//! Clearing away what is old: the one way both for the monitor's own housekeeping and for `afterpush clean`.
//!
//! What may go is decided by [`status::garbage`](crate::status::garbage) from a name and an age; here entries are
//! looked at without following links, and removed only where they are regular files of the caller's own.

use std::io;
use std::path::{Path, PathBuf};

use crate::base::Layout;
use crate::host::files::Folder;
use crate::process::failpoint;
use crate::spool;
use crate::status::garbage::{self, Age, Living, Name};

/// What is to be cleared away, and what is not.
#[derive(Clone, Debug)]
pub struct Sweep<'a> {
    /// The repository.
    pub layout: &'a Layout,
    /// Roots of worktrees that may hold a mirror.
    pub worktrees: &'a [PathBuf],
    /// The commits whose files stay whatever their age.
    pub living: &'a Living,
    /// How old things must be.
    pub age: Age,
    /// So many files at most; the rest waits for the next time.
    pub most: usize,
    /// Only find out what would go.
    pub dry_run: bool,
}

/// What was cleared away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// The files, or those that would have been removed.
    pub files: Vec<PathBuf>,
    /// How much room they took, in bytes.
    pub bytes: u64,
    /// What could not be removed, a sentence each.
    pub refused: Vec<String>,
}

impl Sweep<'_> {
    /// Does it. A folder that is not there holds nothing old; a file that cannot be removed does not hold up the
    /// others.
    pub fn run(&self) -> io::Result<Swept> {
        let mut swept = Swept::default();
        for folder in [self.layout.status_dir(), self.layout.logs()] {
            self.folder(&folder, &mut swept, |name| !matches!(name, Name::Mirror(..)))?;
        }
        for worktree in self.worktrees {
            self.folder(worktree, &mut swept, |name| matches!(name, Name::Mirror(..) | Name::Leftover))?;
        }
        self.inbox(&mut swept)?;
        Ok(swept)
    }

    fn folder(&self, path: &Path, swept: &mut Swept, belongs: impl Fn(&Name) -> bool) -> io::Result<()> {
        let Some(folder) = Folder::existing(path)? else { return Ok(()) };
        let own = nix::unistd::geteuid().as_raw();
        for name in folder.names()? {
            if swept.files.len() >= self.most {
                return Ok(());
            }
            let Some(known) = garbage::read_name(&name).filter(&belongs) else { continue };
            failpoint("sweep_chosen");
            // Nothing comes between this and the removal: what has been written since the folder was listed stays.
            let Some(about) = folder.about(&name)? else { continue };
            let may_go = garbage::may_go(&known, about.modified, self.living, self.age);
            if may_go && about.is_file && about.uid == own {
                let removed = if self.dry_run { Ok(true) } else { folder.remove(&name) };
                swept.take(folder.path().join(&name), about.bytes, removed);
            }
        }
        Ok(())
    }

    /// Requests that were never finished or were set aside.
    fn inbox(&self, swept: &mut Swept) -> io::Result<()> {
        for path in spool::leftovers(self.layout, self.age.now - self.age.keep) {
            let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
                continue;
            };
            if swept.files.len() >= self.most {
                return Ok(());
            }
            let Some(folder) = Folder::existing(parent)? else { continue };
            if let Some(about) = folder.about(name)?.filter(|about| about.is_file) {
                let removed = if self.dry_run { Ok(true) } else { folder.remove(name) };
                swept.take(folder.path().join(name), about.bytes, removed);
            }
        }
        Ok(())
    }
}

impl Swept {
    /// Takes down what became of a file.
    fn take(&mut self, path: PathBuf, bytes: u64, removed: io::Result<bool>) {
        match removed {
            Ok(true) => {
                self.files.push(path);
                self.bytes += bytes;
            }
            Ok(false) => {}
            Err(why) => self.refused.push(why.to_string()),
        }
    }
}
