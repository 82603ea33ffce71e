//! Where everything of one repository lies below its git common dir.
//!
//! What only its owner may touch is in a folder a user, so that in a shared repository nobody drives another's
//! monitor, and with it their token.

use std::path::{Path, PathBuf};

/// The files of one repository for one user; only names, nothing is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
    private: PathBuf,
}

impl Layout {
    /// For the repository with this git common dir and the user with this id.
    pub fn new(common_dir: &Path, uid: u32) -> Self {
        let root = common_dir.join("afterpush");
        let private = root.join(format!("u{uid}"));
        Self { root, private }
    }

    /// From the private folder, as `afterpush daemon --state` gets it; `None` if it does not lie where one does.
    pub fn of_state_dir(state: &Path) -> Option<Self> {
        let root = state.parent()?.to_path_buf();
        let owned = state.file_name()?.to_str()?.strip_prefix('u')?.parse::<u32>().is_ok();
        (owned && root.file_name()? == "afterpush").then(|| Self { root, private: state.to_path_buf() })
    }

    /// The git common dir.
    pub fn common_dir(&self) -> &Path {
        self.root.parent().unwrap_or(&self.root)
    }

    /// `afterpush/`: the parent of all the rest.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `u<uid>/`, mode 0700.
    pub fn private(&self) -> &Path {
        &self.private
    }

    /// The local configuration.
    pub fn config(&self) -> PathBuf {
        self.private.join("config.toml")
    }

    /// The lock the running monitor holds. Never unlinked, never renamed.
    pub fn lock(&self) -> PathBuf {
        self.private.join("monitor.lock")
    }

    /// Who the running monitor is; information, never a decision.
    pub fn monitor(&self) -> PathBuf {
        self.private.join("monitor.json")
    }

    /// Touched every five seconds by a living monitor.
    pub fn alive(&self) -> PathBuf {
        self.private.join("alive")
    }

    /// The inbox; below it `tmp`, `new` and `bad`.
    pub fn inbox(&self) -> PathBuf {
        self.private.join("inbox")
    }

    /// The store's database.
    pub fn store(&self) -> PathBuf {
        self.private.join("state.sqlite3")
    }

    /// The folder of the providers' logs of failed deployments.
    pub fn logs(&self) -> PathBuf {
        self.private.join("logs")
    }

    /// The provider's log of one failed deployment.
    pub fn log(&self, sha: &str, target: &str) -> PathBuf {
        self.logs().join(format!("{sha}-{target}.log"))
    }

    /// The monitor's own log.
    pub fn monitor_log(&self) -> PathBuf {
        self.private.join("monitor.log")
    }

    /// `status/`: what everyone may read.
    pub fn status_dir(&self) -> PathBuf {
        self.root.join("status")
    }

    /// The status document of a commit.
    pub fn status(&self, sha: &str) -> PathBuf {
        self.status_dir().join(format!("{sha}.json"))
    }

    /// The timeline of a commit.
    pub fn timeline(&self, sha: &str) -> PathBuf {
        self.status_dir().join(format!("{sha}.log"))
    }

    /// A copy of the newest confirmed push's status document.
    pub fn latest(&self) -> PathBuf {
        self.status_dir().join("latest.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_dir_leads_back_to_its_repository() {
        let layout = Layout::new(Path::new("/r/.git"), 1000);
        assert_eq!(Layout::of_state_dir(layout.private()), Some(layout.clone()));
        assert_eq!(layout.common_dir(), Path::new("/r/.git"));
        for wrong in ["/r/.git/afterpush/x1", "/r/.git/other/u1", "/", "u1"] {
            assert_eq!(Layout::of_state_dir(Path::new(wrong)), None, "{wrong}");
        }
    }
}
