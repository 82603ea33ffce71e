//! What a push means here: which targets it deploys to, and what git knows of it.

use std::path::PathBuf;
use std::sync::Arc;

use super::tools::Tools;
use crate::config::{Config, Hints, NO_TARGET, TargetSettings, touches};
use crate::host::git::Repo;
use crate::push::{RequestId, Sha};
use crate::watch::{Aim, Aimed, Beginning, Plan, Policy, Push, Reason, Relation, Step, Watch};

/// A push that is to be watched, as far as the request tells.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The id of the watch.
    pub id: RequestId,
    /// The commit.
    pub sha: Sha,
    /// Which attempt.
    pub attempt: u32,
    /// The refs it was pushed to; the first stands for all, the targets are those of every one.
    pub pushes: Vec<Push>,
    /// Where the push was made.
    pub worktree: Option<PathBuf>,
    /// Only this target.
    pub only: Option<String>,
}

impl Wish {
    /// What a watch came of, to plan it anew.
    pub fn of(watch: Watch) -> Self {
        let Watch { id, sha, attempt, push, worktree, .. } = watch;
        Self { id, sha, attempt, pushes: vec![Arc::unwrap_or_clone(push)], worktree, only: None }
    }
}

/// Begins the watch of a wish. Blocks: asks git and reads the configuration.
pub fn begin(tools: &Tools, wish: Wish) -> Step {
    let repo = Repo::open_common(tools.layout.common_dir()).ok();
    let mut push = wish.pushes[0].clone();
    let mut subject = None;
    if let Some(repo) = &repo {
        describe(repo, &wish.sha, &mut push);
        subject = repo.subject(&wish.sha);
    }
    let plan = plan(tools, repo.as_ref(), &wish);
    let Wish { id, sha, attempt, worktree, .. } = wish;
    let boot = Some(tools.boot());
    Watch::begin(Beginning { id, sha, attempt, push, subject, worktree, boot }, plan, tools.now())
}

/// What the configuration has in mind for a push. Blocks.
fn plan(tools: &Tools, repo: Option<&Repo>, wish: &Wish) -> Plan {
    let Some(repo) = repo else {
        let place = tools.layout.common_dir().display();
        return trouble(tools, (Reason::ConfigInvalid, format!("the repository {place} cannot be opened")));
    };
    let config = match tools.settings(wish.worktree.as_deref()) {
        Ok(config) => config,
        Err(wrong) => return trouble(tools, (Reason::ConfigInvalid, wrong.to_string())),
    };
    let policy = Policy { pace: tools.pace, ..config.policy() };
    let aim = aim(tools, repo, &config, wish);
    Plan { aim, policy, warnings: config.warnings.clone() }
}

/// The plan where the configuration does not tell.
pub fn trouble(tools: &Tools, (reason, sentence): (Reason, String)) -> Plan {
    let policy = Policy { pace: tools.pace, ..Policy::default() };
    Plan { aim: Aim::Trouble(reason, sentence), policy, warnings: Vec::new() }
}

/// Plans a watch anew. Blocks.
pub fn again(tools: &Tools, watch: Watch) -> Plan {
    let repo = Repo::open_common(tools.layout.common_dir()).ok();
    plan(tools, repo.as_ref(), &Wish::of(watch))
}

fn aim(tools: &Tools, repo: &Repo, config: &Config, wish: &Wish) -> Aim {
    if config.targets.is_empty() {
        return Aim::Trouble(Reason::NotConfigured, NO_TARGET.to_owned());
    }
    let mut aimed: Vec<Aimed> = Vec::new();
    for push in &wish.pushes {
        for settings in targets_of(repo, config, push) {
            let wanted = wish.only.as_ref().is_none_or(|only| settings.target.name.as_str() == only);
            if wanted && aimed.iter().all(|known| known.target.name != settings.target.name) {
                let untouched = !is_touched(repo, &settings.target.paths, push, &wish.sha);
                let habits = tools.habits(&settings.target);
                aimed.push(Aimed { target: settings.target.clone(), untouched, habits });
            }
        }
    }
    // In the order of the configuration, whichever ref named them first.
    aimed.sort_by_key(|aimed| config.targets.iter().position(|t| t.target.name == aimed.target.name));
    if aimed.is_empty() { Aim::Nowhere } else { Aim::Targets(aimed) }
}

/// The targets a push deploys to, by remote and branch.
pub fn targets_of<'c>(repo: &Repo, config: &'c Config, push: &Push) -> Vec<&'c TargetSettings> {
    let Some(branch) = push.ref_name.branch() else { return Vec::new() };
    let head = repo.default_branch(push.remote.as_str());
    let hints = |_: &TargetSettings| Hints { remote_head: head.as_deref(), triggers: None };
    // A push to the URL of a watched remote is a push to that remote.
    let remotes = repo.remotes();
    let by_url = |url: &String| remotes.iter().find(|(_, known)| known == url).map(|(name, _)| name.as_str());
    let remote = push.url.as_ref().and_then(by_url).unwrap_or(push.remote.as_str());
    let named = if config.watches_remote(push.remote.as_str()) { push.remote.as_str() } else { remote };
    config.targets_for(named, branch, hints)
}

/// The push touches what the target watches. What cannot be told counts as touched.
fn is_touched(repo: &Repo, paths: &[String], push: &Push, sha: &Sha) -> bool {
    if paths.is_empty() {
        return true;
    }
    let since = push.old.clone().or_else(|| {
        let head = repo.default_branch(push.remote.as_str())?;
        let base = repo.read_ref(&format!("refs/remotes/{}/{head}", push.remote))?;
        repo.merge_base(&base, sha)
    });
    let changed = since.and_then(|old| repo.touched(&old, sha));
    changed.is_none_or(|changed| touches(paths, changed.iter().map(String::as_str)))
}

/// What git knows of the push: how many commits, and whether it rewrote history.
fn describe(repo: &Repo, sha: &Sha, push: &mut Push) {
    let Some(old) = &push.old else { return };
    push.commits = repo.count(old, sha);
    push.forced = match repo.relation(sha, old.as_str()) {
        Relation::Unknown => None,
        Relation::Older | Relation::Same => Some(false),
        Relation::Contains | Relation::Apart => Some(true),
    };
}
