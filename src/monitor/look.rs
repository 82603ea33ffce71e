//! A look: one conversation with a source at one place, for all the watches that have to do with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::keeper::{Answered, Place, Seen};
use super::tools::Tools;
use super::{probe, table};
use crate::base::text::visible;
use crate::base::{Layout, Timestamp};
use crate::host::files::Folder;
use crate::host::git::Repo;
use crate::provider::{self, Provider, Want};
use crate::push::{RequestId, Sha};
use crate::watch::{
    Cause, Course, Deployment, DeploymentRef, Finding, Kin, Log, LogState, Memo, Misheard, Miss, NewerPush, Outcome,
    Phase, Snapshot, State, StepReason, Target, TargetName, Watch,
};
use crate::wire::Answer;

/// Asks a source and works out how the commits it names stand to each watch.
pub async fn look(
    tools: Arc<Tools>,
    place: Place,
    target: Target,
    want: Want,
    watches: Vec<Watch>,
) -> Result<Box<Seen>, Miss> {
    let answer = match &place {
        Place::App(_) => Answered::Deployments(Box::new(provider_says(&tools, &target, &want).await?)),
        Place::Table(database) => Answered::Deployments(Box::new(table::read(&tools, database, &want).await?)),
        Place::Endpoints(health) => Answered::Round(probe::round(&tools, health).await),
    };
    let kin = kin(&tools, commits(&answer), watches).await?;
    Ok(Box::new(Seen { answer, kin }))
}

/// The commits an answer names.
fn commits(answer: &Answered) -> BTreeSet<String> {
    match answer {
        Answered::Deployments(snapshot) => snapshot.commits().into_iter().map(str::to_owned).collect(),
        Answered::Round(findings) => findings.iter().filter_map(served).collect(),
    }
}

fn served(finding: &Finding) -> Option<String> {
    if let Outcome::Serves(digits) = &finding.outcome { Some(digits.clone()) } else { None }
}

async fn provider_says(tools: &Tools, target: &Target, want: &Want) -> Result<Snapshot, Miss> {
    match converse(tools, target, want).await {
        // It may have been renewed since it was read.
        Err(Miss::Misheard(Misheard::Denied(_) | Misheard::Forbidden(_))) if tools.forget_credential(target) => {
            converse(tools, target, want).await
        }
        outcome => outcome,
    }
}

async fn converse(tools: &Tools, target: &Target, want: &Want) -> Result<Snapshot, Miss> {
    let provider = known(target)?;
    let bound = tools.credential(target, provider).await.map_err(Miss::NoCredential)?;
    let hear = |answers: &[Answer]| provider.hear(target, want, answers);
    tools.exchange(bound.as_ref()).converse(provider.ask(target, want), hear).await
}

/// Fetches the log of a target's failed deployment into a private file.
pub async fn save_log(tools: &Tools, watch: &Watch, target: &TargetName, memo: Memo) -> LogState {
    let Some(course) = watch.course(target) else { return LogState::None };
    let (Some(deployment), Some(failure)) = (&course.deployment, &course.failure) else { return LogState::None };
    let want = Want { memo, ..Want::default() };
    match fetch_log(tools, &course.target, &want, &failed(deployment, failure.phase)).await {
        Ok(Some(log)) if !log.text.trim().is_empty() => match keep_log(tools, watch, target, &log) {
            Ok(path) => LogState::Saved(path),
            Err(why) => again(tools, course, &why.to_string()),
        },
        Ok(_) => LogState::None,
        Err(why) => again(tools, course, &format!("{why:?}")),
    }
}

/// The core knows how often a log is asked for.
fn again(tools: &Tools, course: &Course, why: &str) -> LogState {
    let (tries, why) = (course.wanted_log().unwrap_or(0) + 1, visible(&tools.redact(why)));
    tracing::warn!(why, tries, target = course.target.name.as_str(), "could not fetch the log of a failed deployment");
    LogState::Wanted(tries)
}

/// One line of the log is one line of the file, made inert and free of secrets.
fn keep_log(tools: &Tools, watch: &Watch, target: &TargetName, log: &Log) -> std::io::Result<PathBuf> {
    let mut text = String::new();
    if log.is_cut {
        text.push_str("[the beginning is not here: only the end of the log is kept]\n");
    }
    for line in log.text.lines() {
        text.push_str(&visible(&tools.redact(line)));
        text.push('\n');
    }
    let path = tools.layout.log(watch.sha.as_str(), target.as_str());
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    Folder::private(&tools.layout.logs())?.replace(name, text.as_bytes())?;
    Ok(path)
}

/// What an adapter has to know of a failed deployment to find its log.
fn failed(deployment: &DeploymentRef, phase: Phase) -> Deployment {
    let in_build = Some(phase <= Phase::Building);
    Deployment {
        id: deployment.id.clone(),
        state: State::Failed,
        raw_state: String::new(),
        commits: Vec::new(),
        branch: None,
        environment: None,
        created_at: None,
        updated_at: None,
        is_live: None,
        was_live: None,
        cause: Cause::Other,
        done_steps: None,
        step: None,
        reason: Some(StepReason { code: String::new(), message: String::new(), step: None, in_build }),
        url: deployment.url.clone(),
    }
}

async fn fetch_log(tools: &Tools, target: &Target, want: &Want, failed: &Deployment) -> Result<Option<Log>, Miss> {
    let provider = known(target)?;
    let bound = tools.credential(target, provider).await.map_err(Miss::NoCredential)?;
    let Some(ask) = provider.ask_log(target, want, failed) else { return Ok(None) };
    let hear = |answers: &[Answer]| provider.hear_log(target, want, failed, answers);
    tools.exchange(bound.as_ref()).converse(ask, hear).await.map(Some)
}

fn known(target: &Target) -> Result<&'static dyn Provider, Miss> {
    let unknown = || Miss::NoAnswer(format!("this version of afterpush knows no provider `{}`", target.provider));
    provider::by_name(&target.provider).ok_or_else(unknown)
}

/// How an answer's commits, and our own later pushes, stand to each watched commit.
async fn kin(tools: &Tools, commits: BTreeSet<String>, watches: Vec<Watch>) -> Result<BTreeMap<RequestId, Kin>, Miss> {
    let mut asked = Vec::new();
    for watch in watches {
        let push = &watch.push;
        let newer = tools.store.pushes_after(&push.remote, &push.ref_name, push.at).await.unwrap_or_default();
        asked.push((watch, newer));
    }
    let layout = tools.layout.clone();
    let related = tokio::task::spawn_blocking(move || relate(&layout, &commits, asked)).await.ok().flatten();
    related
        .ok_or_else(|| Miss::NoAnswer("git cannot read this repository, so its commits cannot be compared".to_owned()))
}

/// Later pushes to a watch's ref.
type Newer = Vec<(Sha, Timestamp)>;

fn relate(layout: &Layout, commits: &BTreeSet<String>, asked: Vec<(Watch, Newer)>) -> Option<BTreeMap<RequestId, Kin>> {
    let repo = Repo::open_common(layout.common_dir()).ok()?;
    let related = asked.into_iter().map(|(watch, newer)| {
        let mut kin = Kin::default();
        for commit in commits {
            kin.set(commit.clone(), repo.relation(&watch.sha, commit));
        }
        let newer = newer.into_iter().filter(|(sha, _)| *sha != watch.sha).map(|(sha, at)| {
            let relation = repo.relation(&watch.sha, sha.as_str());
            NewerPush { sha, ref_name: watch.push.ref_name.clone(), at, relation }
        });
        kin.newer_pushes = newer.collect();
        (watch.id, kin)
    });
    Some(related.collect())
}
