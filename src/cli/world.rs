//! What a command may know of the machine: one snapshot, taken by [`super::main`], replaced in tests.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;

use super::place::Place;
use super::printer::wants_color;
use super::{Failure, Global, Printer, Style};
use crate::base::{Clock, Timestamp};
use crate::config::{Config, ConfigError};
use crate::host::clock::Machine;
use crate::host::places::Places;
use crate::host::settings::{self, Sources};
use crate::process;

/// The surroundings of one run.
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct World {
    /// The current directory, after `-C`.
    pub cwd: PathBuf,
    /// The environment.
    pub environment: Environment,
    /// The time.
    pub clock: Box<dyn Clock>,
    /// Standard output is a terminal.
    pub is_terminal: bool,
    /// Colours are wanted on it.
    pub has_color: bool,
    /// How to draw on it.
    pub style: Style,
    /// Where words go.
    pub printer: Printer,
    /// `--json`.
    pub json: bool,
    /// `-q`.
    pub quiet: bool,
    /// This program, to start a monitor with.
    pub program: PathBuf,
}

/// A snapshot of environment variables; those that are not UTF-8 are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl World {
    /// The world of this process. `-C` moves the process, as git does, so that relative variables such as `GIT_DIR`
    /// mean the same to everybody.
    pub fn of_process(global: &Global) -> Result<Self, Failure> {
        for directory in &global.directory {
            std::env::set_current_dir(directory).map_err(|error| {
                Failure::usage("bad_directory", format!("cannot change to {}", directory.display())).because(error)
            })?;
        }
        let environment = Environment::of_process();
        let is_terminal = std::io::stdout().is_terminal();
        Ok(Self {
            cwd: std::env::current_dir()
                .map_err(|error| Failure::usage("bad_directory", "there is no current directory").because(error))?,
            clock: Box::new(Machine),
            is_terminal,
            has_color: wants_color(global.color, is_terminal, &environment),
            style: Style { width: width(&environment), ascii: global.ascii || wants_ascii(&environment) },
            printer: Printer::of_process(global.color, &environment),
            json: global.json,
            quiet: global.quiet,
            program: process::own_program().unwrap_or_else(|| PathBuf::from("afterpush")),
            environment,
        })
    }

    /// A text with its colours, or without where there are to be none; for what goes past the printer.
    pub fn dressed(&self, text: String) -> String {
        if self.has_color { text } else { anstream::adapter::strip_str(&text).to_string() }
    }

    /// The settings of a repository.
    pub fn settings(&self, place: &Place) -> Result<Config, Failure> {
        self.with_sources(place, settings::read).map_err(|error| config_failure(&error))
    }

    /// Where the settings of a repository are told.
    pub fn with_sources<T>(&self, place: &Place, act: impl FnOnce(&Sources<'_>) -> T) -> T {
        let places = Places::of_user();
        let worktree = settings::worktree_for(&place.repo, place.repo.worktree());
        act(&Sources {
            layout: &place.layout,
            worktree: worktree.as_deref(),
            places: places.as_ref(),
            variable: &|name| self.environment.get(name).map(str::to_owned),
        })
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// A configuration that cannot be used, in words.
pub(super) fn config_failure(error: &ConfigError) -> Failure {
    let hint = error.hint.clone().filter(|hint| !error.message.contains(hint));
    Failure { hint, ..Failure::config("config_invalid", error.to_string()) }
}

impl Environment {
    /// That of this process.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// A variable's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All of them, by name.
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.0.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// The terminal's width; `COLUMNS` wins, 80 where nothing is known. Longer lines than 120 columns are hard to read.
fn width(environment: &Environment) -> usize {
    let told = environment.get("COLUMNS").and_then(|text| text.parse().ok());
    let width = told
        .or_else(|| terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0)))
        .unwrap_or(80);
    width.clamp(40, 120)
}

/// A locale that is not UTF-8, or a terminal that can do nothing, gets ASCII. Without any locale variable the locale
/// is C, but then the reader is seldom a terminal of 1985; only an explicit other charset counts.
fn wants_ascii(environment: &Environment) -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| environment.get(name).filter(|v| !v.is_empty()));
    let utf8 = locale.is_none_or(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    });
    environment.get("TERM") == Some("dumb") || !utf8
}
