//! `afterpush track`: starts a watch by hand.

use super::{Failure, Outcome, World};

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
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush track` is not built yet"))
}
