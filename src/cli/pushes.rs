//! Git's journal of pushes: what the logs of the remote-tracking refs say was pushed from this clone.

use std::collections::BTreeSet;

use crate::config::{Config, Hints};
use crate::host::git::Repo;
use crate::push::reflog::Entry;
use crate::push::{RefName, ReflogPush, RemoteName, TrackNote};

/// So many pushes of a ref are looked through.
const PUSHES: usize = 50;

/// One push from this clone.
pub struct Pushed {
    /// To this remote.
    pub remote: RemoteName,
    /// To this ref there.
    pub ref_name: RefName,
    /// What the tracking ref's log says.
    pub entry: Entry,
    /// The tracking ref is still at what was pushed.
    pub is_tip: bool,
}

impl Pushed {
    /// The request that has it watched.
    pub fn note(&self, repo: &Repo) -> TrackNote {
        TrackNote {
            sha: self.entry.new.clone(),
            remote: Some(self.remote.clone()),
            branch: self.ref_name.branch().map(str::to_owned),
            target: None,
            pushed: Some(ReflogPush { at: self.entry.at, old: self.entry.old.clone() }),
            worktree: repo.worktree().map(Into::into),
        }
    }

    /// Some target is deployed from this branch of this remote.
    pub fn deploys(&self, repo: &Repo, config: &Config) -> bool {
        let head = repo.default_branch(self.remote.as_str());
        let hints = |_: &_| Hints { remote_head: head.as_deref(), triggers: None };
        let branch = self.ref_name.branch();
        branch.is_some_and(|branch| !config.targets_for(self.remote.as_str(), branch, hints).is_empty())
    }
}

/// The pushes the journal has, newest first within a ref.
pub fn pushes(repo: &Repo, config: Option<&Config>) -> Vec<Pushed> {
    let remotes = config.map_or_else(|| vec!["origin".to_owned()], |config| config.watch.remotes.clone());
    let mut pushes = Vec::new();
    for remote in remotes.into_iter().map(RemoteName::new) {
        for branch in branches(repo, &remote, config) {
            pushes.extend(pushes_of(repo, &remote, &RefName::of_branch(&branch)));
        }
    }
    pushes
}

fn pushes_of(repo: &Repo, remote: &RemoteName, ref_name: &RefName) -> Vec<Pushed> {
    let Some(tracking) = repo.tracking_ref(remote, ref_name) else { return Vec::new() };
    let entries = repo.reflog(&tracking, PUSHES).into_iter();
    let tip = repo.read_ref(&tracking);
    let pushed = entries.filter(Entry::is_push).map(|entry| Pushed {
        remote: remote.clone(),
        ref_name: ref_name.clone(),
        is_tip: tip.as_ref() == Some(&entry.new),
        entry,
    });
    pushed.collect()
}

/// The branches a push is likely to have gone to: those the configuration names, the remote's own, and the one that
/// is checked out here with the one it follows.
fn branches(repo: &Repo, remote: &RemoteName, config: Option<&Config>) -> BTreeSet<String> {
    let mut branches: BTreeSet<String> = ["main".to_owned(), "master".to_owned()].into();
    branches.extend(repo.default_branch(remote.as_str()));
    if let Some(branch) = repo.head_ref().as_ref().and_then(RefName::branch) {
        branches.insert(branch.to_owned());
        let followed = repo.config(&format!("branch.{branch}.merge")).map(RefName::new);
        branches.extend(followed.as_ref().and_then(RefName::branch).map(str::to_owned));
    }
    if let Some(config) = config {
        branches.extend(config.watch.branches.iter().flatten().cloned());
        branches.extend(config.targets.iter().filter_map(|target| target.branches.as_ref()).flatten().cloned());
    }
    branches
}
