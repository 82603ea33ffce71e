//! `afterpush wait`: blocks until a commit is decided and prints one line.

use super::args::{Patience, Subject};
use super::{Failure, Outcome, World};

/// What `afterpush wait` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The commit, and what of it
    #[command(flatten)]
    pub subject: Subject,
    /// How long, and for what
    #[command(flatten)]
    pub patience: Patience,
}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush wait` is not built yet"))
}
