//! `afterpush stop`: stops watches and returns when the status says so.

use std::time::{Duration, Instant};

use super::answer::{Answer, answer};
use super::helper::Helper;
use super::place::{Place, documents};
use super::{Failure, Outcome, World};
use crate::process::{self, Ensured, Presence};
use crate::push::{Asked, Sha, StopNote};
use crate::status::Document;

/// How long the monitor is given to stop.
const LIMIT: Duration = Duration::from_secs(30);
/// How often it is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What `afterpush stop` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The commit: anything `git rev-parse` takes
    #[arg(value_name = "REV", default_value = "HEAD", conflicts_with = "all")]
    pub rev: String,
    /// Stop every watch of this repository, and the monitor with them
    #[arg(long)]
    pub all: bool,
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let place = Place::find(world)?;
    if args.all { stop_all(world, &place) } else { stop_one(args, world, &place) }
}

fn stop_one(args: &Args, world: &World, place: &Place) -> Result<Outcome, Failure> {
    let sha = place.commit(&args.rev)?;
    match answer(place, world, &sha)? {
        Answer::Own(document) if is_over(&document) => {
            world.printer.note(&format!("{} is not watched any more: {}", sha.short(), document.word()));
            return Ok(Outcome::Done);
        }
        Answer::Through(tip) => {
            let message = format!("{} is watched through {}, which was pushed with it", sha.short(), tip.commit.short);
            return Err(Failure::failed("inside", message).hint(format!("afterpush stop {}", tip.commit.short)));
        }
        Answer::Own(_) | Answer::Pushing(_) => {}
        Answer::Found(_) | Answer::Elsewhere(_) | Answer::Nobody => {
            world.printer.note(&format!("nobody watches {}", sha.short()));
            return Ok(Outcome::Done);
        }
    }
    let is_stopped = || place.status(&sha).ok().flatten().is_some_and(|document| is_over(&document));
    ask_and_wait(world, place, Some(sha.clone()), is_stopped)?;
    world.printer.line(&format!("{} is not watched any more", sha.short()));
    Ok(Outcome::Done)
}

fn stop_all(world: &World, place: &Place) -> Result<Outcome, Failure> {
    let watched = || documents(&place.layout).iter().filter(|document| !is_over(document)).count();
    let is_absent = || process::presence(&place.layout, world.now()) == Presence::Absent;
    let count = watched();
    if count == 0 && is_absent() && place.inbox_is_empty() {
        world.printer.note("nothing is watched");
        return Ok(Outcome::Done);
    }
    ask_and_wait(world, place, None, || watched() == 0 && is_absent())?;
    world.printer.line(&format!("stopped {count} watch{}; no monitor runs", if count == 1 { "" } else { "es" }));
    Ok(Outcome::Done)
}

/// Nothing more is expected: decided, and neither soaking nor waiting for a newer commit.
fn is_over(document: &Document) -> bool {
    document.done && document.stale_after.is_none()
}

fn ask_and_wait(world: &World, place: &Place, sha: Option<Sha>, is_stopped: impl Fn() -> bool) -> Result<(), Failure> {
    let request = place.ask(world, Asked::Stop(StopNote { sha }))?;
    let helper = (place.ensure_monitor(world)? == Ensured::Unwanted).then(|| Helper::start(world, place));
    let start = Instant::now();
    while place.has_request(&request.id) || !is_stopped() {
        if start.elapsed() > LIMIT {
            return Err(Failure::failed("monitor", "the monitor has not stopped in time")
                .hint("`afterpush daemon stop` ends it; its watches can then be stopped by the next one"));
        }
        std::thread::sleep(LOOK_EVERY);
    }
    drop(helper);
    Ok(())
}
