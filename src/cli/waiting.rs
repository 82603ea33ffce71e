//! Waiting for a verdict: what `wait` and `watch` have in common.

use std::time::{Duration, Instant};

use super::answer::answer;
use super::args::{Patience, Subject};
use super::follow::Seen;
use super::hindrance::hindrance;
use super::place::Place;
use super::report::complete;
use super::start::{Start, start};
use super::view::Ending;
use super::{Failure, World, judge};
use crate::base::Span;
use crate::process::{self, Presence};
use crate::status::Document;
use crate::watch::exit;

/// How much longer a failure is waited on, for its log.
const LOG_PATIENCE: Duration = Duration::from_secs(10);
/// The exit code of who writes into a pipe that nobody reads any more, as shells count it.
const READER_GONE: u8 = 141;
/// How often it is looked whether the monitor is kept from its work.
const LOOK_AROUND_EVERY: Duration = Duration::from_secs(3);

/// What is waited for.
pub struct Question<'a> {
    /// The commit, and what of it.
    pub subject: &'a Subject,
    /// How long, and for what.
    pub patience: Patience,
}

/// Who looks on while it is waited. The first call of `changed` tells how it stood at the beginning.
pub trait Viewer {
    /// The status changed.
    fn changed(&mut self, document: &Document);
    /// A second passed.
    fn passed(&mut self, document: &Document);
    /// It is over, one way or the other.
    fn ended(&mut self, document: &Document, ending: &Ending);
}

/// Waits, shows, and gives the exit code. The viewer is told of exactly one end, also where waiting itself fails.
pub fn wait(world: &World, question: &Question<'_>, viewer: &mut dyn Viewer) -> Result<u8, Failure> {
    let place = Place::find(world)?;
    let sha = place.commit(&question.subject.rev)?;
    let found = answer(&place, world, &sha);
    let runtime = super::runtime()?;
    let code = runtime.block_on(async {
        let mut start = start(&place, world, sha, found, question.patience.timeout)?;
        let mut newest = judge::answer_to(question.subject, start.first().clone())?;
        viewer.changed(&newest);
        let end = until_decided(world, &place, question, &mut start, viewer, &mut newest).await;
        let mut newest = complete(&place, world, newest);
        let ending = end.as_ref().map_or_else(unable, Clone::clone);
        newest.exit_code = ending.code;
        viewer.ended(&newest, &ending);
        // Where the work was done in this process it is put down now, with `start`.
        end.map(|ending| ending.code)
    });
    runtime.shutdown_background();
    code
}

async fn until_decided(
    world: &World,
    place: &Place,
    question: &Question<'_>,
    start: &mut Start<'_>,
    viewer: &mut dyn Viewer,
    newest: &mut Document,
) -> Result<Ending, Failure> {
    let mut looked = Instant::now();
    loop {
        match start.next().await? {
            Seen::Changed(document) => {
                *newest = judge::answer_to(question.subject, *document)?;
                viewer.changed(newest);
                if let Some(code) = judge::verdict_for(newest, question.patience.until) {
                    if code == exit::NO {
                        wait_for_log(question, start, newest).await;
                    }
                    return Ok(decided(question, newest, code));
                }
            }
            Seen::Tick if looked.elapsed() >= LOOK_AROUND_EVERY => {
                looked = Instant::now();
                tell_hindrance(world, place, viewer, newest);
            }
            Seen::Tick => viewer.passed(newest),
            Seen::TimeUp => return Ok(ran_out(world, place, question.patience.timeout, newest)),
            Seen::Interrupted(code) => return Ok(interrupted(world, place, code)),
        }
        if world.printer.reader_is_gone() {
            return Ok(interrupted(world, place, READER_GONE));
        }
    }
}

/// Whoever waits for a monitor that cannot go on is told so, once for each reason.
fn tell_hindrance(world: &World, place: &Place, viewer: &mut dyn Viewer, newest: &mut Document) {
    match hindrance(place, world, newest) {
        Some(warning) if !newest.warnings.contains(&warning) => {
            newest.warnings.push(warning);
            viewer.changed(newest);
        }
        _ => viewer.passed(newest),
    }
}

/// The monitor fetches the log of a failed deployment after its verdict; a short while is worth waiting for it.
async fn wait_for_log(question: &Question<'_>, start: &mut Start<'_>, newest: &mut Document) {
    let fetch = async {
        // Where nothing more will be written there is no log to come.
        while newest.stale_after.is_some() && newest.failure.as_ref().is_some_and(|failure| failure.log_path.is_none())
        {
            match start.next().await {
                Ok(Seen::Changed(document)) => match judge::answer_to(question.subject, *document) {
                    Ok(document) => *newest = document,
                    Err(_) => break,
                },
                Ok(Seen::Tick) => {}
                Ok(Seen::TimeUp | Seen::Interrupted(_)) | Err(_) => break,
            }
        }
    };
    // Out of patience is as good as there being no log.
    let _ = tokio::time::timeout(LOG_PATIENCE, fetch).await;
}

fn decided(question: &Question<'_>, document: &Document, code: u8) -> Ending {
    let word = match question.patience.until {
        _ if document.done => document.word(),
        _ if code == exit::CONFIG => document.reason.to_string(),
        Some(stage) => stage.to_string(),
        None => document.word(),
    };
    Ending { word, code, message: document.message.clone(), gave_up: false }
}

fn ran_out(world: &World, place: &Place, limit: Option<Span>, document: &Document) -> Ending {
    let limit = limit.map_or_else(String::new, |limit| format!(" after {limit}"));
    let message = format!("gave up waiting for {}{limit}; {}", document.commit.short, meanwhile(world, place));
    Ending { word: "timeout".to_owned(), code: exit::TIMEOUT, message, gave_up: true }
}

fn interrupted(world: &World, place: &Place, code: u8) -> Ending {
    Ending { word: "interrupted".to_owned(), code, message: meanwhile(world, place).to_owned(), gave_up: true }
}

/// What happens to the commit when nobody waits any more. The command to go on with is among the document's next.
fn meanwhile(world: &World, place: &Place) -> &'static str {
    if !process::may_summon(&world.environment.pairs()) {
        return "no monitor runs here, so nobody looks on until somebody waits again";
    }
    match process::presence(&place.layout, world.now()) {
        Presence::Responding(_) => "the monitor goes on",
        Presence::Wedged(_) => "the monitor does not respond; `afterpush daemon stop` ends it",
        Presence::Absent => "no monitor stays at work here; `afterpush logs --monitor` tells why",
    }
}

fn unable(failure: &Failure) -> Ending {
    Ending { word: "unknown".to_owned(), code: failure.code(), message: failure.sentence(), gave_up: false }
}
