//! `afterpush init`: writes `.afterpush.toml` for the provider the repository's own files name.

use super::{Failure, Outcome, World};

/// What `afterpush init` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the file instead of writing it
    #[arg(long)]
    pub print: bool,
    /// Overwrite a file that is there
    #[arg(long)]
    pub force: bool,
}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush init` is not built yet"))
}
