//! Waiting for a commit's status to change, and keeping somebody at work on it meanwhile.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::helper::Helper;
use super::journal::unable_since;
use super::place::{Place, Written};
use super::{Failure, INTERRUPTED, World};
use crate::host::watcher::Watcher;
use crate::process::{self, Ensured, Presence};
use crate::push::Sha;
use crate::status::Document;

/// How often the file is read again, whether or not the system told of a change.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it is checked that a monitor runs.
const CHECK_EVERY: Duration = Duration::from_secs(5);
/// How often in a row a monitor may be found gone before this is given up.
const PATIENCE: u32 = 12;

/// The exit code after SIGTERM.
const TERMINATED: u8 = 143;

/// What happened while waiting.
pub enum Seen {
    /// The status changed.
    Changed(Box<Document>),
    /// A second passed.
    Tick,
    /// The time the caller gave ran out.
    TimeUp,
    /// Ctrl-C, or a request to end: the exit code, as shells count it.
    Interrupted(u8),
}

/// Follows the status file of one commit.
pub struct Follow<'a> {
    world: &'a World,
    place: &'a Place,
    sha: Sha,
    seen: Option<Document>,
    /// What the file was when it was read last, at most as new as what was read.
    read_as: Option<Written>,
    watcher: Option<Watcher>,
    tick: Interval,
    until: Option<Instant>,
    checked: Option<Instant>,
    is_called: bool,
    /// How long the monitor's log was before a monitor was started that has not shown itself yet.
    awaited: Option<usize>,
    gone: u32,
    helper: Option<Helper>,
    interrupts: [Signal; 2],
}

impl<'a> Follow<'a> {
    /// Follows this commit's file, for at most `limit`. Needs a tokio runtime around it.
    pub fn new(world: &'a World, place: &'a Place, sha: Sha, limit: Option<Duration>) -> Result<Self, Failure> {
        let mut tick = interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let listen =
            |kind| signal(kind).map_err(|error| Failure::unknown("signals", "cannot listen for Ctrl-C").because(error));
        Ok(Self {
            world,
            place,
            sha,
            seen: None,
            read_as: None,
            watcher: None,
            tick,
            // A limit beyond what the clock can count is none.
            until: limit.and_then(|limit| Instant::now().checked_add(limit)),
            checked: None,
            is_called: false,
            awaited: None,
            gone: 0,
            helper: None,
            interrupts: [listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?],
        })
    }

    /// A request was dropped: a monitor must be made to look, even where one seems to run.
    pub const fn call_monitor(&mut self) {
        self.is_called = true;
    }

    /// What the file was when it was read last.
    pub const fn read_as(&self) -> Option<&Written> {
        self.read_as.as_ref()
    }

    /// Waits for the next thing to happen. The first call gives what is there already.
    pub async fn next(&mut self) -> Result<Seen, Failure> {
        if let Some(document) = self.read() {
            return Ok(Seen::Changed(document));
        }
        self.keep_somebody_at_work()?;
        self.listen();
        let end = self.until.unwrap_or_else(|| Instant::now() + Duration::from_hours(1));
        let [interrupt, terminate] = &mut self.interrupts;
        let seen = tokio::select! {
            _ = interrupt.recv() => Seen::Interrupted(INTERRUPTED),
            _ = terminate.recv() => Seen::Interrupted(TERMINATED),
            () = tokio::time::sleep_until(end), if self.until.is_some() => Seen::TimeUp,
            () = changed(&mut self.watcher) => Seen::Tick,
            _ = self.tick.tick() => Seen::Tick,
        };
        Ok(self.read().map_or(seen, Seen::Changed))
    }

    /// The file's new content, if it changed. A damaged file is read as none: the monitor writes it anew.
    fn read(&mut self) -> Option<Box<Document>> {
        let read_as = self.place.written(&self.sha);
        let document = self.place.status(&self.sha).ok().flatten()?;
        self.read_as = read_as;
        if self.seen.as_ref() == Some(&document) {
            return None;
        }
        self.seen = Some(document.clone());
        Some(Box::new(document))
    }

    /// Asks to be told of changes, once the folder is there.
    fn listen(&mut self) {
        let folder = self.place.layout.status_dir();
        if self.watcher.is_none() && folder.is_dir() {
            self.watcher = Some(Watcher::on(&folder));
        }
    }

    /// Every few seconds: if nobody watches and it is not over, a monitor is started, or, where none may be, the
    /// work is done here.
    fn keep_somebody_at_work(&mut self) -> Result<(), Failure> {
        if let Some(why) = self.unable() {
            return Err(Failure::unable(&why));
        }
        if self.checked.is_some_and(|at| at.elapsed() < CHECK_EVERY) {
            return Ok(());
        }
        self.checked = Some(Instant::now());
        let is_called = std::mem::take(&mut self.is_called);
        match process::presence(&self.place.layout, self.world.now()) {
            Presence::Responding(_) if !is_called => {
                self.gone = 0;
                self.awaited = None;
                return Ok(());
            }
            // One that is slow to answer holds the lock; whoever is started beside it makes way.
            Presence::Responding(_) | Presence::Wedged(_) => self.gone = 0,
            Presence::Absent => self.gone += 1,
        }
        if self.gone > PATIENCE {
            return Err(Failure::unknown("monitor", "the monitor does not stay at work")
                .hint("`afterpush logs --monitor` and `afterpush doctor` tell why"));
        }
        let logged = self.place.monitor_log_part("").len();
        match self.place.ensure_monitor(self.world)? {
            Ensured::Unwanted if self.helper.as_ref().is_none_or(Helper::has_ended) => {
                self.helper = Some(Helper::start(self.world, self.place));
            }
            Ensured::Summoned | Ensured::TakingOver => self.awaited = Some(logged),
            Ensured::Unwanted | Ensured::Running => {}
        }
        Ok(())
    }

    /// Why the monitor that was started here could not work, in its own words. It would be no other if it were started
    /// again.
    fn unable(&mut self) -> Option<String> {
        if let Some(why) = self.helper.as_mut().and_then(Helper::unable) {
            return Some(why.to_string());
        }
        let why = unable_since(&self.place.monitor_log_part(""), self.awaited?)?;
        (process::presence(&self.place.layout, self.world.now()) == Presence::Absent).then_some(why)
    }
}

/// Returns when the folder may have changed; never, while it is not there.
async fn changed(watcher: &mut Option<Watcher>) {
    match watcher {
        Some(watcher) => watcher.changed().await,
        None => std::future::pending().await,
    }
}
