//! `afterpush list`: running watches and recent verdicts.

use super::{Failure, Outcome, World};

/// What `afterpush list` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only those still in progress
    #[arg(long)]
    pub active: bool,
    /// Those of every repository of this user
    #[arg(long)]
    pub all_repos: bool,
    /// How many at most
    #[arg(short, value_name = "N", default_value_t = 10)]
    pub number: usize,
}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush list` is not built yet"))
}
