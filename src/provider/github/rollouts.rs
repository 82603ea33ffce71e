//! The repository's deployments: of the target's environment, else of what is called production.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::asker::Asker;
use super::pages::{self, Item};
use super::standing::{self, Standing};
use super::{Found, place};
use crate::base::Timestamp;
use crate::provider::reading::words;
use crate::provider::{Heard, Want};
use crate::watch::{Cause, CommitMark, Deployment, Misheard, State};

/// Deployments whose statuses are asked for in one look.
const MOST: usize = 10;

/// What is kept of a deployment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rollout {
    pub(super) id: u64,
    sha: String,
    name: Option<String>,
    environment: Option<String>,
    is_production: bool,
    task: Option<String>,
    created_at: Timestamp,
    pub(super) updated_at: Option<Timestamp>,
}

impl Item for Rollout {
    fn id(&self) -> u64 {
        self.id
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

/// Reads the list, then what became of those that matter.
pub(super) fn hear(asker: &mut Asker<'_>, want: &Want) -> Result<Heard<Found>, Misheard> {
    let environment = asker.target.environment.as_deref().map(place::encoded);
    let filter = environment.map(|name| format!("environment={name}&")).unwrap_or_default();
    let url = format!("{}/deployments?{filter}", place::repository(asker.target));
    let list = match pages::hear(asker, &url, want.back_to, read)? {
        Heard::Ask(ask) => return Ok(Heard::Ask(ask)),
        Heard::Seen(list) => list,
    };
    let mut remarks = Vec::new();
    let mut rollouts = chosen(list.items, asker.target.environment.is_some(), &mut remarks);
    rollouts.sort_by_key(|rollout| std::cmp::Reverse((rollout.created_at, rollout.id)));
    let mut known: Vec<(Rollout, Standing)> = Vec::new();
    let wanted = wanted(&rollouts, want);
    for (place, rollout) in rollouts.into_iter().enumerate() {
        let standing = match standing::hear(asker, &rollout, wanted.contains(&place))? {
            Heard::Ask(ask) => return Ok(Heard::Ask(ask)),
            Heard::Seen(standing) => standing,
        };
        known.extend(standing.map(|standing| (rollout, standing)));
    }
    // What succeeded last is what is there; in environments that are not production GitHub marks the others.
    let serving = known.iter().filter(|(_, standing)| standing.state() == State::Succeeded);
    let serving = serving.max_by_key(|(_, standing)| standing.succeeded_at).map(|(rollout, _)| rollout.id);
    let deployments: Vec<_> =
        known.iter().map(|(rollout, standing)| rollout.deployment(standing, serving, want, asker)).collect();
    Ok(Heard::Seen(Found { deployments, reaches_back_to: list.reaches_back_to, remarks }))
}

/// Those of the environment that is meant. Where none is named: of production, else of the only one there is.
fn chosen(rollouts: Vec<Rollout>, is_named: bool, remarks: &mut Vec<String>) -> Vec<Rollout> {
    if is_named {
        return rollouts;
    }
    if rollouts.iter().any(Rollout::is_of_production) {
        return rollouts.into_iter().filter(Rollout::is_of_production).collect();
    }
    let mut names: Vec<&str> = rollouts.iter().filter_map(|rollout| rollout.environment.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() > 1 {
        let names = crate::base::text::cut(&names.join(", "), 200, false);
        remarks.push(format!("there are deployments to several environments ({names}): name one with `environment`"));
    }
    rollouts
}

/// The places of those whose standing matters: our commits' newest and what is newer, and, where a commit has none
/// yet, all since its push; ours first.
fn wanted(rollouts: &[Rollout], want: &Want) -> Vec<usize> {
    let newest_of = |sha: &str| rollouts.iter().position(|rollout| rollout.sha == sha);
    let ours: Vec<Option<usize>> = want.commits.iter().map(|sha| newest_of(sha.as_str())).collect();
    let last = ours.iter().flatten().max().copied().unwrap_or(0);
    let is_new =
        |rollout: &Rollout| ours.contains(&None) && want.back_to.is_some_and(|back_to| rollout.created_at >= back_to);
    let newer = rollouts.iter().enumerate().filter(|(place, rollout)| *place <= last || is_new(rollout));
    let mut places: Vec<usize> = ours.iter().flatten().copied().collect();
    places.extend(newer.map(|(place, _)| place));
    let mut wanted: Vec<usize> = Vec::new();
    for place in places {
        if wanted.len() < MOST && !wanted.contains(&place) {
            wanted.push(place);
        }
    }
    wanted
}

fn read(page: &Value) -> Result<Vec<Rollout>, Misheard> {
    let list = page.as_array();
    let list = list.ok_or_else(|| Misheard::Garbled("GitHub's answer is not a list of deployments".to_owned()))?;
    list.iter()
        .map(rollout)
        .collect::<Option<_>>()
        .ok_or_else(|| Misheard::Garbled("GitHub lists a deployment without an id, a commit or a time".to_owned()))
}

fn rollout(found: &Value) -> Option<Rollout> {
    let time = |name: &str| found.get(name)?.as_str()?.parse::<Timestamp>().ok();
    Some(Rollout {
        id: found.get("id")?.as_u64()?,
        sha: CommitMark::of(found.get("sha")?.as_str()?, None)?.sha,
        name: words(found, "/ref"),
        environment: words(found, "/environment"),
        is_production: found.get("production_environment").and_then(Value::as_bool).unwrap_or(false),
        task: words(found, "/task"),
        created_at: time("created_at")?,
        updated_at: time("updated_at"),
    })
}

impl Rollout {
    fn is_of_production(&self) -> bool {
        self.is_production || self.environment.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("production"))
    }

    fn deployment(&self, standing: &Standing, serving: Option<u64>, want: &Want, asker: &Asker<'_>) -> Deployment {
        let state = standing.state();
        let ended_well = state == State::Succeeded;
        // A ref may as well be a tag or a commit, which says nothing of a branch.
        let branch = self.name.clone().filter(|name| want.branches.contains(name));
        Deployment {
            id: self.id.to_string(),
            state,
            raw_state: standing.word.clone(),
            commits: CommitMark::of(&self.sha, None).into_iter().collect(),
            branch,
            environment: self.environment.clone(),
            created_at: Some(self.created_at),
            updated_at: self.updated_at,
            is_live: ended_well.then(|| serving == Some(self.id)),
            was_live: match state {
                State::Succeeded => Some(true),
                // Said of what was live, and of what somebody cleared away.
                State::Replaced => Some(standing.succeeded_at.is_some()),
                _ => None,
            },
            cause: match self.task.as_deref() {
                Some("deploy") | None => Cause::Push,
                Some(task) if task.contains("rollback") => Cause::Rollback,
                Some(_) => Cause::Other,
            },
            done_steps: None,
            step: None,
            reason: (state == State::Failed).then(|| standing.reason()),
            url: standing.url.clone().or_else(|| place::page(asker.target)),
        }
    }
}
