//! `afterpush schema`: prints the JSON schemas of the documents.

use super::{Failure, Outcome, World};

/// What `afterpush schema` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one: status, event, list or error; all without it
    pub name: Option<String>,
}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush schema` is not built yet"))
}
