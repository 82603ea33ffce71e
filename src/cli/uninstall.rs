//! `afterpush uninstall`: takes the hook out again and restores what was there, byte for byte.

use super::{Failure, Outcome, World};

/// What `afterpush uninstall` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show what would be done, change nothing
    #[arg(long)]
    pub print: bool,
    /// Remove the hook that covers every repository of this user
    #[arg(long)]
    pub user: bool,
}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush uninstall` is not built yet"))
}
