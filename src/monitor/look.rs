//! A look: one conversation with a source at one place, for all the watches that have to do with it.

use std::cell::OnceCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::aside::aside;
use super::keeper::{Answered, Audience, Place, Seen};
use super::tools::Tools;
use super::{probe, table};
use crate::base::Timestamp;
use crate::base::text::visible;
use crate::host::files::Folder;
use crate::host::git::Repo;
use crate::provider::{self, Provider, Want};
use crate::push::{RefName, RemoteName, RequestId, Sha};
use crate::store::Pushes;
use crate::watch::{
    Cause, Course, Deployment, DeploymentRef, Finding, Kin, Log, LogState, Memo, Misheard, Miss, NewerPush, Outcome,
    Phase, Relation, Snapshot, State, StepReason, Target, TargetName, Watch,
};
use crate::wire::Answer;

/// Asks a source and works out how the commits it names stand to each watch.
pub async fn look(
    tools: Arc<Tools>,
    place: Place,
    target: &Target,
    want: Want,
    audience: Audience,
) -> Result<Box<Seen>, Miss> {
    let answer = match &place {
        Place::App(_) => deployments(&tools, provider_says(&tools, target, &want).await)?,
        Place::Table(database) => deployments(&tools, table::read(&tools, database, &want).await)?,
        Place::Endpoints(health) => Answered::Round(probe::round(&tools, health).await),
    };
    let kin = kin(&tools, commits(&answer), audience.of(&answer)).await?;
    Ok(Box::new(Seen { answer, kin }))
}

/// What was seen, without secrets before it is kept anywhere: the words of others may hold any that is known here.
fn deployments(tools: &Tools, seen: Result<Snapshot, Miss>) -> Result<Answered, Miss> {
    let clean = |words: &str| tools.redact(words);
    let snapshot = seen.map_err(|why| why.map(clean))?.cleaned(clean);
    Ok(Answered::Deployments(Arc::new(snapshot)))
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

/// One line of the log is one line of the file, made inert and free of secrets, which may be longer than a line.
fn keep_log(tools: &Tools, watch: &Watch, target: &TargetName, log: &Log) -> std::io::Result<PathBuf> {
    let mut text = String::new();
    if log.is_cut {
        text.push_str("[the beginning is not here: only the end of the log is kept]\n");
    }
    for line in tools.redact(&log.text).lines() {
        text.push_str(&visible(line));
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
async fn kin(
    tools: &Arc<Tools>,
    commits: BTreeSet<String>,
    mut watches: Vec<Arc<Watch>>,
) -> Result<BTreeMap<RequestId, Arc<Kin>>, Miss> {
    let unreadable = || Miss::NoAnswer("git cannot read this repository, so its commits cannot be compared".to_owned());
    // One look after the other: they share what git has told, and a thread for each of them would only wait for it.
    let _turn = tools.comparisons.acquire().await.map_err(|_| unreadable())?;
    watches.sort_by_key(|watch| watch.push.at);
    let mut pushes = ByRef::new();
    for watch in &watches {
        let push = &watch.push;
        // The first of a ref is its oldest.
        if let Entry::Vacant(entry) = pushes.entry((push.remote.clone(), push.ref_name.clone())) {
            let after = tools.store.pushes_after(&push.remote, &push.ref_name, push.at).await;
            entry.insert(Later::new(after.unwrap_or_default(), &commits));
        }
    }
    let tools = Arc::clone(tools);
    let related = aside(move || relate(&tools, &commits, &watches, &pushes)).await.ok().flatten();
    related.ok_or_else(unreadable)
}

/// By remote and ref.
type ByRef = BTreeMap<(RemoteName, RefName), Later>;

/// Later pushes to a ref.
struct Later {
    all: Arc<Pushes>,
    /// Those whose commits the answer names.
    named: BTreeSet<(Timestamp, Sha)>,
}

impl Later {
    fn new(all: Arc<Pushes>, commits: &BTreeSet<String>) -> Self {
        let lower: Vec<String> = commits.iter().map(|commit| commit.to_ascii_lowercase()).collect();
        let named = lower.iter().flat_map(|digits| all.of(digits)).map(|(sha, at)| (*at, sha.clone())).collect();
        Self { all, named }
    }

    /// The pushes after this watch's that can matter to it: those the answer names, and the newest of the others that
    /// contains it.
    fn than(&self, watch: &Watch, mut relation: impl FnMut(&Sha) -> Relation) -> Vec<NewerPush> {
        let mut newer = |sha: &Sha, at: Timestamp| {
            let (sha, ref_name, relation) = (sha.clone(), watch.push.ref_name.clone(), relation(sha));
            NewerPush { sha, ref_name, at, relation }
        };
        let named = |sha: &Sha| self.named.iter().any(|(_, named)| named == sha);
        let others = self.all.after(watch.push.at).iter().rev().filter(|(sha, _)| *sha != watch.sha && !named(sha));
        let newest = others.map(|(sha, at)| newer(sha, *at)).find(|push| push.relation == Relation::Contains);
        let later = self.named.iter().filter(|(at, sha)| *at > watch.push.at && *sha != watch.sha);
        let mut found: Vec<_> = later.map(|(at, sha)| newer(sha, *at)).chain(newest).collect();
        found.sort_by_key(|push| push.at);
        found
    }
}

fn relate(
    tools: &Tools,
    commits: &BTreeSet<String>,
    watches: &[Arc<Watch>],
    pushes: &ByRef,
) -> Option<BTreeMap<RequestId, Arc<Kin>>> {
    // Mostly all that is asked is remembered.
    let repo: OnceCell<Option<Repo>> = OnceCell::new();
    let ask = |ours: &Sha, other: &str| {
        let repo = repo.get_or_init(|| Repo::open_common(tools.layout.common_dir()).ok());
        repo.as_ref().map_or(Relation::Unknown, |repo| repo.relation(ours, other))
    };
    let mut relations = tools.relations();
    let ours: Vec<Sha> = watches.iter().map(|watch| watch.sha.clone()).collect();
    let line = relations.line(&ask, &ours);
    let along: Vec<(Arc<str>, Vec<Relation>)> =
        commits.iter().map(|commit| (commit.as_str().into(), relations.along(&ask, &line, commit))).collect();
    let boot = tools.boot();
    // Mostly one and the same push is the newest to all of them.
    let mut later_ones: BTreeMap<Sha, Vec<Relation>> = BTreeMap::new();
    let mut related = BTreeMap::new();
    let mut last: Arc<Kin> = Arc::default();
    for (at, watch) in watches.iter().enumerate() {
        let mut kin = Kin::default();
        for (commit, relations) in &along {
            kin.set(Arc::clone(commit), relations[at]);
        }
        kin.clock_set = watch.clock_set_since(&boot);
        if let Some(later) = pushes.get(&(watch.push.remote.clone(), watch.push.ref_name.clone())) {
            kin.newer_pushes = later.than(watch, |sha| match later_ones.get(sha) {
                Some(known) => known[at],
                None => later_ones.entry(sha.clone()).or_insert(relations.along(&ask, &line, sha.as_str()))[at],
            });
        }
        // Who was pushed one after the other mostly has the same kin.
        if *last != kin {
            last = Arc::new(kin);
        }
        related.insert(watch.id.clone(), Arc::clone(&last));
    }
    let is_unreadable = matches!(repo.get(), Some(None));
    (!is_unreadable).then_some(related)
}
