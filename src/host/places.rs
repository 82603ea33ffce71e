//! The user's own folders, and in one of them a line for each repository, so that `list --all-repos` and a resume
//! after login find them.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::files::Folder;

/// No path is longer.
const MAX_BYTES: usize = 16 * 1024;

/// Where the user's settings and state lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    config_home: PathBuf,
    state_home: PathBuf,
}

impl Places {
    /// The folders of this process's user; `None` where there is no home.
    pub fn of_user() -> Option<Self> {
        let user = directories::BaseDirs::new()?;
        let state_home = user.state_dir().unwrap_or_else(|| user.data_local_dir());
        Some(Self::new(user.config_dir(), state_home))
    }

    /// Below these folders (`$XDG_CONFIG_HOME`, `$XDG_STATE_HOME`).
    pub fn new(config_home: &Path, state_home: &Path) -> Self {
        Self { config_home: config_home.to_owned(), state_home: state_home.to_owned() }
    }

    /// The folder below which all programs keep their settings (`~/.config`).
    pub fn config_home(&self) -> &Path {
        &self.config_home
    }

    /// Our settings.
    pub fn config_dir(&self) -> PathBuf {
        self.config_home.join("afterpush")
    }

    /// The user's settings for all repositories.
    pub fn user_config(&self) -> PathBuf {
        self.config_dir().join("config.toml")
    }

    /// The folder below which all programs keep their state (`~/.local/state`).
    pub fn state_home(&self) -> &Path {
        &self.state_home
    }

    /// Our state.
    pub fn state_dir(&self) -> PathBuf {
        self.state_home.join("afterpush")
    }

    /// Notes that there is something to find below this git common dir. Cheap where it is noted already.
    pub fn remember(&self, common_dir: &Path) -> io::Result<()> {
        let mut wanted = common_dir.as_os_str().as_bytes().to_vec();
        wanted.push(b'\n');
        let name = line_name(common_dir);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.state_home)?;
        let registry = Folder::private(&self.registry())?;
        if registry.read(&name, MAX_BYTES)?.is_some_and(|text| text == wanted) {
            return Ok(());
        }
        registry.replace(&name, &wanted)
    }

    /// The git common dirs that were noted and still hold something, by path; lines of vanished ones are dropped.
    pub fn repositories(&self) -> Vec<PathBuf> {
        let Ok(Some(registry)) = Folder::existing(&self.registry()) else { return Vec::new() };
        let names = registry.names().unwrap_or_default();
        let mut found: Vec<PathBuf> = names.iter().filter_map(|name| living(&registry, name)).collect();
        found.sort();
        found
    }

    fn registry(&self) -> PathBuf {
        self.state_dir().join("repos")
    }
}

/// The name under which something is kept for a repository.
pub(super) fn line_name(common_dir: &Path) -> String {
    format!("{:x}", Sha256::digest(common_dir.as_os_str().as_bytes()))
}

/// The common dir a line names. The line of one that is gone for certain is removed.
fn living(registry: &Folder, name: &str) -> Option<PathBuf> {
    let text = registry.read(name, MAX_BYTES).ok()??;
    let path = PathBuf::from(OsStr::from_bytes(text.strip_suffix(b"\n")?));
    if line_name(&path) != name {
        return None;
    }
    match path.join("afterpush").try_exists() {
        Ok(true) => Some(path),
        // If it cannot be removed, the next reader tries again.
        Ok(false) => registry.remove(name).err().and(None),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn repositories_are_remembered_once_and_forgotten_when_they_vanish() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let places = Places::new(&folder.path().join("config"), &folder.path().join("state"));
        let repositories: Vec<_> = ["b", "a\nb"].map(|name| folder.path().join(name)).into();
        for repository in &repositories {
            fs::create_dir_all(repository.join("afterpush")).expect("a repository's folder");
            places.remember(repository).expect("a line is written");
            places.remember(repository).expect("a line is written twice");
        }
        let mut sorted = repositories.clone();
        sorted.sort();
        assert_eq!(places.repositories(), sorted);
        fs::remove_dir_all(&repositories[0]).expect("the repository is removed");
        assert_eq!(places.repositories(), [repositories[1].clone()]);
        let lines = fs::read_dir(places.registry()).expect("the registry").count();
        assert_eq!(lines, 1);
    }

    #[test]
    fn without_anything_remembered_there_is_nothing() {
        let places = Places::new(Path::new("/nonexistent/config"), Path::new("/nonexistent/state"));
        assert!(places.repositories().is_empty());
    }
}
