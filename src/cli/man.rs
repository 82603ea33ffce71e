//! `afterpush man`: the manual pages.

use std::path::PathBuf;

use super::{Failure, Outcome, World};

/// What `afterpush man` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write the pages of all commands into this folder instead of printing the first
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush man` is not built yet"))
}
