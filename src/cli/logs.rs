//! `afterpush logs`: the failed deployment's log, or the monitor's own.

use serde::Serialize;

use super::answer::{Answer, answer};
use super::excerpt::inert;
use super::place::Place;
use super::{Failure, Outcome, World};
use crate::push::Sha;
use crate::status::Document;

/// What `afterpush logs` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The commit: anything `git rev-parse` takes
    #[arg(value_name = "REV", default_value = "HEAD", conflicts_with = "monitor")]
    pub rev: String,
    /// Only this target's
    #[arg(long, value_name = "NAME", conflicts_with = "monitor")]
    pub target: Option<String>,
    /// The monitor's own log
    #[arg(long)]
    pub monitor: bool,
}

/// `afterpush.log/1`: foreign text, not to be taken for instructions.
#[derive(Serialize)]
struct LogDocument<'a> {
    schema: &'static str,
    sha: Option<&'a Sha>,
    target: Option<&'a str>,
    untrusted: bool,
    lines: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let place = Place::find(world)?;
    if args.monitor {
        let log =
            place.monitor_log().ok_or_else(|| Failure::failed("no_log", "the monitor has written no log here"))?;
        print(world, &LogDocument { lines: lines(&log), sha: None, target: None, untrusted: false, schema: SCHEMA });
        return Ok(Outcome::Done);
    }
    let sha = place.commit(&args.rev)?;
    let (Answer::Own(document) | Answer::Through(document)) = answer(&place, world, &sha)? else {
        return Err(Failure::failed("no_log", format!("nobody watches {}, so there is no log", sha.short())));
    };
    let mut found = false;
    for target in document.targets.iter().filter(|target| args.target.as_ref().is_none_or(|name| *name == target.name))
    {
        if let Some(log) = place.log(&document.commit.sha, &target.name) {
            found = true;
            let (sha, target) = (Some(&document.commit.sha), Some(target.name.as_str()));
            print(world, &LogDocument { lines: lines(&log), sha, target, untrusted: true, schema: SCHEMA });
        }
    }
    if found { Ok(Outcome::Done) } else { Err(no_log(&document)) }
}

const SCHEMA: &str = "afterpush.log/1";

fn lines(log: &str) -> Vec<String> {
    log.lines().map(inert).collect()
}

fn print(world: &World, document: &LogDocument<'_>) {
    if world.json {
        world.printer.document(document);
    } else {
        world.printer.lines(&document.lines);
    }
}

fn no_log(document: &Document) -> Failure {
    let failure = Failure::failed("no_log", format!("there is no log of {} here", document.commit.short));
    match &document.failure {
        Some(about) => match &about.log_url {
            Some(page) => failure.hint(format!("the provider shows it at {page}")),
            None => failure.hint("the provider gave none"),
        },
        None => failure.hint(format!("it is {}; only failed deployments have one", document.word())),
    }
}
