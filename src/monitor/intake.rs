//! Requests become watches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::aside::aside;
use super::keeper::{Happening, Keeper};
use super::landing;
use super::plan::{self, Wish};
use super::tools::Tools;
use crate::base::Timestamp;
use crate::config::Config;
use crate::host::git::Repo;
use crate::push::{Asked, PushNote, RefName, RefUpdate, RemoteName, Request, RequestId, Sha, TrackNote};
use crate::store::StoreError;
use crate::watch::{LandingSeen, Origin, Push, Reason};

/// What a request comes to.
#[derive(Debug)]
pub enum Intake {
    /// The keeper is to know.
    Happened(Vec<Happening>),
    /// Another monitor stands ready: make way.
    Leave,
}

/// Requests that were taken and are to be written down at once. They begin watches of different commits, so none had
/// to know of another.
#[derive(Debug, Default)]
pub struct Taken {
    /// Their names.
    pub ids: Vec<RequestId>,
    /// What the keeper is to know.
    pub happened: Vec<Happening>,
    commits: BTreeSet<Sha>,
}

impl Taken {
    /// What is asked can be taken before these are written down.
    pub fn has_room_for(&self, asked: &Asked) -> bool {
        self.ids.is_empty() || asked.begins_watches() && asked.commits().all(|sha| !self.commits.contains(sha))
    }

    /// One more was taken.
    pub fn add(&mut self, id: RequestId, commits: Vec<Sha>, happened: Vec<Happening>) {
        // However many there are, the configuration is read anew once.
        let is_nudged = self.happened.iter().any(|happening| matches!(happening, Happening::Nudged));
        let is_news = |happening: &Happening| !is_nudged || !matches!(happening, Happening::Nudged);
        self.happened.extend(happened.into_iter().filter(is_news));
        self.ids.push(id);
        self.commits.extend(commits);
    }
}

/// Why a request could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The store does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A mistake in afterpush, or no thread could be had for it; the panic is in the log.
    #[error("planning the watch failed")]
    Panicked,
}

/// Takes in one request.
pub async fn take(tools: &Arc<Tools>, keeper: &Keeper, request: Request) -> Result<Intake, IntakeError> {
    let Request { id, at, asked, .. } = request;
    let happened = match asked {
        Asked::Push(note) => push(tools, &id, at, note).await?,
        Asked::Track(note) => track(tools, id, at, note).await?,
        Asked::Ignore(note) => {
            for update in &note.refs {
                tools.store.ignore(&note.remote, &update.name, &update.new, at).await?;
            }
            Vec::new()
        }
        Asked::Stop(note) => vec![Happening::Stopped(note.sha)],
        Asked::Refresh { sha } => refresh(tools, keeper, &sha).await?,
        Asked::Leave => return Ok(Intake::Leave),
    };
    Ok(Intake::Happened(happened))
}

/// One commit pushed to several refs at once is one watch on the targets of all of them.
async fn push(
    tools: &Arc<Tools>,
    id: &RequestId,
    at: Timestamp,
    note: PushNote,
) -> Result<Vec<Happening>, IntakeError> {
    let mut by_commit: BTreeMap<Sha, Vec<RefUpdate>> = BTreeMap::new();
    for update in note.refs {
        by_commit.entry(update.new.clone()).or_default().push(update);
    }
    let mut happened = vec![Happening::Nudged];
    for (sha, updates) in by_commit {
        let pushes = updates.into_iter().map(|update| Push {
            at,
            remote: note.remote.clone(),
            url: Some(note.url.clone()),
            ref_name: update.name,
            old: update.old,
            commits: None,
            forced: None,
            origin: Origin::Hook,
            git: note.git.clone(),
            moved: update.moved,
        });
        let id = if id.about().as_ref() == Some(&sha) { id.clone() } else { id.sibling(&sha) };
        let pushes = pushes.collect();
        let wish = Wish { id, sha, attempt: 1, pushes, worktree: note.worktree.clone(), only: None };
        happened.extend(open(tools, wish).await?);
    }
    Ok(happened)
}

async fn track(
    tools: &Arc<Tools>,
    id: RequestId,
    at: Timestamp,
    note: TrackNote,
) -> Result<Vec<Happening>, IntakeError> {
    let (remote, branch) = place(tools, &note).await;
    let (pushed_at, old, origin) = match note.pushed {
        Some(pushed) => (pushed.at, pushed.old, Origin::Reflog),
        None => (at, None, Origin::Track),
    };
    let push = Push {
        at: pushed_at,
        remote,
        url: None,
        ref_name: RefName::of_branch(&branch),
        old,
        commits: None,
        forced: None,
        origin,
        git: None,
        moved: false,
    };
    let (sha, worktree, only) = (note.sha, note.worktree, note.target);
    let wish = Wish { id, sha, attempt: 1, pushes: vec![push], worktree, only };
    let mut happened = vec![Happening::Nudged];
    happened.extend(open(tools, wish).await?);
    Ok(happened)
}

/// Where a commit that is to be tracked was pushed to: as asked, else the first watched remote and its branch.
async fn place(tools: &Arc<Tools>, note: &TrackNote) -> (RemoteName, String) {
    let (remote, branch, worktree) = (note.remote.clone(), note.branch.clone(), note.worktree.clone());
    let tools = Arc::clone(tools);
    let find = move || {
        let config = tools.settings(worktree.as_deref()).ok();
        let first = config.as_ref().and_then(|config| config.watch.remotes.first());
        let remote = remote.unwrap_or_else(|| RemoteName::new(first.map_or("origin", String::as_str)));
        let head = || Repo::open_common(tools.layout.common_dir()).ok()?.default_branch(remote.as_str());
        let branch = branch.or_else(|| watched_branch(config.as_ref()?)).or_else(head);
        (remote, branch.unwrap_or_else(|| "main".to_owned()))
    };
    let found = aside(find).await;
    found.unwrap_or_else(|_| (RemoteName::new("origin"), "main".to_owned()))
}

/// The first branch the configuration names.
fn watched_branch(config: &Config) -> Option<String> {
    let of_target = config.targets.iter().find_map(|target| target.branches.as_ref()?.first());
    of_target.or(config.watch.branches.as_ref()?.first()).cloned()
}

async fn refresh(tools: &Tools, keeper: &Keeper, sha: &Sha) -> Result<Vec<Happening>, IntakeError> {
    let watch = match keeper.of_commit(sha) {
        Some(living) => Some(Arc::clone(living)),
        None => tools.store.newest(sha).await?.map(Arc::new),
    };
    let revisited = watch.map(Happening::Revisited);
    Ok([Happening::Nudged].into_iter().chain(revisited).collect())
}

/// Begins the watch of one commit, unless this very request began it before, or another one is at it.
pub async fn open(tools: &Arc<Tools>, mut wish: Wish) -> Result<Vec<Happening>, IntakeError> {
    if tools.store.by_id(&wish.id).await?.is_some() {
        return Ok(Vec::new());
    }
    let mut happened = Vec::new();
    if let Some(earlier) = tools.store.newest(&wish.sha).await? {
        let same = |push: &Push| push.remote == earlier.push.remote && push.ref_name == earlier.push.ref_name;
        if wish.pushes.iter().any(|push| same(push) && push.git.is_some() && push.git == earlier.push.git) {
            // One git that pushes to several URLs of a remote calls the hook for each of them.
            return Ok(Vec::new());
        }
        if !earlier.is_decided() && wish.pushes.iter().any(same) {
            if earlier.has_landed() || wish.pushes[0].origin != Origin::Hook {
                // One thing in the world, one watch; but somebody wants to know now.
                return Ok(vec![Happening::Revisited(Arc::new(earlier))]);
            }
            // git had something to push, so the remote did not have it: the earlier push did not get there, if its git
            // had ended by then.
            if earlier.is_git_gone() && landing::gone_since(&earlier) <= wish.pushes[0].at {
                happened.push(Happening::Landing(earlier.id.clone(), LandingSeen::Disproven(Reason::Rejected)));
            }
        }
        wish.attempt = earlier.attempt + 1;
    }
    let planner = Arc::clone(tools);
    let begun = aside(move || plan::begin(&planner, wish)).await;
    let Ok(begun) = begun else {
        // The request stays where it is, and is set aside after a few attempts.
        return Err(IntakeError::Panicked);
    };
    happened.push(Happening::Opened(Arc::new(begun.watch), begun.happened));
    Ok(happened)
}
