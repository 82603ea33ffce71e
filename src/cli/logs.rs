//! `afterpush logs`: the failed deployment's log, or the monitor's own.

use super::{Failure, Outcome, World};

/// What `afterpush logs` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The commit: anything `git rev-parse` takes
    #[arg(value_name = "REV", default_value = "HEAD", conflicts_with = "monitor")]
    pub rev: String,
    /// Only this target's
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
    /// The monitor's own log
    #[arg(long)]
    pub monitor: bool,
}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush logs` is not built yet"))
}
