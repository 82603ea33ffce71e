//! Letting go of the descriptors a caller left open: git's pipes to the server, an agent's pipe on number 251.

#![expect(unsafe_code, reason = "close_range and fcntl on numbers that belong to nobody here")]

use std::os::fd::RawFd;

/// What becomes of a descriptor.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    /// It is closed now.
    Close,
    /// It is closed by the next exec.
    CloseOnExec,
}

/// Lets go of every descriptor from 3 on but `kept`. Only makes system calls, so it may run between fork and exec.
///
/// # Safety
/// With [`Fate::Close`] nothing in this process may use or own such a descriptor any more.
pub(super) unsafe fn let_go(kept: RawFd, fate: Fate) {
    let first = 3;
    // SAFETY: the caller vouches for all of them.
    unsafe {
        if kept > first {
            range(first, kept - 1, fate);
        }
        range(kept.max(first - 1) + 1, RawFd::MAX, fate);
    }
}

/// # Safety
/// As for [`let_go`].
unsafe fn range(first: RawFd, last: RawFd, fate: Fate) {
    #[cfg(target_os = "linux")]
    {
        let flags = match fate {
            Fate::Close => 0,
            Fate::CloseOnExec => libc::CLOSE_RANGE_CLOEXEC,
        };
        // SAFETY: integers only; the caller vouches for the descriptors.
        if unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) } == 0 {
            return;
        }
    }
    // SAFETY: as above.
    unsafe { one_by_one(first, last, fate) }
}

/// For kernels without `close_range`.
///
/// # Safety
/// As for [`let_go`].
unsafe fn one_by_one(first: RawFd, last: RawFd, fate: Fate) {
    // Limits of a million and more are set by container runtimes, but nobody opens that many.
    const HIGHEST: RawFd = 65_536;
    for number in first..=last.min(HIGHEST) {
        // SAFETY: as above; a number that is not open is an error the kernel tells and nobody needs.
        unsafe {
            match fate {
                Fate::Close => libc::close(number),
                Fate::CloseOnExec => libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC),
            };
        }
    }
}
