//! Where git takes hook files from in this repository, and whose that place is.

use std::path::{Path, PathBuf};

use super::HookingError;
use crate::host::git::Repo;

/// Where a hook file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Into this folder, which is the repository's own or lies in its worktree.
    Folder(PathBuf),
    /// husky writes the folder anew; what people add lies beside it.
    Husky {
        /// The folder husky writes.
        folder: PathBuf,
        /// The file for what people add.
        hook: PathBuf,
    },
    /// Nowhere: other repositories use the folder, too.
    Shared {
        /// The folder.
        folder: PathBuf,
        /// Whose setting leads there.
        scope: String,
    },
    /// Nowhere: hook files are switched off.
    SwitchedOff {
        /// The setting's value.
        value: String,
        /// Whose setting it is.
        scope: String,
    },
}

/// The place.
pub(super) fn find(repo: &Repo) -> Result<Place, HookingError> {
    let Some((scope, value)) = repo.config_with_scope("core.hooksPath") else {
        return Ok(Place::Folder(repo.common_dir().join("hooks")));
    };
    if value.is_empty() || value == "/dev/null" {
        return Ok(Place::SwitchedOff { value, scope });
    }
    let folder = repo.hooks_dir()?;
    if folder.exists() && !folder.is_dir() {
        return Ok(Place::SwitchedOff { value, scope });
    }
    if !is_own(repo, &folder, &scope, &value) {
        return Ok(Place::Shared { folder, scope });
    }
    Ok(match husky_hook_of(&folder) {
        Some(hook) => Place::Husky { folder, hook },
        None => Place::Folder(folder),
    })
}

/// The folders a hook file of ours may lie in: the one git looks into, and the one it would look into without
/// `core.hooksPath`.
pub(super) fn folders(repo: &Repo) -> Result<Vec<PathBuf>, HookingError> {
    let usual = repo.common_dir().join("hooks");
    let mut folders = vec![usual];
    if let Place::Folder(folder) = find(repo)?
        && !folders.contains(&folder)
    {
        folders.push(folder);
    }
    Ok(folders)
}

/// The file of husky's that may hold lines of ours, whether husky is at work or not.
pub(super) fn husky_hook(repo: &Repo) -> Result<Option<PathBuf>, HookingError> {
    if let Place::Husky { hook, .. } = find(repo)? {
        return Ok(Some(hook));
    }
    Ok(repo.worktree().map(|worktree| worktree.join(".husky/pre-push")).filter(|hook| hook.exists()))
}

/// The folder is no other repository's: it lies in the git directory, or in the worktree, and then not because a
/// setting for all repositories happens to lead there (a home folder may be a worktree).
fn is_own(repo: &Repo, folder: &Path, scope: &str, value: &str) -> bool {
    let folder = true_path(folder);
    if folder.starts_with(repo.common_dir()) || folder.starts_with(repo.git_dir()) {
        return true;
    }
    let is_for_all = !matches!(scope, "local" | "worktree") && value.starts_with(['/', '~', '%']);
    !is_for_all && repo.worktree().is_some_and(|worktree| folder.starts_with(worktree))
}

/// The path without symbolic links, as far as it exists.
fn true_path(path: &Path) -> PathBuf {
    for above in path.ancestors() {
        if let (Ok(found), Ok(rest)) = (above.canonicalize(), path.strip_prefix(above)) {
            return if rest.as_os_str().is_empty() { found } else { found.join(rest) };
        }
    }
    path.to_path_buf()
}

/// husky 9 generates `<its folder>/_`; older ones use `.husky` itself. The folder may be missing in a fresh clone.
fn husky_hook_of(folder: &Path) -> Option<PathBuf> {
    let is_named = |path: &Path, name: &str| path.file_name().is_some_and(|last| last == name);
    let parent = folder.parent()?;
    let is_new = is_named(folder, "_") && (is_named(parent, ".husky") || folder.join("husky.sh").exists());
    if is_new { Some(parent.join("pre-push")) } else { is_named(folder, ".husky").then(|| folder.join("pre-push")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn husky_is_known_by_its_folder() {
        for (folder, hook) in [
            ("/w/.husky/_", Some("/w/.husky/pre-push")),
            ("/w/.husky", Some("/w/.husky/pre-push")),
            ("/w/.githooks", None),
            ("/w/scripts/_", None),
        ] {
            assert_eq!(husky_hook_of(Path::new(folder)), hook.map(PathBuf::from), "{folder}");
        }
    }

    #[test]
    fn a_path_that_is_not_there_yet_is_true_as_far_as_it_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a path");
        std::fs::create_dir(root.join("real")).expect("made");
        std::os::unix::fs::symlink("real", root.join("link")).expect("linked");
        assert_eq!(true_path(&root.join("link/a/b")), root.join("real/a/b"));
        assert_eq!(true_path(&root.join("link")), root.join("real"));
    }
}
