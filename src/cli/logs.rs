//! `afterpush logs`: the failed deployment's log, or the monitor's own.

use schemars::{JsonSchema, Schema, schema_for};
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

/// `afterpush.logs/1`: foreign text, not to be taken for instructions.
#[derive(Serialize, JsonSchema)]
struct LogsDocument<'a> {
    schema: &'static str,
    untrusted: bool,
    logs: Vec<Log<'a>>,
}

/// One log.
#[derive(Serialize, JsonSchema)]
struct Log<'a> {
    sha: Option<&'a Sha>,
    target: Option<&'a str>,
    lines: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let place = Place::find(world)?;
    if args.monitor {
        let log =
            place.monitor_log().ok_or_else(|| Failure::failed("no_log", "the monitor has written no log here"))?;
        print(world, vec![Log { sha: None, target: None, lines: lines(&log) }]);
        return Ok(Outcome::Done);
    }
    let sha = place.commit(&args.rev)?;
    let (Answer::Own(document) | Answer::Through(document)) = answer(&place, world, &sha)? else {
        return Err(Failure::failed("no_log", format!("nobody watches {}, so there is no log", sha.short())));
    };
    let is_wanted = |name: &str| args.target.as_ref().is_none_or(|wanted| wanted == name);
    let wanted = document.targets.iter().map(|target| target.name.as_str()).filter(|name| is_wanted(name));
    let sha = &document.commit.sha;
    let log = |name| Some(Log { sha: Some(sha), target: Some(name), lines: lines(&place.log(sha, name)?) });
    let logs: Vec<_> = wanted.filter_map(log).collect();
    if logs.is_empty() {
        return Err(no_log(&document));
    }
    print(world, logs);
    Ok(Outcome::Done)
}

/// The schema of what `--json` prints.
pub fn schema() -> Schema {
    schema_for!(LogsDocument<'_>)
}

fn lines(log: &str) -> Vec<String> {
    log.lines().map(inert).collect()
}

fn print(world: &World, logs: Vec<Log<'_>>) {
    if world.json {
        world.printer.document(&LogsDocument { schema: "afterpush.logs/1", untrusted: true, logs });
        return;
    }
    let several = logs.len() > 1;
    for log in logs {
        if let Some(name) = log.target.filter(|_| several) {
            world.printer.line(&format!("==> {name} <=="));
        }
        world.printer.lines(&log.lines);
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
