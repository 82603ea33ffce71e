//! Which pushes go to which target: by remote, branch and touched paths.

use globset::GlobSet;

use super::value;
use super::{Config, TargetSettings, WatchSettings};
use crate::watch::Trigger;

/// What is known of the branches beside the configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// The branch the remote's HEAD names.
    pub remote_head: Option<&'a str>,
    /// The branches the app deploys, as far as the provider has been asked.
    pub triggers: Option<&'a [Trigger]>,
}

/// The branches that deploy to a target: its own, else those of `[watch]`, else the remote's HEAD branch, else the
/// app's, else `main` and `master`. A name may be a pattern such as `release/*`.
pub fn branches_for(target: &TargetSettings, watch: &WatchSettings, hints: Hints<'_>) -> Vec<String> {
    let configured = target.branches.as_ref().or(watch.branches.as_ref());
    let triggers = hints.triggers.filter(|triggers| !triggers.is_empty());
    match (configured, hints.remote_head, triggers) {
        (Some(branches), ..) => branches.clone(),
        (None, Some(head), _) => vec![head.to_owned()],
        (None, None, Some(triggers)) => triggers.iter().map(|trigger| trigger.branch.clone()).collect(),
        (None, None, None) => vec!["main".to_owned(), "master".to_owned()],
    }
}

/// A push that changed these files counts for a target with these `paths` (all of them, where none are named). A
/// pattern also means everything below what it names.
pub fn touches<'a>(paths: &[String], changed: impl IntoIterator<Item = &'a str>) -> bool {
    if paths.is_empty() {
        return true;
    }
    let named = paths.iter().map(|path| path.trim_start_matches("./").trim_end_matches('/'));
    let set = matcher(named.flat_map(|path| [path.to_owned(), format!("{path}/**")]));
    changed.into_iter().any(|file| set.is_match(file))
}

impl Config {
    /// The remote is one whose pushes are watched.
    pub fn watches_remote(&self, remote: &str) -> bool {
        self.watch.remotes.iter().any(|name| name == remote)
    }

    /// The targets a push of this branch to this remote deploys to. What is known of the branches may differ from
    /// target to target.
    pub fn targets_for<'h>(
        &self,
        remote: &str,
        branch: &str,
        hints: impl Fn(&TargetSettings) -> Hints<'h>,
    ) -> Vec<&TargetSettings> {
        let deploys = |target: &TargetSettings| {
            let branches = branches_for(target, &self.watch, hints(target));
            // A name that is no valid pattern still means itself.
            branches.iter().any(|name| name == branch) || matcher(branches).is_match(branch)
        };
        self.targets.iter().filter(|target| self.watches_remote(remote) && deploys(target)).collect()
    }
}

/// A pattern that cannot be compiled matches nothing; those of a configuration were checked when they were read.
fn matcher(patterns: impl IntoIterator<Item = String>) -> GlobSet {
    let mut set = GlobSet::builder();
    for glob in patterns.into_iter().filter_map(|pattern| value::compile(&pattern).ok()) {
        set.add(glob);
    }
    set.build().unwrap_or_default()
}
