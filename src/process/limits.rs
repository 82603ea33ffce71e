//! The limits a monitor works under, as its caller left them (`ulimit`).

#![expect(unsafe_code, reason = "ignoring a signal")]

use std::io;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// With fewer descriptors a monitor cannot look at anything, and its libraries do not say so but panic.
const LEAST_DESCRIPTORS: u64 = 64;

/// From now on a file that grows beyond `ulimit -f` is an error to report, not a reason to die.
pub fn report_large_files() {
    // SAFETY: ignoring a signal runs no code.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Makes sure that as many files may be open as a monitor needs at least.
pub fn ensure_descriptors() -> io::Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft >= LEAST_DESCRIPTORS {
        return Ok(());
    }
    if hard < LEAST_DESCRIPTORS {
        return Err(io::Error::other(format!(
            "only {hard} files may be open (ulimit -n), {LEAST_DESCRIPTORS} are needed"
        )));
    }
    Ok(setrlimit(Resource::RLIMIT_NOFILE, LEAST_DESCRIPTORS, hard)?)
}
