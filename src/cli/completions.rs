//! `afterpush completions`: a completion script.

use clap::CommandFactory;

use super::{Cli, Failure, Outcome, World};

/// What `afterpush completions` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// Runs the command.
#[expect(clippy::unnecessary_wraps, reason = "all commands have one shape")]
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "afterpush", &mut script);
    world.printer.raw(&String::from_utf8_lossy(&script));
    Ok(Outcome::Done)
}
