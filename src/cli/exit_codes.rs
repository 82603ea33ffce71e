//! `afterpush exit-codes`: what each exit code means.

use super::{Failure, Outcome, World};

/// What `afterpush exit-codes` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush exit-codes` is not built yet"))
}
