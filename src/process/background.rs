//! Work done in a process of its own, so that a disk that hangs cannot hold the caller.

#![expect(unsafe_code, reason = "fork, and closing descriptors that belong to git")]

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::unistd::{ForkResult, dup2_stderr, dup2_stdin, dup2_stdout, fork, setsid};

use super::descriptors::{Fate, let_go};
use super::limits::report_large_files;

/// More than a hook has to say.
const LONGEST: usize = 4_096;

/// Written when the work has come to its end, so that its death is not taken for it.
const END: u8 = 0;
/// Written by work that becomes another program: if that succeeds, the exec closes the pipe, and that was the end.
const BECOMES: u8 = 1;

/// What came back from work in the background.
#[derive(Debug)]
pub struct Told {
    /// What it wrote, as far as it came before the deadline; at most 4 KiB.
    pub text: Vec<u8>,
    /// How far it came.
    pub end: End,
}

/// How far work in the background came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// To its end.
    Reached,
    /// It panicked or was killed.
    Broken,
    /// It goes on beyond the deadline.
    Open,
}

/// Runs `work` in a forked process with a session of its own and none of this process's descriptors, and waits for
/// its end, but not beyond `deadline`. What `work` writes comes back, the bytes 0 and 1 excepted; late work goes on
/// unheard.
///
/// Meant for a program with a single thread, which a forked copy of stays whole.
pub fn in_background(deadline: Instant, work: impl FnOnce(&mut PipeWriter)) -> io::Result<Told> {
    let (reader, writer) = io::pipe()?;
    let mut before = SigSet::empty();
    // From before the fork until the child has its own session, so that a Ctrl-C in between hits neither.
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&deadly()), Some(&mut before))?;
    // SAFETY: the process has one thread, so the child may go on as an ordinary program.
    let forked = unsafe { fork() };
    if matches!(forked, Ok(ForkResult::Child)) {
        drop(reader);
        let _ = catch_unwind(AssertUnwindSafe(|| detached(writer, work)));
        // SAFETY: ends the process without running the exit handlers of the one it is a copy of.
        unsafe { libc::_exit(0) };
    }
    drop(writer);
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None)?;
    forked?;
    Ok(listen(reader, deadline))
}

/// Says that the next to happen is an exec, which ends the work if it succeeds.
pub(super) fn announce_exec(told: &mut PipeWriter) {
    // Nobody listens any more when the deadline has passed.
    let _ = told.write_all(&[BECOMES]);
}

fn deadly() -> SigSet {
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT].into_iter().collect()
}

fn detached(mut writer: PipeWriter, work: impl FnOnce(&mut PipeWriter)) {
    // The leader of a new session has left the terminal's and the caller's process group. A forked process is no
    // group's leader, so this cannot fail.
    let _ = setsid();
    if let_go_of_git(&writer).is_ok() {
        report_large_files();
        work(&mut writer);
        let _ = writer.write_all(&[END]);
    }
}

/// A process that kept git's pipes would keep `out=$(git push)` and the connection to the server waiting.
fn let_go_of_git(writer: &PipeWriter) -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    drop(null);
    // SAFETY: in this copy of the process only the writer is used from here on.
    unsafe { let_go(writer.as_raw_fd(), Fate::Close) };
    Ok(())
}

fn listen(mut reader: PipeReader, deadline: Instant) -> Told {
    let mut text = Vec::new();
    let mut chunk = [0; 512];
    let mut end = End::Open;
    while end == End::Open && text.len() < LONGEST && is_ready(&reader, deadline) {
        match reader.read(&mut chunk) {
            Ok(0) if text.last() == Some(&BECOMES) => end = End::Reached,
            Ok(0) | Err(_) => end = End::Broken,
            Ok(length) => text.extend_from_slice(&chunk[..length]),
        }
        if text.pop_if(|last| *last == END).is_some() {
            end = End::Reached;
        }
    }
    text.retain(|byte| *byte != BECOMES);
    Told { text, end }
}

/// Waits for something to read, or for the end of the writer.
fn is_ready(reader: &PipeReader, deadline: Instant) -> bool {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut asked = [PollFd::new(reader.as_fd(), PollFlags::POLLIN)];
        match poll(&mut asked, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO)) {
            Err(Errno::EINTR) => {}
            answer => return answer.is_ok_and(|ready| ready > 0),
        }
    }
}
