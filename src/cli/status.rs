//! `afterpush status`: the answer for a commit, from disk.

use super::args::Subject;
use super::{Failure, Outcome, World};

/// What `afterpush status` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The commit, and what of it
    #[command(flatten)]
    pub subject: Subject,
    /// Ask the sources now instead of answering from disk (talks to the provider)
    #[arg(long)]
    pub refresh: bool,
}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush status` is not built yet"))
}
