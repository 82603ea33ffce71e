//! `afterpush install`: puts the hook into this repository, keeping any hook that is there.

use super::{Failure, Outcome, World};

/// What `afterpush install` takes.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of a command line")]
pub struct Args {
    /// Show what would be done, change nothing
    #[arg(long)]
    pub print: bool,
    /// Use a hook file
    #[arg(long, conflicts_with_all = ["config", "user"])]
    pub file: bool,
    /// Use a hook in the configuration (git 2.54 and newer)
    #[arg(long)]
    pub config: bool,
    /// Cover every repository of this user (git 2.54 and newer)
    #[arg(long)]
    pub user: bool,
    /// Put the status mirror's patterns into `.gitignore` instead of `.git/info/exclude`
    #[arg(long)]
    pub gitignore: bool,
}

/// Runs the command.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush install` is not built yet"))
}
