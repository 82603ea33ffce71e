//! `afterpush doctor`: checks everything a watch needs and says how to mend it.

use super::{Failure, Outcome, World};

/// What `afterpush doctor` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Exit 1 if a check failed
    #[arg(long)]
    pub exit_code: bool,
    /// Ask nobody over the network
    #[arg(long)]
    pub offline: bool,
}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush doctor` is not built yet"))
}
