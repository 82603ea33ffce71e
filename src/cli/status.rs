//! `afterpush status`: the answer for a commit, from disk.

use std::time::Duration;

use super::answer::{Answer, answer};
use super::args::Subject;
use super::follow::{Follow, Seen};
use super::place::Place;
use super::report::{complete, report};
use super::trouble::{is_about_configuration, still_unusable};
use super::{Failure, Outcome, World, hindrance, judge};
use crate::process::{self, Presence};
use crate::push::{Request, Sha, TrackNote};
use crate::status::{Document, Target, Unwatched};

/// How long `--refresh` waits for the sources.
const REFRESH_LIMIT: Duration = Duration::from_secs(15);

/// What `afterpush status` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = super::VERDICT_CODES)]
pub struct Args {
    /// The commit, and what of it
    #[command(flatten)]
    pub subject: Subject,
    /// Ask the sources now instead of answering from disk (talks to the provider)
    #[arg(long)]
    pub refresh: bool,
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let place = Place::find(world)?;
    let sha = place.commit(&args.subject.rev)?;
    let found = answer(&place, world, &sha)?;
    let document = match found {
        Answer::Own(document) if args.refresh => refreshed(&place, world, *document)?,
        Answer::Through(tip) if args.refresh => place.inside(&sha, &refreshed(&place, world, *tip)?),
        found => from_disk(&place, world, &sha, found)?,
    };
    let document = hindrance::told(&place, world, complete(&place, world, document));
    let document = judge::answer_to(&args.subject, document)?;
    report(world, &document);
    Ok(Outcome::Code(document.exit_code))
}

fn from_disk(place: &Place, world: &World, sha: &Sha, found: Answer) -> Result<Document, Failure> {
    Ok(match found {
        Answer::Own(document) => *document,
        Answer::Through(tip) => place.inside(sha, &tip),
        Answer::Pushing(request) => {
            // A request nobody takes would lie there until the next push.
            if process::presence(&place.layout, world.now()) == Presence::Absent {
                // Why it cannot work is told with the answer.
                place.ensure_taken(world, &request)?;
            }
            place.requested(sha, &request)
        }
        Answer::Found(note) => {
            let request = pick_up(place, world, *note)?;
            place.ensure_monitor(world)?;
            place.requested(sha, &request)
        }
        Answer::Elsewhere(branch) => place.unwatched(sha, &Unwatched::BranchNotDeployed(branch)),
        Answer::Nobody(why) => place.unwatched(sha, &why),
    })
}

/// Asks for a push to be watched that git's journal tells of.
pub fn pick_up(place: &Place, world: &World, note: TrackNote) -> Result<Request, Failure> {
    let short = note.sha.short().to_owned();
    let at = note.pushed.as_ref().map_or(world.now(), |pushed| pushed.at);
    let request = place.ask_for_journal(world, note, at)?;
    world.printer.note(&format!("afterpush: {short} was pushed without the hook; it is watched from now on"));
    Ok(request)
}

/// Has the sources asked and waits for what they say.
fn refreshed(place: &Place, world: &World, before: Document) -> Result<Document, Failure> {
    let sha = before.commit.sha.clone();
    if let Some(document) = still_unusable(place, world, &before) {
        place.ensure_monitor(world)?;
        return Ok(document);
    }
    place.call_monitor_with_our_credentials(world)?;
    let request = place.ask_anew(world, &before)?;
    let asked = request.at.whole_seconds();
    let is_answered = |document: &Document| {
        let readings = document.targets.iter().map(Target::lead_reading);
        let mut readings = readings.map(|reading| reading.is_some_and(|reading| reading.observed_at >= asked));
        if document.targets.is_empty() { document.observed_at >= Some(asked) } else { readings.all(|is_new| is_new) }
    };
    let is_fresh = |document: &Document| {
        // The configuration is good by now: what says that it is not was written before it was read again.
        !is_about_configuration(document) && is_answered(document) && !place.has_request(&request.id)
    };
    let runtime = super::runtime()?;
    let after = runtime.block_on(async {
        let mut follow = Follow::new(world, place, sha, Some(REFRESH_LIMIT))?;
        follow.call_monitor();
        let mut newest = before;
        loop {
            match follow.next().await? {
                Seen::Changed(document) => newest = *document,
                Seen::Tick => {}
                Seen::TimeUp | Seen::Interrupted(_) => {
                    world.printer.note("afterpush: no source has answered in time; this is what was known before");
                    return Ok(newest);
                }
            }
            if is_fresh(&newest) {
                return Ok(newest);
            }
        }
    });
    runtime.shutdown_background();
    after
}
