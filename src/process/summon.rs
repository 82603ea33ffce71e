//! Starting a monitor that has nothing in common with whoever starts it, and deciding whether one is needed.

#![expect(unsafe_code, reason = "what happens between fork and exec")]

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{AccessFlags, access};

use super::descriptors::{Fate, let_go};
use super::environment::{HANDED_OVER, hand_over, is_set, kept, value};
use super::failpoint::failpoint;
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

/// What a caller may have ignored.
const SIGNALS: [libc::c_int; 7] =
    [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGPIPE, libc::SIGXFSZ, libc::SIGCHLD];

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
pub fn monitor_program() -> Option<PathBuf> {
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
    if !may_summon(environment) {
        return Ok(Ensured::Unwanted);
    }
    failpoint("ensure_before_probe");
    let is_free = Alone::try_take(layout)?.is_some();
    failpoint("ensure_after_probe");
    let take_over = !is_free && Holdings::read(layout).is_some_and(|held| held.lack(environment));
    if !is_free && !take_over {
        return Ok(Ensured::Running);
    }
    summon(&Summons { program, layout, take_over, environment })?;
    Ok(if take_over { Ensured::TakingOver } else { Ensured::Summoned })
}

/// Starts `afterpush daemon --state DIR`, detached: a session of its own, nothing of the caller's open, `/` as its
/// folder, default signals, and an environment without git's variables. Returns once the program runs.
pub fn summon(summons: &Summons<'_>) -> io::Result<()> {
    let handed_over = hand_over(summons.environment)?;
    let number = handed_over.as_raw_fd();
    let mut command = Command::new(summons.program);
    command.arg("daemon").arg("--state").arg(summons.layout.private());
    if summons.take_over {
        command.arg("--take-over");
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    command.env_clear().envs(kept(summons.environment).map(|(name, value)| (name, value)));
    command.env(HANDED_OVER, number.to_string());
    // SAFETY: the closure makes system calls only, and each of them is async-signal-safe.
    unsafe { command.pre_exec(move || detach(number)) };
    // The child is a short-lived one whose own child is the monitor, so that no caller is left with a zombie.
    // Where the caller ignores SIGCHLD there is nothing to wait for.
    let _ = command.spawn()?.wait();
    Ok(())
}

/// Runs between fork and exec.
fn detach(handed_over: RawFd) -> io::Result<()> {
    // SAFETY: system calls on integers and on values of this frame; std's own pipe, through which a failing exec is
    // told, is among the descriptors that close on exec.
    unsafe {
        match libc::fork() {
            -1 => return Err(io::Error::last_os_error()),
            0 => {}
            _ => libc::_exit(0),
        }
        libc::setsid();
        for signal in SIGNALS {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
        let_go(handed_over, Fate::CloseOnExec);
        if libc::fcntl(handed_over, libc::F_SETFD, 0) < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
