//! What readers see: the status document, the timeline, `latest.json`, the mirror in the worktree.

use std::path::Path;

use super::MonitorError;
use super::tools::Tools;
use crate::host::files::Folder;
use crate::process::failpoint;
use crate::status::{self, Document, Surroundings, mirror};
use crate::watch::{Event, Landing, Watch, outlook};

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

    /// Writes everything of one watch. A failure is logged once; the store knows, and the next change tries again.
    pub async fn publish(&mut self, tools: &Tools, watch: &Watch, events: &[Event]) {
        let shown = shown(tools, watch).await;
        let around = Surroundings {
            now: tools.now(),
            is_head: tools.head().as_ref() == Some(&watch.sha),
            monitor_pid: Some(std::process::id()),
        };
        let document = status::document(&shown, &around).cleaned(|words| tools.redact(words));
        let lines: String = events.iter().map(|event| status::timeline_line(&watch.sha, event)).collect();
        let lines = tools.redact(&lines);
        // First the mirror: whoever was told by the status that it is decided finds the mirror complete.
        if let Some(worktree) = watch.worktree.as_deref().filter(|worktree| tools.mirrors(worktree)) {
            write_mirror(worktree, &document, &lines)
                .unwrap_or_else(|why| tracing::warn!(%why, "cannot write the mirror"));
        }
        match self.write(tools, &document, &lines) {
            Ok(()) => self.has_complained = false,
            Err(why) if !self.has_complained => {
                tracing::error!(%why, "cannot write what readers see; tried again with the next change");
                self.has_complained = true;
            }
            Err(_) => {}
        }
    }

    /// Writes a document, and its copy, anew that is not what the store says: the last monitor ended between them, or
    /// the file is damaged. One that is gone comes back only if `missing` says so; it may have been cleared away.
    pub async fn mend(&mut self, tools: &Tools, watch: &Watch, missing: Missing) {
        let name = format!("{}.json", watch.sha);
        let is_there = self.status.about(&name).is_ok_and(|about| about.is_some());
        let is_right = match self.read(&name) {
            Some(there) => {
                let outlook = outlook(&shown(tools, watch).await);
                let is_told =
                    |there: &Document| there.done == outlook.done && there.verdict == outlook.verdict.map(Into::into);
                let copy = self.read(LATEST).filter(|latest| latest.commit.sha == watch.sha);
                is_told(&there) && copy.as_ref().is_none_or(is_told)
            }
            None => !is_there && missing == Missing::Leave,
        };
        if !is_right {
            self.publish(tools, watch, &[]).await;
        }
    }

    fn write(&self, tools: &Tools, document: &Document, lines: &str) -> std::io::Result<()> {
        let name = format!("{}.json", document.commit.sha);
        if !self.is_ours_to_write(tools, &name)? {
            return Ok(());
        }
        if !lines.is_empty() {
            self.status.append(&format!("{}.log", document.commit.sha), lines.as_bytes())?;
        }
        let bytes = document.to_bytes();
        failpoint("monitor.timeline_written");
        self.status.replace(&name, &bytes)?;
        failpoint("monitor.document_written");
        if document.done {
            // A verdict must survive a power cut under its name.
            self.status.sync()?;
        }
        let current = self.read(LATEST);
        if status::takes_latest(document, current.as_ref()) && self.is_ours_to_write(tools, LATEST)? {
            self.status.replace(LATEST, &bytes)?;
        }
        Ok(())
    }

    /// Another user's monitor may be at work on the same commit.
    fn is_ours_to_write(&self, tools: &Tools, name: &str) -> std::io::Result<bool> {
        let Some(about) = self.status.about(name)? else { return Ok(true) };
        let own = tools.uid;
        Ok(about.uid == own || status::may_write(about.uid, self.read(name).as_ref(), own, tools.now()))
    }

    fn read(&self, name: &str) -> Option<Document> {
        Document::parse(&self.status.read(name, MOST_BYTES).ok()??).ok()
    }
}

/// What a commit's document shows: the newest attempt, but not one that never got anywhere (not pushed, to a branch
/// that deploys nowhere) over one that did.
async fn shown(tools: &Tools, watch: &Watch) -> Watch {
    let attempts = tools.store.attempts(&watch.sha).await.unwrap_or_default();
    let others = attempts.into_iter().filter(|other| other.id != watch.id);
    let got_somewhere =
        |watch: &Watch| watch.landing != Landing::NotLanded && !(watch.ending.is_some() && watch.courses.is_empty());
    let best = others.chain([watch.clone()]).max_by_key(|attempt| (got_somewhere(attempt), attempt.attempt));
    best.unwrap_or_else(|| watch.clone())
}

fn write_mirror(worktree: &Path, document: &Document, lines: &str) -> std::io::Result<()> {
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
