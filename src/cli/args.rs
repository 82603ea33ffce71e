//! The command line: the commands, and the flags all of them take.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};

use super::{
    Failure, Outcome, World, clean, completions, daemon, demo, doctor, exit_codes, init, install, list, logs, man,
    schema, status, stop, track, trust, uninstall, untrust, wait, watch,
};
use crate::base::Span;
use crate::watch::Verdict;

/// Tells what became of the commit you pushed: landed, deployed, live, or not.
#[derive(Debug, Parser)]
#[command(name = "afterpush", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: `afterpush exit-codes`. A first use: `afterpush init`, `afterpush install`, push, \
                        `afterpush wait`."
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The flags every command takes.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Common options")]
pub struct Global {
    /// Run as if started in DIR; several add up, as in git
    #[arg(short = 'C', value_name = "DIR", global = true, action = ArgAction::Append)]
    pub directory: Vec<PathBuf>,
    /// When to colour: auto, always, never
    #[arg(long, value_name = "WHEN", global = true, value_enum, default_value_t = Color::Auto)]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub color: Color,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Print one JSON document
    #[arg(long, global = true)]
    pub json: bool,
    /// Say one word only: the verdict or phase
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` or `TERM=dumb` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write `.afterpush.toml` for the provider this repository's files name (changes one file)
    Init(init::Args),
    /// Put the pre-push hook into this repository, keeping any hook that is there (changes local state)
    Install(install::Args),
    /// Take the hook out again and restore what was there (changes local state)
    Uninstall(uninstall::Args),
    /// Say how a commit stands, from disk (no network)
    Status(status::Args),
    /// Wait until a commit is decided and print one line
    Wait(wait::Args),
    /// The same with live progress; Ctrl-C leaves the view, the monitor goes on
    Watch(watch::Args),
    /// Start watching a commit by hand (pushed elsewhere, or without the hook)
    Track(track::Args),
    /// List running watches and recent verdicts (no network)
    List(list::Args),
    /// Print a failed deployment's log, or the monitor's own (no network)
    Logs(logs::Args),
    /// Stop watching
    Stop(stop::Args),
    /// Remove old status files, timelines and logs (changes local state)
    Clean(clean::Args),
    /// Run the monitor in the foreground; ask whether one runs; stop it
    Daemon(daemon::Args),
    /// Allow this repository's `.afterpush.toml` to name commands, URLs and sources of secrets (changes local state)
    Trust(trust::Args),
    /// Take that back (changes local state)
    Untrust(untrust::Args),
    /// Check everything a watch needs and say how to mend it (talks to the provider)
    Doctor(doctor::Args),
    /// Show all of it on a throwaway repository (loopback only)
    Demo(demo::Args),
    /// List the exit codes
    ExitCodes(exit_codes::Args),
    /// Print the JSON schemas
    Schema(schema::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Print the manual page, or write all of them into a folder
    Man(man::Args),
}

impl Command {
    /// Runs it.
    pub fn run(&self, world: &World) -> Result<Outcome, Failure> {
        let answers = matches!(self, Self::Status(_) | Self::Wait(_) | Self::Watch(_));
        let end = self.carry_out(world).and_then(|outcome| match world.printer.failed() {
            Some(why) => Err(Failure::unknown("output", "cannot write the result to standard output").because(why)),
            None => Ok(outcome),
        });
        // Where 1 is no answer about a commit, what could not be found out simply failed.
        end.map_err(|failure| if answers { failure } else { failure.plain() })
    }

    fn carry_out(&self, world: &World) -> Result<Outcome, Failure> {
        match self {
            Self::Init(args) => init::run(args, world),
            Self::Install(args) => install::run(args, world),
            Self::Uninstall(args) => uninstall::run(args, world),
            Self::Status(args) => status::run(args, world),
            Self::Wait(args) => wait::run(args, world),
            Self::Watch(args) => watch::run(args, world),
            Self::Track(args) => track::run(args, world),
            Self::List(args) => list::run(args, world),
            Self::Logs(args) => logs::run(args, world),
            Self::Stop(args) => stop::run(args, world),
            Self::Clean(args) => clean::run(args, world),
            Self::Daemon(args) => daemon::run(args, world),
            Self::Trust(args) => trust::run(args, world),
            Self::Untrust(args) => untrust::run(args, world),
            Self::Doctor(args) => doctor::run(args, world),
            Self::Demo(args) => demo::run(args, world),
            Self::ExitCodes(args) => exit_codes::run(args, world),
            Self::Schema(args) => schema::run(args, world),
            Self::Completions(args) => completions::run(args, world),
            Self::Man(args) => man::run(args, world),
        }
    }
}

/// The commit a question is about.
#[derive(Clone, Debug, clap::Args)]
pub struct Subject {
    /// The commit: anything `git rev-parse` takes
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub rev: String,
    /// Only this target
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
    /// Treat these verdicts as success, too
    #[arg(long, value_name = "VERDICT", value_delimiter = ',')]
    pub ok: Vec<Verdict>,
}

/// How long to wait, and for what.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Patience {
    /// Give up waiting after this long (exit 124); the monitor goes on
    #[arg(long, value_name = "DUR")]
    pub timeout: Option<Span>,
    /// Be content with: registered, built, live, healthy [default: healthy where that is configured, else live]
    #[arg(long = "for", value_name = "STAGE", value_enum, hide_possible_values = true)]
    pub until: Option<Stage>,
}

/// How far a commit has to come for `--for`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Stage {
    /// The provider has it
    Registered,
    /// It is built
    Built,
    /// It is deployed
    Live,
    /// Health agrees
    Healthy,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registered => "registered",
            Self::Built => "built",
            Self::Live => "live",
            Self::Healthy => "healthy",
        })
    }
}

/// What can be told of the common flags before the command line is understood: how to say that it is not.
pub fn early(words: &[OsString]) -> Global {
    let words: Vec<_> = words.iter().filter_map(|word| word.to_str()).take_while(|word| *word != "--").collect();
    let color = words.iter().enumerate().find_map(|(i, word)| match *word {
        "--color" => words.get(i + 1).copied(),
        _ => word.strip_prefix("--color="),
    });
    Global {
        color: color.and_then(|text| Color::from_str(text, false).ok()).unwrap_or_default(),
        json: words.contains(&"--json"),
        ..Global::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_wrong_command_line_still_tells_how_to_answer() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        let seen = early(&words("afterpush nonsense --json --color never"));
        assert!(seen.json && seen.color == Color::Never);
        let seen = early(&words("afterpush nonsense --color=always -- --json"));
        assert!(!seen.json && seen.color == Color::Always);
    }
}
