//! Starting a monitor, and deciding whether one is needed.

use std::ffi::CString;
use std::io::{self, PipeWriter};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::background::announce_exec;
use super::environment::{HANDED_OVER, for_monitor, hand_over, is_set, value};
use super::failpoint::failpoint;
use super::launch::{Launch, become_it, launch};
use super::lock::Alone;
use super::monitor_file::Holdings;
use crate::base::Layout;

/// The program a monitor is an instance of.
const PROGRAM: &str = "afterpush";

/// What says "this is a CI runner", where a process that outlives its job is killed with it. Not `CI`: agents'
/// sandboxes set it.
const CI_RUNNERS: &[&str] = &[
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "BUILDKITE",
    "CIRCLECI",
    "TRAVIS",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "TF_BUILD",
    "APPVEYOR",
    "BITBUCKET_BUILD_NUMBER",
    "CODEBUILD_BUILD_ID",
    "DRONE",
    "SEMAPHORE",
    "WOODPECKER",
];

/// How a monitor is to be started.
pub struct Summons<'a> {
    /// The program `afterpush`, by its whole path.
    pub program: &'a Path,
    /// The repository it is to work for.
    pub layout: &'a Layout,
    /// It is to ask the running monitor to leave.
    pub take_over: bool,
    /// All of the caller's variables. They travel in memory; only the harmless ones become the monitor's own.
    pub environment: &'a [(String, String)],
}

/// What was done so that a monitor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ensured {
    /// Nothing: one runs, and it holds what the caller could give it.
    Running,
    /// One was started.
    Summoned,
    /// One was started that takes over from the running one, which lacks the caller's credentials.
    TakingOver,
    /// Nothing: where the caller runs, none is to be started.
    Unwanted,
}

impl Ensured {
    /// A monitor has to be started, or was.
    pub const fn is_start(self) -> bool {
        matches!(self, Self::Summoned | Self::TakingOver)
    }
}

/// Whether a monitor may be started here at all.
pub fn may_summon(environment: &[(String, String)]) -> bool {
    if value(environment, "AFTERPUSH") == Some("0") {
        return false;
    }
    match value(environment, "AFTERPUSH_SPAWN") {
        Some("0") => false,
        Some("1") => true,
        _ => !CI_RUNNERS.iter().any(|runner| is_set(environment, runner)),
    }
}

/// This program's own file. Where the system cannot tell (there is no `/proc`) it is what it was called by.
pub fn own_program() -> Option<PathBuf> {
    let called = || std::env::args_os().next().map(PathBuf::from).filter(|name| name.components().count() > 1);
    std::env::current_exe().ok().or_else(|| called()?.canonicalize().ok())
}

/// The program `afterpush` beside this program's own file, else in `PATH`. Never a path read from a file.
fn monitor_program() -> Option<PathBuf> {
    let own_folder = own_program().and_then(|own| own.parent().map(Path::to_path_buf));
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    let folders = own_folder.into_iter().chain(std::env::split_paths(&search_path));
    let programs = folders.filter(|folder| folder.is_absolute()).map(|folder| folder.join(PROGRAM));
    programs.into_iter().find(|program| program.is_file() && access(program, AccessFlags::X_OK).is_ok())
}

/// Makes sure that somebody looks at the inbox. To be called after a request was dropped there, never before.
///
/// If the lock is busy its holder looks at the inbox after releasing it; if it is free, the monitor started here
/// does. So no request is ever left to chance.
pub fn ensure_monitor(layout: &Layout, program: &Path, environment: &[(String, String)]) -> io::Result<Ensured> {
    let ensured = lacking(layout, environment)?;
    if ensured.is_start() {
        summon(&Summons { program, layout, take_over: ensured == Ensured::TakingOver, environment })?;
    }
    Ok(ensured)
}

/// The same for work in the background that has come to its end: where a monitor is to be started, this process
/// becomes it, which spares the push two forks. Returns if none is needed or none can be started.
pub fn become_monitor(layout: &Layout, environment: &[(String, String)], told: &mut PipeWriter) -> io::Result<()> {
    let ensured = lacking(layout, environment)?;
    if !ensured.is_start() {
        return Ok(());
    }
    let missing = "the program afterpush is neither beside afterpush-hook nor in PATH";
    let program = monitor_program().ok_or_else(|| io::Error::other(missing))?;
    let summons = Summons { program: &program, layout, take_over: ensured == Ensured::TakingOver, environment };
    // Held until the exec.
    let (start, _handed_over) = prepared(&summons)?;
    announce_exec(told);
    Err(become_it(&start))
}

/// What there is to do so that somebody looks at the inbox.
fn lacking(layout: &Layout, environment: &[(String, String)]) -> io::Result<Ensured> {
    if !may_summon(environment) {
        return Ok(Ensured::Unwanted);
    }
    failpoint("ensure_before_probe");
    let is_free = Alone::try_take(layout)?.is_some();
    failpoint("ensure_after_probe");
    let take_over = !is_free && Holdings::read(layout).is_some_and(|held| held.lack(environment));
    Ok(match (is_free, take_over) {
        (true, _) => Ensured::Summoned,
        (false, true) => Ensured::TakingOver,
        (false, false) => Ensured::Running,
    })
}

/// Starts `afterpush daemon --state DIR`, detached, with an environment without git's variables. Returns once the
/// program runs.
pub fn summon(summons: &Summons<'_>) -> io::Result<()> {
    let (start, _handed_over) = prepared(summons)?;
    launch(&start)
}

/// How that program is to be started, and the descriptor that has to stay open until then.
fn prepared(summons: &Summons<'_>) -> io::Result<(Launch, OwnedFd)> {
    let handed_over = hand_over(summons.environment)?;
    let number = handed_over.as_raw_fd();
    let string = |bytes: &[u8]| CString::new(bytes).map_err(io::Error::other);
    let (program, state) = (summons.program.as_os_str().as_bytes(), summons.layout.private().as_os_str().as_bytes());
    let take_over = summons.take_over.then_some(&b"--take-over"[..]);
    let arguments = [program, b"daemon", b"--state", state].into_iter().chain(take_over).map(string);
    let own = for_monitor(summons.environment).map(|(name, value)| format!("{name}={value}"));
    let variables = own.chain([format!("{HANDED_OVER}={number}")]).map(|variable| string(variable.as_bytes()));
    let start = Launch {
        program: string(program)?,
        arguments: arguments.collect::<io::Result<_>>()?,
        variables: variables.collect::<io::Result<_>>()?,
        kept: number,
    };
    Ok((start, handed_over))
}
