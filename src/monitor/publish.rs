//! What readers see: the status document, the timeline, `latest.json`, the mirror in the worktree.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::MonitorError;
use super::tools::Tools;
use crate::base::{Span, Timestamp};
use crate::host::files::Folder;
use crate::process::failpoint;
use crate::push::Sha;
use crate::status::{self, Document, Surroundings, mirror};
use crate::store::Change;
use crate::watch::{Landing, Watch, outlook};

/// No document is larger.
const MOST_BYTES: usize = 1 << 20;
/// The newest confirmed push's document.
const LATEST: &str = "latest.json";

/// What to do about a document that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Write it.
    Write,
    /// Leave it so.
    Leave,
}

/// Writes for readers.
pub struct Publisher {
    status: Folder,
    has_complained: bool,
}

impl Publisher {
    /// Opens, and where needed makes, `status/`.
    pub fn open(tools: &Tools) -> Result<Self, MonitorError> {
        let path = tools.layout.status_dir();
        let status = Folder::shared(&path, tools.sharing());
        Ok(Self { status: status.map_err(|source| MonitorError::files(&path, source))?, has_complained: false })
    }

    /// Writes everything of what changed, and returns what there was no room for on the disk. A failure is logged once;
    /// the store knows. Nothing may be written again for as long as `quiet` if nothing happens.
    pub async fn publish(&mut self, tools: &Tools, changes: Vec<Change>, quiet: Span) -> Vec<Change> {
        let shown = shown(tools, changes.iter().map(|change| &change.watch)).await;
        let mut batch = Batch::new(tools, quiet, self.read(LATEST));
        let (mut left, mut put) = (Vec::new(), Vec::new());
        let mut done = Ok(());
        for mut change in changes {
            let written = self.put(&mut batch, &shown[&change.watch.sha], &mut change);
            if has_no_room(&written) {
                left.push(change);
            } else {
                put.push(change);
            }
            // One that cannot be written is no reason to leave out the others.
            done = done.and(written);
        }
        let finished = self.finish(&batch);
        if has_no_room(&finished) {
            left.append(&mut put);
        }
        match done.and(finished) {
            Ok(()) => self.has_complained = false,
            Err(why) if !self.has_complained => {
                tracing::error!(%why, "cannot write what readers see; tried again as soon as there is room, or with the next change");
                self.has_complained = true;
            }
            Err(_) => {}
        }
        left
    }

    /// Writes a document, and its copy, anew that is not what the store says: the last monitor ended between them, or
    /// the file is damaged. One that is gone comes back only if `missing` says so; it may have been cleared away.
    /// Returns what there was no room for.
    pub async fn mend(&mut self, tools: &Tools, watch: &Arc<Watch>, missing: Missing, quiet: Span) -> Vec<Change> {
        let name = format!("{}.json", watch.sha);
        let is_there = self.status.about(&name).is_ok_and(|about| about.is_some());
        let is_right = match self.read(&name) {
            Some(there) => {
                let outlook = outlook(&shown(tools, [watch].into_iter()).await[&watch.sha]);
                let is_told =
                    |there: &Document| there.done == outlook.done && there.verdict == outlook.verdict.map(Into::into);
                let copy = self.read(LATEST).filter(|latest| latest.commit.sha == watch.sha);
                is_told(&there) && copy.as_ref().is_none_or(is_told)
            }
            None => !is_there && missing == Missing::Leave,
        };
        if is_right {
            return Vec::new();
        }
        self.publish(tools, vec![Change { watch: Arc::clone(watch), events: Vec::new() }], quiet).await
    }

    /// What the timeline has is taken out of the change.
    fn put(&self, batch: &mut Batch<'_>, shown: &Watch, change: &mut Change) -> io::Result<()> {
        let Change { watch, events } = change;
        let tools = batch.tools;
        let around = Surroundings {
            now: batch.now,
            is_head: batch.head.as_ref() == Some(&watch.sha),
            monitor_pid: Some(std::process::id()),
            quiet: batch.quiet,
        };
        let document = status::document(shown, &around).cleaned(|words| tools.redact(words));
        let lines: String = events.iter().map(|event| status::timeline_line(&watch.sha, event)).collect();
        let lines = tools.redact(&lines);
        // First the mirror: whoever was told by the status that it is decided finds the mirror complete.
        if let Some(worktree) = watch.worktree.as_deref().filter(|worktree| batch.mirrors(worktree)) {
            write_mirror(worktree, &document, &lines)
                .unwrap_or_else(|why| tracing::warn!(%why, "cannot write the mirror"));
        }
        let name = format!("{}.json", document.commit.sha);
        if !self.is_ours_to_write(tools, &name)? {
            return Ok(());
        }
        if !lines.is_empty() {
            self.status.append(&format!("{}.log", document.commit.sha), lines.as_bytes())?;
        }
        failpoint("monitor.timeline_written");
        let written = Written { is_news: document.done || !events.is_empty(), bytes: document.to_bytes() };
        events.clear();
        self.replace(&name, &written)?;
        failpoint("monitor.document_written");
        // A verdict must survive a power cut under its name.
        batch.is_verdict_given |= document.done;
        if status::takes_latest(&document, batch.latest.as_ref()) {
            batch.latest = Some(document);
            batch.copy = Some(written);
        }
        Ok(())
    }

    fn finish(&self, batch: &Batch<'_>) -> io::Result<()> {
        if batch.is_verdict_given {
            self.status.sync()?;
        }
        match &batch.copy {
            Some(copy) if self.is_ours_to_write(batch.tools, LATEST)? => self.replace(LATEST, copy),
            _ => Ok(()),
        }
    }

    /// Where nothing happened that the timeline tells of, a power cut may empty the file: it is written again soon, and
    /// until then nobody takes it for an answer.
    fn replace(&self, name: &str, written: &Written) -> io::Result<()> {
        if written.is_news {
            self.status.replace(name, &written.bytes)
        } else {
            self.status.refresh(name, &written.bytes)
        }
    }

    /// Another user's monitor may be at work on the same commit.
    fn is_ours_to_write(&self, tools: &Tools, name: &str) -> io::Result<bool> {
        let Some(about) = self.status.about(name)? else { return Ok(true) };
        let own = tools.uid;
        Ok(about.uid == own || status::may_write(about.uid, self.read(name).as_ref(), own, tools.now()))
    }

    fn read(&self, name: &str) -> Option<Document> {
        Document::parse(&self.status.read(name, MOST_BYTES).ok()??).ok()
    }
}

/// What is written at once, with what is asked once for all of it.
struct Batch<'t> {
    tools: &'t Tools,
    now: Timestamp,
    quiet: Span,
    head: Option<Sha>,
    /// By worktree: the mirror is wanted there.
    mirrors: BTreeMap<PathBuf, bool>,
    /// What `latest.json` is to say.
    latest: Option<Document>,
    /// Its new content.
    copy: Option<Written>,
    is_verdict_given: bool,
}

struct Written {
    bytes: Vec<u8>,
    /// The timeline tells of more, or it is the last word.
    is_news: bool,
}

impl<'t> Batch<'t> {
    fn new(tools: &'t Tools, quiet: Span, latest: Option<Document>) -> Self {
        let (now, head) = (tools.now(), tools.head());
        Self { tools, now, quiet, head, mirrors: BTreeMap::new(), latest, copy: None, is_verdict_given: false }
    }

    fn mirrors(&mut self, worktree: &Path) -> bool {
        if let Some(known) = self.mirrors.get(worktree) {
            return *known;
        }
        let is_wanted = self.tools.mirrors(worktree);
        self.mirrors.insert(worktree.to_path_buf(), is_wanted);
        is_wanted
    }
}

/// It will, as soon as somebody clears away.
fn has_no_room(written: &io::Result<()>) -> bool {
    let kind = written.as_ref().err().map(io::Error::kind);
    matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
}

/// What the documents of the commits of these watches show: the newest attempt, but not one that never got anywhere (not
/// pushed, to a branch that deploys nowhere) over one that did.
async fn shown(tools: &Tools, watches: impl Iterator<Item = &Arc<Watch>> + Clone) -> BTreeMap<Sha, Arc<Watch>> {
    let others = tools.store.other_attempts(watches.clone().map(|watch| &**watch)).await.unwrap_or_default();
    let got_somewhere =
        |watch: &Watch| watch.landing != Landing::NotLanded && !(watch.ending.is_some() && watch.courses.is_empty());
    let rank = |watch: &Watch| (got_somewhere(watch), watch.attempt);
    let mut shown = BTreeMap::<Sha, Arc<Watch>>::new();
    for attempt in others.into_iter().map(Arc::new).chain(watches.cloned()) {
        if shown.get(&attempt.sha).is_none_or(|best| rank(&attempt) >= rank(best)) {
            shown.insert(attempt.sha.clone(), attempt);
        }
    }
    shown
}

fn write_mirror(worktree: &Path, document: &Document, lines: &str) -> io::Result<()> {
    let Some(folder) = Folder::existing(worktree)? else { return Ok(()) };
    let sha = &document.commit.sha;
    if !lines.is_empty() {
        folder.append(&mirror::File::Log.name(sha), lines.as_bytes())?;
    }
    for (file, content) in
        [(mirror::File::Result, mirror::result(document)), (mirror::File::Pid, mirror::pid(document))]
    {
        match content {
            Some(content) => folder.replace(&file.name(sha), content.as_bytes())?,
            None => drop(folder.remove(&file.name(sha))?),
        }
    }
    Ok(())
}
