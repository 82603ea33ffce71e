//! `afterpush man`: the manual pages.

use std::path::PathBuf;

use clap::CommandFactory;

use super::{Cli, Failure, Outcome, World};

/// What `afterpush man` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write the pages of all commands into this folder instead of printing the first
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let cannot = |error| Failure::failed("man", "cannot write the manual pages").because(error);
    if let Some(folder) = &args.dir {
        std::fs::create_dir_all(folder).map_err(cannot)?;
        clap_mangen::generate_to(Cli::command(), folder).map_err(cannot)?;
        return Ok(Outcome::Done);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(cannot)?;
    world.printer.raw(&String::from_utf8_lossy(&page));
    Ok(Outcome::Done)
}
