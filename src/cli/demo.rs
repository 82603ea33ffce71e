//! `afterpush demo`: shows all of it on a throwaway repository with an embedded stand-in provider.

use super::{Failure, Outcome, World};

/// What `afterpush demo` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush demo` is not built yet"))
}
