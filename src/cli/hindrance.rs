//! What keeps the monitor from its work, as far as a reader can find out without it: a disk that takes nothing more, a
//! process that stands still, a store that fails. It decides nothing; whoever waits is told.

use super::World;
use super::journal::{failing_since, last_unable};
use super::place::Place;
use crate::base::Timestamp;
use crate::host::machine;
use crate::process::{self, Presence};
use crate::status::Document;
use crate::watch::Warning;

/// With less room than this on the disk a monitor cannot write what it learns.
const NO_ROOM: u64 = 128 << 10;

/// The words of these warnings for programs.
const CODES: [&str; 5] = [DISK, SILENT, FAILING, UNABLE, NO_MONITOR];
const DISK: &str = "disk";
const SILENT: &str = "monitor_silent";
const FAILING: &str = "monitor_failing";
const UNABLE: &str = "monitor_unable";
const NO_MONITOR: &str = "no_monitor";

/// The document, with a warning where the monitor that should go on writing it cannot. Nothing is written to find out.
pub fn told(place: &Place, world: &World, mut document: Document) -> Document {
    document.warnings.extend(hindrance(place, world, &document));
    document
}

/// What keeps the monitor from going on with this document.
pub fn hindrance(place: &Place, world: &World, document: &Document) -> Option<Warning> {
    let is_open = !document.done && document.phase.is_some();
    // Where the user has no files, another one's monitor is at work.
    if !is_open || !place.layout.private().is_dir() {
        return None;
    }
    let written = document.observed_at.or_else(|| document.push.as_ref()?.at).unwrap_or_default();
    let found = disk(place).or_else(|| monitor(place, world, written));
    found.map(|(code, message)| Warning { code: code.to_owned(), message })
}

/// The warning is one of these.
pub fn is_one(warning: &Warning) -> bool {
    CODES.contains(&warning.code.as_str())
}

type Found = (&'static str, String);

fn disk(place: &Place) -> Option<Found> {
    let folder = place.layout.private();
    let disk = machine::disk(folder).ok()?;
    let shown = folder.display();
    let cannot = if disk.is_read_only {
        "may only be read"
    } else if disk.free_bytes < NO_ROOM {
        "has no room left"
    } else if disk.free_files == Some(0) {
        "takes no more files"
    } else {
        return None;
    };
    let message = format!("the disk of {shown} {cannot}, so the monitor cannot write what it learns; once that is");
    Some((DISK, format!("{message} mended it goes on by itself, or with `afterpush wait`")))
}

fn monitor(place: &Place, world: &World, written: Timestamp) -> Option<Found> {
    let log = || place.monitor_log_end();
    match process::presence(&place.layout, world.now()) {
        Presence::Wedged(file) => Some((
            SILENT,
            format!(
                "the monitor (pid {}) does not respond; `afterpush daemon stop` ends it, then `afterpush wait` starts \
                 another",
                file.identity.pid
            ),
        )),
        Presence::Responding(_) => {
            let why = failing_since(&log(), written)?;
            let message = format!("the monitor cannot write what it learns below {}", place.layout.root().display());
            Some((FAILING, format!("{message} ({why}); it tries again, and `afterpush doctor` checks")))
        }
        Presence::Absent => {
            if let Some(why) = last_unable(&log()) {
                let message = format!("the monitor cannot work: {why}; `afterpush doctor` shows what is wrong");
                return Some((UNABLE, message));
            }
            let message = "no monitor is started here (a CI runner, or AFTERPUSH=0); `afterpush wait` does the work";
            (!process::may_summon(&world.environment.pairs())).then(|| (NO_MONITOR, message.to_owned()))
        }
    }
}
