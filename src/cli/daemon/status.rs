//! Whether a monitor runs and responds. Never starts one, never takes its lock.

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::{Failure, Outcome, World};
use crate::base::Timestamp;
use crate::cli::place::Place;
use crate::process::{self, MonitorFile, Presence};

/// Running, but not responding.
const WEDGED: u8 = 1;
/// Not running, as `systemctl status` and init scripts have it.
const ABSENT: u8 = 3;

/// `afterpush.daemon/1`.
#[derive(Serialize, JsonSchema)]
struct Document<'a> {
    schema: &'static str,
    running: bool,
    responding: bool,
    pid: Option<i32>,
    version: Option<&'a str>,
    since: Option<Timestamp>,
    exit_code: u8,
    message: &'a str,
}

/// Runs the command.
pub fn run(world: &World) -> Result<Outcome, Failure> {
    let place = Place::find(world)?;
    let (state, code, monitor) = match process::presence(&place.layout, world.now()) {
        Presence::Responding(monitor) => ("running", 0, Some(monitor)),
        Presence::Wedged(monitor) => ("not responding", WEDGED, Some(monitor)),
        Presence::Absent => ("not running", ABSENT, None),
    };
    let message = sentence(state, monitor.as_ref());
    if world.json {
        world.printer.document(&document(code, monitor.as_ref(), &message));
    } else if world.quiet {
        world.printer.line(&state.replace(' ', "_"));
    } else {
        world.printer.line(&message);
    }
    Ok(Outcome::Code(code))
}

/// What `daemon stop --json` prints: what is known of the monitor now.
pub(super) fn tell_stopped(world: &World, left: Option<&MonitorFile>, message: &str) {
    world.printer.document(&Document { responding: false, exit_code: 0, ..document(0, left, message) });
}

/// The schema of what `--json` prints.
pub fn schema() -> Schema {
    schema_for!(Document<'_>)
}

fn document<'a>(code: u8, monitor: Option<&'a MonitorFile>, message: &'a str) -> Document<'a> {
    let identity = monitor.map(|monitor| &monitor.identity);
    Document {
        schema: "afterpush.daemon/1",
        running: monitor.is_some(),
        responding: code == 0,
        pid: identity.map(|identity| identity.pid),
        version: identity.map(|identity| identity.version.as_str()),
        since: identity.map(|identity| identity.since.whole_seconds()),
        exit_code: code,
        message,
    }
}

fn sentence(word: &str, monitor: Option<&MonitorFile>) -> String {
    monitor.map_or_else(
        || format!("{word}; it starts with the next push, or with `afterpush wait`"),
        |monitor| {
            let identity = &monitor.identity;
            format!(
                "{word}: pid {}, version {}, since {}",
                identity.pid,
                identity.version,
                identity.since.whole_seconds()
            )
        },
    )
}
