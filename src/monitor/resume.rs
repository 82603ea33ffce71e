//! Taking up where the last monitor left off: living watches from the store, pushes from the reflog.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::aside::aside;
use super::keeper::Happening;
use super::plan::Wish;
use super::publish::Missing;
use super::tools::Tools;
use crate::base::{Span, Timestamp};
use crate::config::{Hints, branches_for};
use crate::host::files::Folder;
use crate::host::git::Repo;
use crate::host::hooking::{self, HookState};
use crate::host::settings;
use crate::push::reflog::Entry;
use crate::push::{RefName, RemoteName, RequestId, Sha};
use crate::status::Document;
use crate::store::StoreError;
use crate::watch::{Origin, Push, Watch};

/// The newest push of a ref is picked up if it is not older than this.
const TIP_AGE: Span = Span::from_hours(24);
/// So many reflog entries of a ref are read.
const ENTRIES: usize = 50;
/// So many of the newest watches are compared with what readers see of them.
const RECENT: u32 = 200;
/// So long a verdict may have waited for room on the disk when its monitor ended.
const LONGEST_UNTOLD: Span = Span::from_hours(1);
/// A shorter pause between two monitors is no gap.
const SHORTEST_GAP: Span = Span::from_secs(15);
/// No status document is larger.
const MOST_BYTES: usize = 1 << 20;
/// Since when the reflog is read: pushes from before afterpush was here are nobody's business.
const SINCE: &str = "journal_since";

/// Watches that were living when the last monitor ended, and how long nobody was here: less than nothing where the clock
/// was set back meanwhile.
pub async fn adopted(tools: &Tools) -> Result<Happening, StoreError> {
    let living = tools.store.living().await?;
    tracing::info!(watches = living.len(), "taking up what is to be watched");
    let gap = tools.last_alive.map_or(Span::ZERO, |last| tools.began.since(last));
    let is_gap = gap > SHORTEST_GAP || gap < Span::ZERO;
    Ok(Happening::Adopted(living, if is_gap { gap } else { Span::ZERO }))
}

/// The newest attempts of the commits that were watched lately.
pub async fn recent(tools: &Tools) -> Result<Vec<Watch>, StoreError> {
    let mut seen = BTreeSet::new();
    let recent = tools.store.recent(RECENT).await?;
    Ok(recent.into_iter().filter(|watch| seen.insert(watch.sha.clone())).collect())
}

/// What to do about a document that is not there: of what was decided long before the last monitor's end it was cleared
/// away, and otherwise there may have been no room for it, as there was not if it is owed.
pub fn missing(tools: &Tools, watch: &Watch, is_owed: bool) -> Missing {
    let verdicts = watch.courses.iter().filter_map(|course| course.times.decided_at);
    let decided = verdicts.chain(watch.ending.as_ref().map(|ending| ending.at)).max();
    let last = tools.last_alive.unwrap_or(tools.began);
    let is_old = decided.is_some_and(|decided| last.since(decided) > LONGEST_UNTOLD);
    if watch.is_over() && is_old && !is_owed { Missing::Leave } else { Missing::Write }
}

/// What the status files tell where the database was lost; nothing where it was not.
#[derive(Default)]
pub struct Lost {
    /// What was being watched.
    pub unfinished: Vec<Wish>,
    /// What had its verdict, and keeps it.
    pub decided: BTreeSet<Sha>,
}

/// A new database beside old status files: the old one was lost, and what is known is in those files.
pub async fn lost(tools: &Arc<Tools>) -> Lost {
    if !tools.store.is_fresh() {
        return Lost::default();
    }
    let reader = Arc::clone(tools);
    aside(move || read_documents(&reader)).await.unwrap_or_default()
}

fn read_documents(tools: &Tools) -> Lost {
    let Ok(Some(folder)) = Folder::existing(&tools.layout.status_dir()) else { return Lost::default() };
    let names = folder.names().unwrap_or_default();
    let own = |name: &&String| folder.about(name).is_ok_and(|about| about.is_some_and(|about| about.uid == tools.uid));
    let is_document = |name: &&String| name.strip_suffix(".json").is_some_and(|sha| sha.parse::<Sha>().is_ok());
    let documents = names.iter().filter(is_document).filter(own);
    let read = |name: &String| Document::parse(&folder.read(name, MOST_BYTES).ok()??).ok();
    let mut lost = Lost::default();
    for document in documents.filter_map(read) {
        if document.done {
            lost.decided.insert(document.commit.sha);
        } else {
            lost.unfinished.extend(wish(tools, document));
        }
    }
    lost.unfinished.sort_by(|one, other| one.id.cmp(&other.id));
    if !names.is_empty() {
        tracing::warn!(watches = lost.unfinished.len(), "the database was lost; going on from the status files");
    }
    lost
}

fn wish(tools: &Tools, document: Document) -> Option<Wish> {
    let told = document.push?;
    let origin = match (told.at, told.confirmed) {
        (Some(_), true) => Origin::Reflog,
        (Some(_), false) => Origin::Hook,
        (None, _) => Origin::Track,
    };
    let at = told.at.unwrap_or(tools.now());
    let push = Push {
        at,
        remote: RemoteName::new(told.remote),
        url: None,
        ref_name: RefName::new(told.ref_name),
        old: told.old,
        commits: told.commits,
        forced: told.forced,
        origin,
        git: None,
        moved: false,
    };
    let sha = document.commit.sha;
    let id = RequestId::of_reflog(&sha, at);
    Some(Wish { id, sha, attempt: document.attempt.unwrap_or(1), pushes: vec![push], worktree: None, only: None })
}

/// Pushes the reflogs of the watched remotes tell of: among them some made with `--no-verify`, or while the disk was
/// full, or noted by a hook whose request a power cut took.
pub async fn journal(tools: &Arc<Tools>) -> Result<Vec<Wish>, StoreError> {
    let now = tools.now();
    let noted = tools.store.note(SINCE).await?.and_then(|text| text.parse::<Timestamp>().ok());
    let since = if let Some(since) = noted {
        since
    } else {
        // Where the database was lost, the files readers see tell that afterpush has been here for long.
        let since = if tools.has_history() { now - TIP_AGE } else { now };
        tools.store.set_note(SINCE, &since.to_string()).await?;
        since
    };
    let reader = Arc::clone(tools);
    let found = aside(move || pushes(&reader, since, now)).await.unwrap_or_default();
    let mut unknown = Vec::new();
    for wish in found.into_iter().map(Found::wish) {
        if !is_known(tools, &wish).await? {
            unknown.push(wish);
        }
    }
    // Where the hook was taken out, nobody wants to hear of pushes. Asked last: git has to be run for it.
    let reader = Arc::clone(tools);
    let wants_them = !unknown.is_empty() && aside(move || has_hook(&reader)).await.unwrap_or(false);
    Ok(if wants_them { unknown } else { Vec::new() })
}

/// The store knows the push of a wish, or is to ignore it.
pub async fn is_known(tools: &Tools, wish: &Wish) -> Result<bool, StoreError> {
    let push = &wish.pushes[0];
    tools.store.knows_push(&push.remote, &push.ref_name, &wish.sha, push.at, &tools.boot()).await
}

struct Found {
    remote: RemoteName,
    ref_name: RefName,
    entry: Entry,
}

impl Found {
    fn wish(self) -> Wish {
        let Self { remote, ref_name, entry } = self;
        let push = Push {
            at: entry.at,
            remote,
            url: None,
            ref_name,
            old: entry.old,
            commits: None,
            forced: None,
            origin: Origin::Reflog,
            git: None,
            moved: false,
        };
        let id = RequestId::of_reflog(&entry.new, entry.at);
        Wish { id, sha: entry.new, attempt: 1, pushes: vec![push], worktree: None, only: None }
    }
}

fn pushes(tools: &Tools, since: Timestamp, now: Timestamp) -> Vec<Found> {
    let Ok(repo) = Repo::open_common(tools.layout.common_dir()) else { return Vec::new() };
    let Ok(config) = tools.settings(None) else { return Vec::new() };
    let mut found = Vec::new();
    for remote in &config.watch.remotes {
        let remote = RemoteName::new(remote.as_str());
        let head = repo.default_branch(remote.as_str());
        let hints = Hints { remote_head: head.as_deref(), triggers: None };
        let branches = config.targets.iter().flat_map(|target| branches_for(target, &config.watch, hints));
        for branch in branches.collect::<BTreeSet<String>>() {
            let ref_name = RefName::of_branch(&branch);
            for (index, entry) in entries(&repo, &remote, &ref_name).into_iter().enumerate() {
                let age = if index == 0 { TIP_AGE } else { config.watch.register_timeout };
                if entry.is_push() && entry.at >= since && now.since(entry.at) <= age {
                    found.push(Found { remote: remote.clone(), ref_name: ref_name.clone(), entry });
                }
            }
        }
    }
    // Oldest first, as they were made.
    found.sort_by_key(|push| push.entry.at);
    found
}

/// The hook is here, seen from the worktree: there a relative `core.hooksPath` means something.
fn has_hook(tools: &Tools) -> bool {
    let Ok(repo) = Repo::open_common(tools.layout.common_dir()) else { return false };
    let seen = settings::worktree_for(&repo, None).and_then(|worktree| Repo::discover(&worktree).ok());
    !matches!(hooking::inspect(seen.as_ref().unwrap_or(&repo)), Ok(HookState::Absent))
}

/// What the reflog of a branch's tracking ref says, newest first.
fn entries(repo: &Repo, remote: &RemoteName, ref_name: &RefName) -> Vec<Entry> {
    let tracking = repo.tracking_ref(remote, ref_name);
    tracking.map(|tracking| repo.reflog(&tracking, ENTRIES)).unwrap_or_default()
}
