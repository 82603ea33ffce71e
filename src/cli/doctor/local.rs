//! Checks of this machine and of the repository's files.

use super::Patient;
use super::check::{Check, counted};
use crate::base::{Span, Timestamp};
use crate::cli::Failure;
use crate::host::files::Folder;
use crate::host::git;
use crate::host::hooking::{self, Found, HookState};
use crate::host::machine;
use crate::host::watcher;
use crate::process::{self, Presence};
use crate::spool;
use crate::status::Document;

/// Below this a status file or a log may not be written any more.
const LITTLE_ROOM: u64 = 64 << 20;
/// A monitor needs a few dozen files.
const FEW_FILES: u64 = 1000;
/// What lies in the inbox's workshop longer than this was left by a crash.
const LEFT_BEHIND: Span = Span::from_hours(1);

pub(super) fn git() -> Check {
    match git::version() {
        Ok(version) => Check::ok("git", version.to_string()),
        Err(why) => Check::failed("git", why.to_string(), "install git and put it into PATH"),
    }
}

/// The repository is there, but cannot be read.
pub(super) fn unreadable(failure: &Failure) -> Check {
    Check::failed("repository", failure.sentence(), "make `git status` work here first")
}

pub(super) fn repository(patient: &Patient<'_>) -> Check {
    let place = match patient.place.repo.worktree() {
        Some(worktree) => worktree.display().to_string(),
        None => format!("{} (bare, so there is no .afterpush.toml)", patient.place.repo.common_dir().display()),
    };
    let remotes = patient.place.repo.remotes();
    if remotes.is_empty() {
        let fix = "git remote add origin URL";
        return Check::warning("repository", format!("{place} has no remote to push to"), fix);
    }
    Check::ok("repository", place)
}

pub(super) fn hook(patient: &Patient<'_>) -> Check {
    const ID: &str = "hook";
    match hooking::inspect(&patient.place.repo) {
        Ok(HookState::Installed(found)) => installed(ID, &found),
        Ok(HookState::Silent { why, cure }) => {
            Check::failed(ID, format!("it is there, but git does not run it: {why}"), cure)
        }
        Ok(HookState::Displaced { by, cure }) => Check::failed(ID, format!("{by} has taken its place"), cure),
        Ok(HookState::Absent) => Check::failed(ID, "not installed, so no push is noticed", "afterpush install"),
        Err(why) => Check::failed(ID, why.to_string(), why.hint().unwrap_or_default()),
    }
}

fn installed(id: &str, found: &Found) -> Check {
    let place = &found.how;
    if found.program.is_none() {
        let fix = "install afterpush again, then: afterpush install";
        return Check::failed(id, format!("{place}, but the program it runs is gone"), fix);
    }
    if found.is_outdated() {
        return Check::warning(id, format!("{place}, put there by an older afterpush"), "afterpush install");
    }
    Check::ok(id, place.to_string())
}

pub(super) fn monitor(patient: &Patient<'_>) -> Check {
    let own = env!("CARGO_PKG_VERSION");
    match process::presence(&patient.place.layout, patient.world.now()) {
        Presence::Responding(file) if file.identity.version == own => {
            Check::ok("monitor", format!("running (pid {}, version {own})", file.identity.pid))
        }
        Presence::Responding(file) => Check::warning(
            "monitor",
            format!("running version {} (pid {}), this is {own}", file.identity.version, file.identity.pid),
            "afterpush daemon stop; the next push starts the new one",
        ),
        Presence::Wedged(file) => Check::failed(
            "monitor",
            format!("running (pid {}), but it has not shown a sign of life for a while", file.identity.pid),
            "afterpush daemon stop",
        ),
        Presence::Absent if !process::may_summon(&patient.world.environment.pairs()) => {
            Check::skipped("monitor", "not running, and not started here (a CI runner, or AFTERPUSH=0)")
        }
        Presence::Absent => match patient.place.latest() {
            Ok(Some(document)) if !document.done => Check::failed(
                "monitor",
                format!("not running, though {} is not decided yet", document.commit.short),
                "afterpush wait",
            ),
            _ => Check::skipped("monitor", "not running; the next push starts it"),
        },
    }
}

pub(super) fn last_push(patient: &Patient<'_>) -> Check {
    const ID: &str = "last_push";
    match patient.place.latest() {
        Ok(None) => Check::skipped(ID, "none was watched yet"),
        Ok(Some(document)) => Check::ok(ID, told(&document, patient.world.now())),
        Err(failure) => Check::warning(ID, failure.sentence(), failure.hint.as_deref().unwrap_or_default()),
    }
}

fn told(document: &Document, now: Timestamp) -> String {
    let word = document.verdict.as_ref().map(ToString::to_string);
    let word = word.or_else(|| document.phase.as_ref().map(ToString::to_string)).unwrap_or_default();
    let push = document.push.as_ref();
    let to = push.map(|push| format!(" to {} {}", push.remote, push.ref_name)).unwrap_or_default();
    let ago = push.and_then(|push| push.at).map(|at| format!(", {} ago", now.since(at))).unwrap_or_default();
    format!("{}{to}{ago}: {word}", document.commit.short)
}

pub(super) fn disk(patient: &Patient<'_>) -> Check {
    let layout = &patient.place.layout;
    let folder = [layout.private(), layout.root()].into_iter().find(|folder| folder.is_dir());
    let folder = folder.unwrap_or(layout.common_dir());
    let disk = match machine::disk(folder) {
        Ok(disk) => disk,
        Err(why) => return Check::warning("disk", format!("{} cannot be asked: {why}", folder.display()), ""),
    };
    let free = match disk.free_files {
        Some(files) if files < FEW_FILES => format!("{files} more files can be made"),
        _ if disk.free_bytes < 1 << 20 => "no room left".to_owned(),
        _ => format!("{} MiB free", disk.free_bytes >> 20),
    };
    if disk.is_read_only || nix::unistd::access(folder, nix::unistd::AccessFlags::W_OK).is_err() {
        let detail = format!("{} cannot be written", folder.display());
        return Check::failed("disk", detail, "afterpush keeps its files there: make it writable for you");
    }
    if disk.free_bytes < LITTLE_ROOM || disk.free_files.is_some_and(|files| files < FEW_FILES) {
        return Check::failed("disk", free, "make room; `afterpush clean` removes old status files");
    }
    Check::ok("disk", free)
}

pub(super) fn file_watch(patient: &Patient<'_>) -> Check {
    match watcher::can_watch(patient.place.repo.common_dir()) {
        Ok(()) => Check::ok("file_watch", "the system tells of new requests at once"),
        Err(why) => Check::warning(
            "file_watch",
            format!("{why}; the monitor looks every few seconds instead"),
            "raise fs.inotify.max_user_instances and fs.inotify.max_user_watches with sysctl",
        ),
    }
}

pub(super) fn leftovers(patient: &Patient<'_>) -> Check {
    let left = spool::leftovers(&patient.place.layout, patient.world.now() - LEFT_BEHIND);
    let left = left.iter().filter(|path| path.parent().is_some_and(|folder| folder.ends_with("tmp"))).count();
    let bad = Folder::existing(&patient.place.layout.inbox().join("bad")).ok().flatten();
    let broken = bad.and_then(|folder| folder.names().ok()).unwrap_or_default().len();
    if left + broken == 0 {
        return Check::ok("leftovers", "none");
    }
    let detail = format!("{} set aside, {left} unfinished", counted(broken, "broken request"));
    Check::warning(
        "leftovers",
        detail,
        format!("look into {}, then: afterpush clean", patient.place.layout.inbox().display()),
    )
}
