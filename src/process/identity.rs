//! Who a monitor is, so that neither a reused pid nor another machine's or boot's process is taken for it.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::pidfd::PidFd;
use super::proc;
use super::summon::own_program;
use crate::base::{Layout, Timestamp, text};

/// A process, as it described itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its process id.
    pub pid: i32,
    /// Its start in clock ticks since boot.
    pub start_ticks: Option<u64>,
    /// The boot it runs in: pid and ticks recur across boots.
    pub boot_id: Option<String>,
    /// The pid namespace it runs in: containers share the boot id.
    pub pid_namespace: Option<u64>,
    /// Its user.
    pub uid: u32,
    /// The machine's name: a repository may lie on a network file system.
    pub host: String,
    /// The program's version.
    pub version: String,
    /// The program's file, to notice that a newer one took its place.
    pub exe: Option<FileId>,
    /// The private folder, to notice that it was removed or moved.
    pub state_dir: Option<FileId>,
    /// When it wrote this.
    pub since: Timestamp,
}

/// A file by what it is, not by what it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileId {
    /// The device it lies on.
    pub device: u64,
    /// Its inode there.
    pub inode: u64,
}

/// Whether a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aliveness {
    /// It does.
    Alive,
    /// It does not; a zombie counts as dead.
    Dead,
    /// That cannot be told from here.
    Unknown,
}

/// What stands behind an identity now.
#[derive(Debug)]
pub enum Found {
    /// The process itself, held so that a signal cannot hit another.
    Running(PidFd),
    /// Nothing: it has ended, or the machine was started anew.
    Gone,
    /// Another process has its pid; in words.
    Stranger(String),
    /// It cannot be told; in words.
    Unknown(String),
}

impl FileId {
    /// The file with this name, symlinks followed.
    pub fn of(path: &Path) -> Option<Self> {
        let file = std::fs::metadata(path).ok()?;
        Some(Self { device: file.dev(), inode: file.ino() })
    }
}

impl Identity {
    /// This process, working for this repository.
    pub fn own(layout: &Layout, now: Timestamp) -> Self {
        // A pid is positive and the kernel's largest is 2^22.
        let pid = i32::try_from(std::process::id()).unwrap_or(i32::MAX);
        Self {
            pid,
            start_ticks: proc::stat(pid).map(|own| own.start_ticks),
            boot_id: proc::boot_id(),
            pid_namespace: proc::pid_namespace(),
            uid: nix::unistd::geteuid().as_raw(),
            host: host(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            exe: own_program().and_then(|program| FileId::of(&program)),
            state_dir: FileId::of(layout.private()),
            since: now,
        }
    }

    /// It was started before the other one, in the same boot.
    pub fn is_older_than(&self, other: &Self) -> bool {
        self.boot_id == other.boot_id && self.host == other.host && self.start_ticks < other.start_ticks
    }

    /// Looks for the process. The handle is opened before the start time is compared, so it cannot be another's.
    pub fn find(&self) -> Found {
        if self.host != host() {
            return Found::Unknown(format!("it runs on the machine {}", self.host));
        }
        match (&self.boot_id, proc::boot_id()) {
            (Some(then), Some(now)) if *then != now => return Found::Gone,
            (Some(_), Some(_)) => {}
            _ => return Found::Unknown("this system does not tell processes of different boots apart".to_owned()),
        }
        if self.pid_namespace != proc::pid_namespace() {
            return Found::Unknown("it runs in another pid namespace, as in a container".to_owned());
        }
        match PidFd::open(self.pid) {
            Ok(Some(handle)) => self.recognise(handle),
            Ok(None) => Found::Gone,
            Err(err) => self.unknown("held", &err),
        }
    }

    fn recognise(&self, handle: PidFd) -> Found {
        let Some(found) = proc::stat(self.pid) else { return Found::Gone };
        if Some(found.start_ticks) != self.start_ticks {
            return Found::Stranger(format!(
                "process {} was started at tick {}, the monitor at {}",
                self.pid,
                found.start_ticks,
                self.start_ticks.map_or_else(|| "an unknown one".to_owned(), |ticks| ticks.to_string()),
            ));
        }
        match handle.has_ended(Duration::ZERO) {
            Ok(true) => Found::Gone,
            Ok(false) => Found::Running(handle),
            Err(err) => self.unknown("watched", &err),
        }
    }

    fn unknown(&self, what: &str, why: &io::Error) -> Found {
        let why = text::without_number(&why.to_string());
        Found::Unknown(format!("the process {} cannot be {what}: {why}", self.pid))
    }

    /// Whether the process runs.
    pub fn is_running(&self) -> Aliveness {
        match self.find() {
            Found::Running(_) => Aliveness::Alive,
            Found::Gone | Found::Stranger(_) => Aliveness::Dead,
            Found::Unknown(_) => Aliveness::Unknown,
        }
    }
}

fn host() -> String {
    nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn own() -> Identity {
        Identity::own(&Layout::new(Path::new("/nowhere"), 0), Timestamp::default())
    }

    #[test]
    fn this_process_recognises_itself() {
        assert_eq!(own().is_running(), Aliveness::Alive);
        let text = serde_json::to_string(&own()).expect("serializable");
        assert_eq!(serde_json::from_str::<Identity>(&text).expect("readable"), own());
    }

    #[test]
    fn the_same_pid_is_not_enough() {
        let later = Identity { start_ticks: own().start_ticks.map(|ticks| ticks + 1), ..own() };
        assert!(matches!(later.find(), Found::Stranger(_)));
        assert_eq!(later.is_running(), Aliveness::Dead);
        let other_boot = Identity { boot_id: Some("another".to_owned()), ..own() };
        assert_eq!(other_boot.is_running(), Aliveness::Dead);
        for unknown in [
            Identity { pid_namespace: Some(1), ..own() },
            Identity { host: "elsewhere".to_owned(), ..own() },
            Identity { boot_id: None, ..own() },
        ] {
            assert_eq!(unknown.is_running(), Aliveness::Unknown);
        }
    }

    #[test]
    fn a_zombie_is_dead() {
        let mut child = std::process::Command::new("true").spawn().expect("true");
        let pid = i32::try_from(child.id()).expect("a pid");
        let ticks = proc::stat(pid).map(|found| found.start_ticks);
        let handle = PidFd::open(pid).expect("a kernel with pidfd").expect("at least a zombie");
        assert!(handle.has_ended(Duration::from_secs(30)).expect("polled"));
        let zombie = Identity { pid, start_ticks: ticks, ..own() };
        assert_eq!(zombie.is_running(), Aliveness::Dead);
        child.wait().expect("reaped");
        assert_eq!(zombie.is_running(), Aliveness::Dead);
    }
}
