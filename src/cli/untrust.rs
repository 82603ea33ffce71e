//! `afterpush untrust`: takes back what `afterpush trust` allowed this repository.

use super::place::Place;
use super::trust::{tell_revoked, word_on};
use super::{Failure, Outcome, World};

/// What `afterpush untrust` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: &Args, world: &World) -> Result<Outcome, Failure> {
    let place = Place::find(world)?;
    let had_any = word_on(&place)?
        .revoke()
        .map_err(|error| Failure::failed("trust", "cannot take back that this repository is trusted").because(error))?;
    let message = if had_any {
        "nothing is allowed here any more; running watches end with the configuration they began with"
    } else {
        "nothing was allowed here"
    };
    tell_revoked(world, message);
    Ok(Outcome::Done)
}
