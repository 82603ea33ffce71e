//! The commands: one file each, and what they share.
//!
//! A command is `run(&Args, &World) -> Result<Outcome, Failure>`. It takes the machine from the [`World`], puts
//! results on the world's [`Printer`] and answers with an [`Outcome`]; [`main`] turns that, or the [`Failure`], into
//! words and an exit code once, and is the only place that does.

mod answer;
mod args;
mod clean;
mod completions;
mod daemon;
mod demo;
mod doctor;
mod excerpt;
mod exit_codes;
mod failure;
mod follow;
mod helper;
mod hindrance;
mod init;
mod install;
mod journal;
mod judge;
mod list;
mod logs;
mod man;
mod outcome;
mod place;
mod printer;
mod pushes;
mod report;
mod schema;
mod start;
mod status;
mod stop;
mod style;
mod track;
mod trouble;
mod trust;
mod uninstall;
mod untrust;
mod view;
mod wait;
mod waiting;
mod watch;
mod world;

use std::ffi::OsString;
use std::mem::ManuallyDrop;

use clap::{CommandFactory, FromArgMatches};

pub use args::{Cli, Color, Command, Global};
pub use failure::{Failure, Kind};
pub use outcome::Outcome;
pub use printer::Printer;
pub use style::{Style, Tone};
pub use world::{Environment, World};

use crate::watch::exit;

/// The exit code after Ctrl-C, as shells count it.
pub const INTERRUPTED: u8 = 130;

/// Below the help of the commands that answer with a verdict.
const VERDICT_CODES: &str = "\
Exit codes: 0 live, 1 the answer is no, 3 nothing deployed, 4 credentials or configuration, 5 cannot tell, 6 superseded, \
7 nobody watches it, 8 still in progress (status), 124 timed out; see `afterpush exit-codes`.";

/// Runs the program with the arguments and the environment of this process. Returns its exit code.
pub fn main() -> u8 {
    std::panic::set_hook(Box::new(failure::tell_panic));
    let words: Vec<OsString> = std::env::args_os().collect();
    let early = args::early(&words);
    // Never dropped: to take the description of all commands apart costs a tenth of the start.
    let mut description = ManuallyDrop::new(Cli::command());
    let parsed = description.try_get_matches_from_mut(words).and_then(|found| Cli::from_arg_matches(&found));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return World::of_process(&early).map_or(exit::USAGE, |world| tell_usage(&world, &error)),
    };
    match World::of_process(&cli.global) {
        Ok(world) => finish(&world, cli.command.run(&world)),
        Err(failure) => {
            Printer::of_process(early.color, &Environment::of_process()).failure(&failure, early.json);
            failure.code()
        }
    }
}

fn finish(world: &World, end: Result<Outcome, Failure>) -> u8 {
    match end {
        Ok(outcome) => outcome.code(),
        Err(failure) => {
            world.printer.failure(&failure, world.json);
            failure.code()
        }
    }
}

/// Help and version are results; everything else clap says is a usage error.
fn tell_usage(world: &World, error: &clap::Error) -> u8 {
    if !error.use_stderr() {
        world.printer.raw(&error.render().ansi().to_string());
        return exit::OK;
    }
    if world.json {
        let text = error.render().to_string();
        world.printer.failure(&Failure::usage("usage", first_paragraph(&text)).hint("see `afterpush --help`"), true);
    } else {
        world.printer.raw_note(&error.render().ansi().to_string());
    }
    exit::USAGE
}

/// What clap says before it tells of the usage, on one line.
fn first_paragraph(text: &str) -> String {
    let lines = text.trim_start_matches("error: ").lines().map(str::trim);
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A runtime for the commands that wait.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| Failure::unknown("runtime", "cannot wait").because(error))
}
