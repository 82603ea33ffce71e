//! `afterpush track`: starts a watch by hand.

use super::hindrance::hindrance;
use super::place::Place;
use super::start::by_hand;
use super::{Failure, Outcome, World};
use crate::config;
use crate::push::{Asked, RemoteName, TrackNote};

/// What `afterpush track` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The commit: anything `git rev-parse` takes
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub rev: String,
    /// The remote it is on
    #[arg(long, value_name = "NAME")]
    pub remote: Option<String>,
    /// The branch it was pushed to
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
    /// Only this target
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let place = Place::find(world)?;
    let sha = place.commit(&args.rev)?;
    check(args, world, &place)?;
    let note = TrackNote {
        remote: args.remote.as_deref().map(RemoteName::new),
        branch: args.branch.as_ref().map(|name| name.trim_start_matches("refs/heads/").to_owned()),
        target: args.target.clone(),
        ..by_hand(&place, &sha)
    };
    let request = place.ask(world, Asked::Track(note))?;
    if let Some(why) = place.ensure_taken(world, &request)? {
        return Err(Failure::unable(&why));
    }
    let document = place.requested(&sha, &request);
    if world.json {
        world.printer.document(&document);
    } else if world.quiet {
        world.printer.line(&document.word());
    } else {
        world.printer.line(&format!(
            "{} is to be watched; `afterpush wait {}` waits for its verdict",
            sha.short(),
            sha.short()
        ));
    }
    if let Some(warning) = hindrance(&place, world, &document) {
        world.printer.note(&format!("afterpush: {}", warning.message));
    }
    Ok(Outcome::Done)
}

/// Without a target there would be nobody to ask; better said now than by the monitor.
fn check(args: &Args, world: &World, place: &Place) -> Result<(), Failure> {
    let config = world.settings(place)?;
    if config.targets.is_empty() {
        return Err(Failure::config("not_configured", config::NO_TARGET));
    }
    let Some(name) = &args.target else { return Ok(()) };
    if config.target(name).is_none() {
        let names: Vec<_> = config.targets.iter().map(|settings| settings.target.name.as_str()).collect();
        return Err(Failure::usage("no_such_target", format!("there is no target `{name}`"))
            .hint(format!("the targets are: {}", names.join(", "))));
    }
    Ok(())
}
