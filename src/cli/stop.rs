//! `afterpush stop`: stops watches and returns when the status says so.

use super::{Failure, Outcome, World};

/// What `afterpush stop` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The commit: anything `git rev-parse` takes
    #[arg(value_name = "REV", default_value = "HEAD", conflicts_with = "all")]
    pub rev: String,
    /// Stop every watch of this repository, and the monitor with them
    #[arg(long)]
    pub all: bool,
}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush stop` is not built yet"))
}
