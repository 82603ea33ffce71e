//! `afterpush demo`: shows all of it on a throwaway repository with an embedded stand-in provider.

mod follow;
mod interrupt;
mod place;
mod serve;

use std::path::PathBuf;

use self::follow::Follower;
use self::interrupt::Interrupt;
use self::place::Place;
use super::{Failure, Outcome, Tone, World};
use crate::standin::{Pace, StandIn};
use crate::watch::exit;

/// What `afterpush demo` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Instead, keep the stand-in provider running and deploy what reaches this bare repository of yours
    #[arg(long, value_name = "REMOTE")]
    pub serve: Option<PathBuf>,
    /// The branch that is deployed; default: the one the repository's HEAD names, else main
    #[arg(long, requires = "serve")]
    pub branch: Option<String>,
    /// The port of this machine the stand-in listens at
    #[arg(long, default_value_t = 7717, requires = "serve")]
    pub port: u16,
}

/// How long a stage of a deployment takes: a few looks at the demo's pace.
const STAGE: Pace = Pace::EveryMillis(600);

/// The app's name.
const APP: &str = "shop";

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::catch()?;
    match &args.serve {
        Some(remote) => serve::run(remote, args, world, &interrupt),
        None => match (show(world, &interrupt), interrupt.code()) {
            (Err(_), Some(code)) => Ok(Outcome::Code(code)),
            (end, _) => end,
        },
    }
}

/// How the two pushes ended.
struct Ends {
    first: u8,
    second: u8,
}

fn show(world: &World, interrupt: &Interrupt) -> Result<Outcome, Failure> {
    let standin = StandIn::start().map_err(|error| cannot("start the stand-in provider", error))?;
    standin.world().add_app(APP, "main");
    standin.world().pace(APP, STAGE).map_err(|why| Failure::failed("demo", why))?;
    let place = Place::set_up(world, interrupt, &standin)?;
    let follower = Follower::start(&place.remote(), "main", APP, standin.world())?;
    world.printer.note(&format!(
        "A repository and its remote below {}, and a stand-in for DigitalOcean at {}.",
        place.root().display(),
        standin.url()
    ));
    let ends = story(world, &place)?;
    drop(follower);
    place.tear_down()?;
    finish(world, &ends)
}

fn story(world: &World, place: &Place) -> Result<Ends, Failure> {
    chapter(world, "The provider is found in the repository's own files, and the hook is installed.");
    place.afterpush(&["init"])?;
    place.afterpush(&["install"])?;
    chapter(world, "A commit is pushed and watched until it is live.");
    place.commit("Sell hats")?;
    place.push()?;
    let first = place.afterpush(&["watch"])?;
    chapter(world, "A commit is pushed whose build fails.");
    place.commit("Sell hats upside down [fail]")?;
    place.push()?;
    let second = place.afterpush(&["watch"])?;
    place.afterpush(&["logs"])?;
    Ok(Ends { first, second })
}

fn finish(world: &World, ends: &Ends) -> Result<Outcome, Failure> {
    let Ends { first, second } = *ends;
    if world.json {
        world.printer.document(&serde_json::json!({"first": {"exit_code": first}, "second": {"exit_code": second}}));
    }
    if (first, second) != (exit::OK, exit::NO) {
        let message =
            format!("the demo's pushes should end with exit codes 0 and 1, and ended with {first} and {second}");
        return Err(Failure::failed("demo", message).hint("please report this with everything printed above"));
    }
    chapter(world, "The first went live (exit code 0), the second failed (exit code 1). Nothing is left of the demo.");
    world.printer.note("In a repository of yours: `afterpush init`, `afterpush install`, push, `afterpush wait`.");
    Ok(Outcome::Done)
}

/// What comes next, in a sentence.
fn chapter(world: &World, sentence: &str) {
    world.printer.note(&format!("\n{}", Tone::Strong.paint(sentence)));
}

fn cannot(what: &str, error: std::io::Error) -> Failure {
    Failure::failed("demo", format!("cannot {what}")).because(error)
}
