//! `afterpush stop`: stops watches and returns when the status says so.

use std::time::{Duration, Instant};

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::answer::{Answer, answer};
use super::helper::Helper;
use super::journal::unable_since;
use super::place::{Place, StatusFile, status_files};
use super::{Failure, Outcome, World};
use crate::process::{self, Ensured, Presence};
use crate::push::{Asked, Sha, StopNote};
use crate::status::Document;

/// How long the monitor is given to stop.
const LIMIT: Duration = Duration::from_secs(30);
/// How long one that does not respond is given to recover.
const PATIENCE: Duration = Duration::from_secs(5);
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

/// `afterpush.stop/1`.
#[derive(Serialize, JsonSchema)]
struct StopDocument<'a> {
    schema: &'static str,
    /// The commits that were watched until now.
    stopped: &'a [Sha],
    message: &'a str,
}

/// The schema of `afterpush.stop/1`.
pub fn schema() -> Schema {
    schema_for!(StopDocument<'_>)
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
            let brief = document.word();
            return Ok(tell(world, &[], &brief, &format!("{} is decided already: {brief}", sha.short())));
        }
        Answer::Through(tip) => {
            let message = format!("{} is watched through {}, which was pushed with it", sha.short(), tip.commit.short);
            return Err(Failure::failed("inside", message).hint(format!("afterpush stop {}", tip.commit.short)));
        }
        Answer::Own(_) | Answer::Pushing(_) => {}
        Answer::Found(_) | Answer::Elsewhere(_) | Answer::Nobody(_) => {
            return Ok(tell(world, &[], "not_tracked", &format!("nobody watches {}", sha.short())));
        }
    }
    let is_stopped = || place.status(&sha).ok().flatten().is_some_and(|document| is_over(&document));
    ask_and_wait(world, place, Some(sha.clone()), is_stopped)?;
    let message = format!("{} is not watched any more", sha.short());
    Ok(tell(world, &[sha], "stopped", &message))
}

fn stop_all(world: &World, place: &Place) -> Result<Outcome, Failure> {
    // In a shared repository others have their watches, and their monitors.
    let own = nix::unistd::geteuid().as_raw();
    let watched = || watches_of(own, status_files(&place.layout));
    let is_absent = || process::presence(&place.layout, world.now()) == Presence::Absent;
    let before = watched();
    if before.is_empty() && is_absent() && place.inbox_is_empty() {
        return Ok(tell(world, &[], "nothing", "nothing is watched"));
    }
    ask_and_wait(world, place, None, || watched().is_empty() && is_absent())?;
    if before.is_empty() {
        return Ok(tell(world, &[], "nothing", "no watch was running"));
    }
    let (count, ending) = (before.len(), if before.len() == 1 { "" } else { "es" });
    Ok(tell(world, &before, "stopped", &format!("stopped {count} watch{ending}; no monitor runs")))
}

/// The commits this user's monitor still watches.
fn watches_of(uid: u32, files: Vec<StatusFile>) -> Vec<Sha> {
    let is_watched = |file: &StatusFile| file.document.as_ref().is_some_and(|document| !is_over(document));
    files.into_iter().filter(|file| file.uid == uid && is_watched(file)).map(|file| file.sha).collect()
}

/// Where nothing had to be stopped, saying so is narration, but for those who asked for a word or a document.
fn tell(world: &World, stopped: &[Sha], brief: &str, message: &str) -> Outcome {
    if world.json {
        world.printer.document(&StopDocument { schema: "afterpush.stop/1", stopped, message });
    } else if world.quiet {
        world.printer.line(brief);
    } else if stopped.is_empty() {
        world.printer.note(message);
    } else {
        world.printer.line(message);
    }
    Outcome::Done
}

/// Nothing more is expected: decided, and neither soaking nor waiting for a newer commit.
fn is_over(document: &Document) -> bool {
    document.done && document.stale_after.is_none()
}

fn ask_and_wait(world: &World, place: &Place, sha: Option<Sha>, is_stopped: impl Fn() -> bool) -> Result<(), Failure> {
    let request = place.ask(world, Asked::Stop(StopNote { sha }))?;
    let logged = place.monitor_log_part("").len();
    let ensured = place.ensure_monitor(world)?;
    let mut helper = (ensured == Ensured::Unwanted).then(|| Helper::start(world, place));
    let start = Instant::now();
    while place.has_request(&request.id) || !is_stopped() {
        let told = helper.as_mut().and_then(Helper::unable).map(|why| why.to_string());
        let said = || unable_since(&place.monitor_log_part(""), logged).filter(|_| ensured.is_start());
        if let Some(why) = told.or_else(said) {
            return Err(Failure::unable(&why));
        }
        // Right after the machine slept its heart has not beaten for a while either.
        let presence = process::presence(&place.layout, world.now());
        if let Presence::Wedged(file) = presence
            && start.elapsed() > PATIENCE
        {
            let message = format!("the monitor (pid {}) does not respond", file.identity.pid);
            return Err(Failure::failed("monitor", message)
                .hint("`afterpush daemon stop` ends it; the next one then does what was asked"));
        }
        if start.elapsed() > LIMIT {
            return Err(Failure::failed("monitor", "the monitor has not stopped in time")
                .hint("`afterpush daemon stop` ends it; its watches can then be stopped by the next one"));
        }
        std::thread::sleep(LOOK_EVERY);
    }
    drop(helper);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::damaged;

    #[test]
    fn another_users_watches_are_not_ours_to_stop() {
        let file = |digit: char, uid| {
            let sha: Sha = digit.to_string().repeat(40).parse().expect("an object id");
            StatusFile { document: Some(damaged(&sha)), sha, uid }
        };
        let found = watches_of(7, vec![file('a', 7), file('b', 8)]);
        assert_eq!(found.iter().map(Sha::short).collect::<Vec<_>>(), ["aaaaaaa"]);
    }
}
