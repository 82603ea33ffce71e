//! `afterpush completions`: a completion script.

use super::{Failure, Outcome, World};

/// What `afterpush completions` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush completions` is not built yet"))
}
