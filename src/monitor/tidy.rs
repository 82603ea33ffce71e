//! What the monitor does at every heartbeat: show that it lives, notice sleep, a newer binary and a vanished or moved
//! repository, and clear away what is old.

use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::aside::aside;
use super::ledger::Ledger;
use super::sweep::Sweep;
use super::tools::Tools;
use super::{Ended, MonitorError, Orders};
use crate::base::{Span, Timestamp};
use crate::host::files::Folder;
use crate::process::{self, ALIVE_EVERY, FileId};
use crate::status::garbage::{Age, ClockNote, Living};
use crate::store::StoreError;

/// A heartbeat that is late by this much means that the machine slept, or this process was stopped.
const ASLEEP: Span = Span::from_secs(30);
/// Old files are looked for this often.
const CLEANING: Span = Span::from_hours(1);

/// So many files are removed at once, so that looks are not held up.
const MOST_AT_ONCE: usize = 500;
/// Decided watches are remembered this long, whatever becomes of their files: estimates are made of them.
const HISTORY: Span = Span::from_hours(400 * 24);
/// What the clocks said at the last cleaning.
const CLOCK: &str = "clock";

/// What a heartbeat brought to light.
pub enum Beat {
    /// Nothing.
    Steady,
    /// The machine slept this long, or its clock was set forward by as much; less than nothing: it was set back.
    Slept(Span),
    /// The monitor has to end.
    End(Ended),
}

/// The monitor's housekeeping.
pub struct Tidy {
    private: Folder,
    held: Option<FileId>,
    program: PathBuf,
    /// The program's file when this monitor began.
    own_file: Option<FileId>,
    last_beat: Span,
    /// What both clocks said when they were last compared.
    compared: (Span, Timestamp),
    next_cleaning: Span,
}

impl Tidy {
    /// Opens the private folder.
    pub fn start(tools: &Tools, orders: &Orders) -> Result<Self, MonitorError> {
        let private = Folder::private(tools.layout.private());
        let private = private.map_err(|source| MonitorError::files(tools.layout.private(), source))?;
        let held = FileId::of(tools.layout.private());
        let now = tools.outside.since_boot();
        let own_file = FileId::of(&orders.program);
        Ok(Self {
            private,
            held,
            program: orders.program.clone(),
            own_file,
            last_beat: now,
            compared: (now, tools.now()),
            next_cleaning: now,
        })
    }

    /// One heartbeat, if one is due. Whether the clock was set is seen at once: no limit may be judged by it before.
    pub async fn beat(&mut self, tools: &Arc<Tools>, ledger: &mut Ledger) -> Beat {
        let now = tools.outside.since_boot();
        let set_by = self.clock_set_by(now, tools.now());
        if set_by > ASLEEP || set_by < Span::ZERO - ASLEEP {
            return Beat::Slept(set_by);
        }
        let since = now - self.last_beat;
        if since < ALIVE_EVERY {
            return Beat::Steady;
        }
        self.last_beat = now;
        if let Some(ended) = self.reason_to_end(tools.layout.private()) {
            return Beat::End(ended);
        }
        self.show_life(tools.now());
        ledger.write().await;
        if now >= self.next_cleaning {
            self.next_cleaning = now + CLEANING;
            if let Err(why) = clean(tools).await {
                tracing::warn!(%why, "cannot clear away what is old");
            }
        }
        if since > ASLEEP { Beat::Slept(since - ALIVE_EVERY) } else { Beat::Steady }
    }

    /// How far the clock was set since the last time, beside the time that has passed.
    fn clock_set_by(&mut self, now: Span, time: Timestamp) -> Span {
        let (last_now, last_time) = std::mem::replace(&mut self.compared, (now, time));
        time.since(last_time) - (now - last_now)
    }

    fn show_life(&self, now: Timestamp) {
        if let Err(why) = self.private.touch("alive", now) {
            tracing::warn!(%why, "cannot show that the monitor is alive");
        }
    }

    /// The repository was removed or moved, or the program's file was replaced. A removed program is no reason: this
    /// monitor works on.
    fn reason_to_end(&self, private: &Path) -> Option<Ended> {
        if FileId::of(private) != self.held {
            return Some(self.whereabouts().map_or(Ended::Gone, Ended::Moved));
        }
        let replaced = FileId::of(&self.program).is_some_and(|file| self.own_file.is_some_and(|own| own != file));
        replaced.then_some(Ended::HandedOver)
    }

    /// Where the held folder is now; `None` if it was removed, or where the system cannot tell.
    fn whereabouts(&self) -> Option<PathBuf> {
        let path = std::fs::read_link(format!("/proc/self/fd/{}", self.private.as_fd().as_raw_fd())).ok()?;
        (FileId::of(&path) == self.held).then_some(path)
    }
}

/// Removes what is old, a few files at a time, unless the clock may be wrong about what is old.
async fn clean(tools: &Arc<Tools>) -> Result<(), StoreError> {
    let keeping = Arc::clone(tools);
    let keep = aside(move || keeping.settings(None).map(|config| config.status.keep)).await;
    let Ok(Ok(keep)) = keep else { return Ok(()) };
    let now = tools.now();
    let last = tools.store.note(CLOCK).await?.and_then(|text| serde_json::from_str(&text).ok());
    let boot = process::boot_id().unwrap_or_default();
    let (is_trusted, note) = ClockNote::judge(last.as_ref(), now, tools.outside.since_boot(), &boot);
    tools.store.set_note(CLOCK, &serde_json::to_string(&note).unwrap_or_default()).await?;
    if !is_trusted {
        tracing::warn!("the clock has jumped; nothing is cleared away by age until it has proven right for a day");
        return Ok(());
    }
    tools.store.forget(now - HISTORY).await?;
    let living = Living::new(&tools.store.living_commits().await?);
    let layout = tools.layout.clone();
    let sweep = move || {
        let age = Age { now, keep };
        Sweep { layout: &layout, worktrees: &[], living: &living, age, most: MOST_AT_ONCE, dry_run: false }.run()
    };
    if let Ok(Err(why)) = aside(sweep).await {
        tracing::warn!(%why, "cannot clear away old files");
    }
    Ok(())
}
