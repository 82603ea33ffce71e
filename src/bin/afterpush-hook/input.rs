//! git's lines on stdin, read within bounds: whoever called the hook may never close it.

use std::io::{IsTerminal, StdinLock, stdin};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use afterpush::process::limit;
use afterpush::push::{HookInput, RefUpdate, read_lines};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// git has written all of it before the hook has even started.
const LIMIT: Duration = Duration::from_millis(100);
/// Some eight thousand refs.
const LONGEST: usize = 1024 * 1024;

/// What was read.
pub struct Input {
    /// The refs that get a commit.
    pub updates: Vec<RefUpdate>,
    /// Lines that were not git's.
    pub garbage: usize,
    /// There was more.
    pub is_cut: bool,
}

/// Reads stdin, unless a person sits there.
pub fn read() -> Input {
    let stdin = stdin().lock();
    if stdin.is_terminal() {
        return Input { updates: Vec::new(), garbage: 0, is_cut: false };
    }
    let (mut bytes, is_cut) = read_bytes(&stdin, Instant::now() + limit("input_limit", LIMIT));
    if is_cut {
        // The last line is probably half of one.
        bytes.truncate(bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1));
    }
    let HookInput { updates, garbage } = read_lines(&bytes);
    Input { updates, garbage, is_cut }
}

fn read_bytes(stdin: &StdinLock<'_>, deadline: Instant) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    // Most pushes have a line or two, and each page of memory that is touched costs as much as a read.
    let mut chunk = [0; 4 * 1024];
    while bytes.len() < LONGEST {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut asked = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
        match poll(&mut asked, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO)) {
            Ok(0) => return (bytes, true),
            Ok(_) => {}
            Err(nix::errno::Errno::EINTR) => continue,
            Err(_) => return (bytes, true),
        }
        match nix::unistd::read(stdin, &mut chunk) {
            Ok(0) => return (bytes, false),
            Ok(length) => bytes.extend_from_slice(&chunk[..length]),
            Err(nix::errno::Errno::EINTR | nix::errno::Errno::EAGAIN) => {}
            // Closed, or a folder: there is nothing to be had.
            Err(_) => return (bytes, false),
        }
    }
    (bytes, true)
}

/// What is said of lines that are not git's.
pub fn complaint(lines: usize) -> String {
    let (noun, verb) = if lines == 1 { ("line", "is") } else { ("lines", "are") };
    format!("afterpush: {lines} {noun} on the hook's input {verb} not of the kind git writes; the rest counts\n")
}
