//! Stopping the monitor: by request; if it does not follow, by a signal that cannot hit anybody else.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::status::tell_stopped;
use super::{Failure, Outcome, World};
use crate::cli::place::Place;
use crate::process::{Found, MonitorFile, PidFd};
use crate::push::Asked;
use crate::spool;

/// How long a healthy monitor takes at most to persist and leave.
const BY_ITSELF: Duration = Duration::from_secs(3);
/// How long it is given after each signal.
const AFTER_SIGNAL: Duration = Duration::from_secs(10);

/// Runs the command.
pub fn run(world: &World) -> Result<Outcome, Failure> {
    let place = Place::find(world)?;
    let found = MonitorFile::read(&place.layout).map(|monitor| monitor.identity.find());
    let process = match found {
        // Where a stranger has its number by now, it has ended.
        None | Some(Found::Gone | Found::Stranger(_)) => return Ok(already_gone(world)),
        Some(Found::Running(process)) => process,
        Some(Found::Unknown(why)) => return by_request_only(world, &place, &why),
    };
    let request = place.ask(world, Asked::Leave)?;
    let ended = end(&process).map_err(|error| Failure::failed("monitor", "cannot end the monitor").because(error));
    // A request nobody took would send the next monitor away.
    let _ = spool::done(&place.layout, &request.id);
    if !ended? {
        return Err(Failure::failed("monitor", "the monitor does not end, not even when killed"));
    }
    let message = "stopped; its watches go on with the next push, or with `afterpush wait`";
    match (world.json, world.quiet) {
        (true, _) => tell_stopped(world, None, message),
        (false, true) => world.printer.line("stopped"),
        (false, false) => world.printer.line(message),
    }
    Ok(Outcome::Done)
}

/// The process is held by its descriptor, so what is signalled is what was recognised.
fn end(process: &PidFd) -> std::io::Result<bool> {
    if process.has_ended(BY_ITSELF)? {
        return Ok(true);
    }
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        if !process.send(signal)? || process.has_ended(AFTER_SIGNAL)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn by_request_only(world: &World, place: &Place, why: &str) -> Result<Outcome, Failure> {
    place.ask(world, Asked::Leave)?;
    let message = format!("the monitor cannot be seen from here ({why}); it was asked to leave");
    let left = MonitorFile::read(&place.layout);
    tell(world, left.as_ref(), "asked", &message);
    Ok(Outcome::Done)
}

fn already_gone(world: &World) -> Outcome {
    tell(world, None, "not_running", "no monitor runs here");
    Outcome::Done
}

/// What did not come to stopping one is narration, but for those who asked for a word or a document.
fn tell(world: &World, left: Option<&MonitorFile>, brief: &str, message: &str) {
    match (world.json, world.quiet) {
        (true, _) => tell_stopped(world, left, message),
        (false, true) => world.printer.line(brief),
        (false, false) => world.printer.note(message),
    }
}
