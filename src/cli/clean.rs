//! `afterpush clean`: removes status files, timelines and logs that are old, and stale leftovers.

use super::{Failure, Outcome, World};
use crate::base::Span;

/// What `afterpush clean` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How old they must be
    #[arg(long, value_name = "DUR", default_value = "7d")]
    pub older_than: Span,
    /// List them, remove nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush clean` is not built yet"))
}
