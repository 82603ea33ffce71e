//! The runs of a workflow as deployments.
//!
//! GitHub does not say what a running workflow is about, so one that runs is building: nothing tells that the
//! roll-out has begun, and a phase never goes back.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::asker::Asker;
use super::pages::{self, Item};
use super::{Found, jobs, place};
use crate::base::{Timestamp, text};
use crate::provider::reading::{branch, words};
use crate::provider::{Heard, Want};
use crate::watch::{Cause, CommitMark, Deployment, Misheard, State};

/// Failed runs whose jobs are asked for in one look.
const FAILED: usize = 3;

/// What is kept of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Run {
    id: u64,
    attempt: u64,
    sha: String,
    branch: Option<String>,
    event: String,
    status: String,
    conclusion: Option<String>,
    created_at: Timestamp,
    updated_at: Option<Timestamp>,
    url: Option<String>,
}

impl Item for Run {
    fn id(&self) -> u64 {
        self.id
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

/// Reads the runs, and the jobs of those that failed.
pub(super) fn hear(asker: &mut Asker<'_>, workflow: &str, want: &Want) -> Result<Heard<Found>, Misheard> {
    let branch = match want.branches.as_slice() {
        [branch] => format!("branch={}&", place::encoded(branch)),
        _ => String::new(),
    };
    let url = format!("{}/actions/workflows/{workflow}/runs?{branch}", place::repository(asker.target));
    let list = match pages::hear(asker, &url, want.back_to, read)? {
        Heard::Ask(ask) => return Ok(Heard::Ask(ask)),
        Heard::Seen(list) => list,
    };
    // A run for a pull request deploys nothing of ours.
    let mut runs: Vec<Run> = list.items.into_iter().filter(|run| !run.event.starts_with("pull_request")).collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run.created_at));
    let serving = runs.iter().filter(|run| run.state() == State::Succeeded).max_by_key(|run| run.updated_at);
    let serving = serving.map(Run::name);
    let mut deployments: Vec<_> = runs.iter().map(|run| run.deployment(serving.as_ref())).collect();
    let is_wanted = |run: &&Run| want.commits.iter().any(|sha| sha.as_str() == run.sha);
    for run in runs.iter().filter(|run| run.state() == State::Failed).filter(is_wanted).take(FAILED) {
        let reason = match jobs::reason(asker, run.id, run.attempt, run.conclusion.as_deref())? {
            Heard::Ask(ask) => return Ok(Heard::Ask(ask)),
            Heard::Seen(reason) => reason,
        };
        let id = run.name();
        deployments.iter_mut().filter(|deployment| deployment.id == id).for_each(|d| d.reason = Some(reason.clone()));
    }
    Ok(Heard::Seen(Found { deployments, reaches_back_to: list.reaches_back_to, remarks: Vec::new() }))
}

fn read(page: &Value) -> Result<Vec<Run>, Misheard> {
    let list = page.get("workflow_runs").and_then(Value::as_array);
    let list = list.ok_or_else(|| Misheard::Garbled("GitHub's answer has no list of workflow_runs".to_owned()))?;
    list.iter()
        .map(run)
        .collect::<Option<_>>()
        .ok_or_else(|| Misheard::Garbled("GitHub lists a workflow run without an id, a commit or a time".to_owned()))
}

fn run(found: &Value) -> Option<Run> {
    let time = |name: &str| found.get(name)?.as_str()?.parse::<Timestamp>().ok();
    let attempt = found.get("run_attempt").and_then(Value::as_u64).unwrap_or(1);
    // A run that is run again is a new try, which began later.
    let began = time("run_started_at").filter(|_| attempt > 1);
    Some(Run {
        id: found.get("id")?.as_u64()?,
        attempt,
        sha: CommitMark::of(found.get("head_sha")?.as_str()?, None)?.sha,
        branch: branch(found, "/head_branch"),
        event: words(found, "/event").unwrap_or_default(),
        status: word(found.get("status")),
        conclusion: found.get("conclusion").filter(|word| !word.is_null()).map(|found| word(Some(found))),
        created_at: began.or_else(|| time("created_at"))?,
        updated_at: time("updated_at"),
        url: place::shown(found.get("html_url").and_then(Value::as_str)),
    })
}

/// The word as it was sent, whatever its type.
pub(super) fn word(found: Option<&Value>) -> String {
    let word = match found {
        Some(Value::String(word)) => word.clone(),
        Some(other) => other.to_string(),
        None => "none".to_owned(),
    };
    text::cut(&text::visible(&word), 40, false)
}

impl Run {
    /// The id of this try.
    fn name(&self) -> String {
        if self.attempt > 1 { format!("{}.{}", self.id, self.attempt) } else { self.id.to_string() }
    }

    fn state(&self) -> State {
        let conclusion = match (self.status.as_str(), self.conclusion.as_deref()) {
            ("completed", Some(conclusion)) => conclusion,
            ("queued" | "requested" | "pending", _) => return State::Queued,
            // For a person, or for a protection rule.
            ("waiting", _) => return State::Blocked,
            ("in_progress", _) => return State::Building,
            _ => return State::Unknown,
        };
        match conclusion {
            "success" => State::Succeeded,
            "failure" | "timed_out" | "startup_failure" => State::Failed,
            "cancelled" => State::Canceled,
            "skipped" | "neutral" => State::Skipped,
            "stale" => State::Replaced,
            "action_required" => State::Blocked,
            _ => State::Unknown,
        }
    }

    fn deployment(&self, serving: Option<&String>) -> Deployment {
        let (id, state) = (self.name(), self.state());
        let ended_well = state == State::Succeeded;
        Deployment {
            state,
            raw_state: self.conclusion.clone().unwrap_or_else(|| self.status.clone()),
            commits: CommitMark::of(&self.sha, None).into_iter().collect(),
            branch: self.branch.clone(),
            environment: None,
            created_at: Some(self.created_at),
            updated_at: self.updated_at,
            // What was run last is what is there.
            is_live: ended_well.then(|| serving == Some(&id)),
            was_live: match state {
                State::Succeeded => Some(true),
                State::Canceled | State::Replaced | State::Skipped => Some(false),
                _ => None,
            },
            cause: match self.event.as_str() {
                "push" => Cause::Push,
                "workflow_dispatch" | "repository_dispatch" => Cause::Manual,
                _ => Cause::Other,
            },
            done_steps: None,
            step: None,
            reason: (state == State::Failed).then(|| jobs::without_jobs(self.conclusion.as_deref())),
            url: self.url.clone(),
            id,
        }
    }
}
