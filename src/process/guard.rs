//! What keeps a process that holds credentials to itself: no core dump, and no look into its memory by other
//! processes of the same user.

use nix::sys::resource::{Resource, setrlimit};

/// Closes this process to debuggers and core dumps from now on; the programs it starts leave no core dump either.
///
/// To be called before a credential is read. A system that refuses it has refused nothing anybody relies on.
pub fn guard_secrets() {
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// Asks the system to end this process before others when memory runs out: its watches are on the disk, and the next
/// push starts it again. Not possible any more after [`guard_secrets`].
pub fn be_first_to_go() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = std::fs::write("/proc/self/oom_score_adj", "500");
}
