//! What a monitor is started with: the repository, the user's folders, and the variables it was handed; and what it tells
//! the world of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::{MonitorError, Orders};
use crate::base::{Layout, Timestamp};
use crate::config::{Config, ConfigError};
use crate::host::files::Folder;
use crate::host::git::Repo;
use crate::host::places::Places;
use crate::host::secrets::{self, Environment};
use crate::host::settings::{self, Recent, Sources};
use crate::process::{self, Holdings, Identity, MonitorFile};
use crate::provider;
use crate::push::PROTO;
use crate::wire::{Redactor, Secret};

/// Where a monitor is at home.
pub struct Home {
    layout: Layout,
    places: Option<Places>,
    variables: BTreeMap<String, String>,
    recent: Mutex<Recent>,
}

impl Home {
    /// As its orders say.
    pub fn of(orders: &Orders) -> Self {
        Self {
            layout: orders.layout.clone(),
            places: orders.places.clone(),
            variables: orders.environment.iter().cloned().collect(),
            recent: Mutex::default(),
        }
    }

    /// One of the variables it was handed.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The configuration as it is now, with the tracked file of this worktree, else of the main one. Blocks.
    pub fn settings(&self, worktree: Option<&Path>) -> Result<Arc<Config>, ConfigError> {
        let repo = Repo::open_common(self.layout.common_dir()).ok();
        let worktree = repo.and_then(|repo| settings::worktree_for(&repo, worktree));
        // A panic while it was held left it whole: every change is a single assignment.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).read(&Sources {
            layout: &self.layout,
            worktree: worktree.as_deref(),
            places: self.places.as_ref(),
            variable: &|name| self.variables.get(name).cloned(),
        })
    }

    /// What credentials can be taken from; those are lost that the monitor before had and this one was not handed.
    pub fn environment(&self, lost: Vec<String>) -> Environment {
        // Every variable is kept, in memory only: which of them a target names may change with the configuration.
        let all = self.variables.keys().cloned().collect();
        Environment::new(self.variables.clone(), &all)
            .with_config_home(self.places.as_ref().map(|places| places.config_home().to_path_buf()))
            .with_lost(lost)
    }

    /// Writes `monitor.json` and the line by which commands in other repositories find this one. The first sign of life
    /// comes before: who reads of a monitor must not take it for one that does not respond.
    pub fn introduce(&self, now: Timestamp, lost: Vec<String>) -> Result<(), MonitorError> {
        let used = self.used();
        let pairs: Vec<(String, String)> = self.variables.clone().into_iter().collect();
        // Which of them will be used nobody knows before there is a target.
        let is_used = |name: &str| used.is_empty() || used.contains(name);
        let file = MonitorFile {
            identity: Identity::own(&self.layout, now),
            proto: PROTO,
            holdings: Holdings::of(self.names().into_iter().collect(), is_used, &pairs),
            lost,
        };
        let private = self.layout.private();
        let write = || {
            let folder = Folder::private(private)?;
            folder.touch("alive", now)?;
            folder.replace("monitor.json", &serde_json::to_vec(&file)?)
        };
        write().map_err(|source| MonitorError::files(private, source))?;
        if let Some(why) = self.places.as_ref().and_then(|places| places.remember(self.layout.common_dir()).err()) {
            tracing::warn!(%why, "cannot note this repository for `list --all-repos`");
        }
        Ok(())
    }

    /// Whatever of the environment of the push is a secret is taken out of logs, whether or not it is used here: what
    /// is built there may well know it, too.
    pub fn redactor(&self) -> Redactor {
        let names = self.names();
        let mut redactor = Redactor::default();
        for (name, value) in &self.variables {
            if names.contains(name) || process::is_secret(name) {
                redactor.learn(&Secret::new(value));
            }
        }
        redactor
    }

    /// The variables a credential may come from.
    fn names(&self) -> BTreeSet<String> {
        let known = provider::ALL.iter().flat_map(|provider| provider.variables()).map(|&name| name.to_owned());
        known.chain(self.used()).collect()
    }

    /// The variables that the targets take their credentials from, as the configuration is now.
    fn used(&self) -> BTreeSet<String> {
        let config = self.settings(None).ok();
        config.iter().flat_map(|config| secrets::names(config.targets.iter().map(|t| &t.target))).collect()
    }
}
