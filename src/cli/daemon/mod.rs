//! `afterpush daemon`: the monitor in the foreground; whether one runs; stopping it.

mod foreground;
mod status;
mod stop;

use std::path::PathBuf;

use clap::Subcommand;

use super::{Failure, Outcome, World};

pub use status::schema;

/// What `afterpush daemon` takes.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// The private folder of the repository to watch; without it, this repository's
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Ask a running monitor to leave, and take its place
    #[arg(long)]
    pub take_over: bool,
    /// Instead of running it
    #[command(subcommand)]
    pub instead: Option<Instead>,
}

/// What can be done about a monitor instead of being it.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Instead {
    /// Say whether it runs: exit 0 running and responding, 3 not running, 1 running but not responding
    Status,
    /// Stop it; its watches go on when it is started again
    Stop,
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    match args.instead {
        None => foreground::run(args, world),
        Some(Instead::Status) => status::run(world),
        Some(Instead::Stop) => stop::run(world),
    }
}
