//! A control group: as many processes or as much memory for some programs as the kernel is told. Needs root.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::until;

/// Where control groups are mounted.
const MOUNT: &str = "/sys/fs/cgroup";

/// One of one kind (`pids`, `memory`); all its processes end with it.
pub struct Group {
    folder: PathBuf,
}

impl Group {
    /// An empty one without a limit.
    #[track_caller]
    pub fn new(kind: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("afterpush-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        // A tree for each kind, or one for all of them.
        let of_kind = Path::new(MOUNT).join(kind);
        let tree = if of_kind.is_dir() {
            of_kind
        } else {
            let control = Path::new(MOUNT).join("cgroup.subtree_control");
            fs::write(control, format!("+{kind}")).expect("root may make control groups");
            PathBuf::from(MOUNT)
        };
        let folder = tree.join(name);
        fs::create_dir(&folder).expect("root may make control groups");
        Self { folder }
    }

    /// Sets a limit, under whichever of these names the kernel has it.
    #[track_caller]
    pub fn limit(&self, names: &[&str], value: &str) {
        let path = names.iter().map(|name| self.folder.join(name)).find(|path| path.exists());
        fs::write(path.expect("the kernel has this limit"), value).expect("root may");
    }

    /// The words before a program's own that run it here.
    pub fn entrance(&self) -> [String; 4] {
        let procs = self.folder.join("cgroup.procs").display().to_string();
        ["sh", "-c", "echo $$ > \"$0\" && exec \"$@\"", &procs].map(str::to_owned)
    }

    /// Puts a running process here.
    #[track_caller]
    pub fn take(&self, pid: Pid) {
        fs::write(self.folder.join("cgroup.procs"), pid.to_string()).expect("root may");
    }

    /// Its processes.
    pub fn processes(&self) -> Vec<Pid> {
        let text = fs::read_to_string(self.folder.join("cgroup.procs")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok().map(Pid::from_raw)).collect()
    }

    /// Ends all of them, as a session's manager does when its user has gone.
    #[track_caller]
    pub fn end(&self) {
        until("the group is empty", || {
            let left = self.processes();
            for pid in &left {
                // One that ended by itself in between is as good.
                let _ = kill(*pid, Signal::SIGKILL);
            }
            left.is_empty().then_some(())
        });
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
        // The kernel needs a moment until the dead have left.
        until("the group can be removed", || fs::remove_dir(&self.folder).ok());
    }
}
