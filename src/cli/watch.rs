//! `afterpush watch`: waits with live progress.

use super::args::{Patience, Subject};
use super::{Failure, Outcome, World};
use crate::base::Span;

/// What `afterpush watch` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The commit, and what of it
    #[command(flatten)]
    pub subject: Subject,
    /// How long, and for what
    #[command(flatten)]
    pub patience: Patience,
    /// Print one JSON event a line; the last one is the verdict
    #[arg(long, conflicts_with = "json")]
    pub jsonl: bool,
    /// Off a terminal: say that it goes on after this long without a change; 0: never
    #[arg(long, value_name = "DUR", default_value = "150s")]
    pub heartbeat: Span,
}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush watch` is not built yet"))
}
