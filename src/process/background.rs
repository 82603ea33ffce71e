//! Work done in a process of its own, so that a disk that hangs cannot hold the caller.

#![expect(unsafe_code, reason = "a process that shares memory with this one, and descriptors that belong to git")]

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, setsid};

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
pub struct Told<'a> {
    /// What it wrote, as far as it came before the deadline; at most 4 KiB.
    pub text: &'a [u8],
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

/// What the other process begins with.
struct Job<W> {
    /// The end of the pipe that it has no use for.
    reader: RawFd,
    writer: PipeWriter,
    work: W,
}

/// Runs `work` in a process with a session of its own and none of this one's descriptors, waits for its end, but not
/// beyond `deadline`, calls `report` with what `work` wrote, the bytes 0 and 1 excepted, and ends this process with 0;
/// late work goes on unheard. Returns only if no process can be made, and why.
///
/// The two share their memory: to copy it and to take the copy apart again would cost a push more than the work does.
/// So from then on all of it is the other's, `errno` included, and `report` may make system calls but neither ask for
/// memory nor give any back. Meant for a program with a single thread.
pub fn in_background<W: FnOnce(&mut PipeWriter)>(
    deadline: Instant,
    work: W,
    report: impl FnOnce(&Told<'_>),
) -> io::Error {
    let (reader, writer) = match io::pipe() {
        Ok(pipe) => pipe,
        Err(err) => return err,
    };
    let others = writer.as_raw_fd();
    let job = Box::into_raw(Box::new(Job { reader: reader.as_raw_fd(), writer, work }));
    let mut before = SigSet::empty();
    // From before there are two until the other has its own session, so that a Ctrl-C in between hits neither.
    let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&deadly()), Some(&mut before));
    // SAFETY: this process has one thread, and leaves the memory alone if there is another that has it.
    let made = unsafe { sharing_memory(run::<W>, job.cast()).or_else(|_| copying_memory(run::<W>, job.cast())) };
    // SAFETY: it is the other's; as long as it is open here, its end cannot be seen.
    unsafe { libc::close(others) };
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
    if let Err(err) = made {
        return err;
    }
    listen(reader, deadline, report);
    // SAFETY: what runs at a regular exit would use memory.
    unsafe { libc::_exit(0) }
}

type Entry = extern "C" fn(*mut libc::c_void) -> libc::c_int;

/// # Safety
/// Where it succeeds, the memory is the other process's.
#[cfg(target_os = "linux")]
unsafe fn sharing_memory(entry: Entry, job: *mut libc::c_void) -> io::Result<()> {
    /// Many times what the work of a hook takes.
    const STACK: usize = 1024 * 1024;
    /// Below it, so that work without end does not run into something else. No page is larger.
    const GUARD: usize = 64 * 1024;
    if super::failpoint::is_armed("no_sharing") {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let (rights, kind) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK);
    // SAFETY: new memory; nobody has any of it yet but the other process, which begins at its upper end.
    unsafe {
        let stack = libc::mmap(std::ptr::null_mut(), GUARD + STACK, rights, kind, -1, 0);
        if stack == libc::MAP_FAILED || libc::mprotect(stack, GUARD, libc::PROT_NONE) != 0 {
            return Err(io::Error::last_os_error());
        }
        match libc::clone(entry, stack.byte_add(GUARD + STACK), libc::CLONE_VM | libc::SIGCHLD, job) {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}

/// # Safety
/// None here.
#[cfg(not(target_os = "linux"))]
unsafe fn sharing_memory(_entry: Entry, _job: *mut libc::c_void) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// For systems that know no sharing, and emulators.
///
/// # Safety
/// This process has one thread.
unsafe fn copying_memory(entry: Entry, job: *mut libc::c_void) -> io::Result<()> {
    // SAFETY: with one thread the copy is whole, and may go on as an ordinary program.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            entry(job);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The other process, from its beginning to its end.
extern "C" fn run<W: FnOnce(&mut PipeWriter)>(job: *mut libc::c_void) -> libc::c_int {
    // SAFETY: made by `in_background`, which has not touched it since.
    let Job { reader, writer, work } = *unsafe { Box::from_raw(job.cast::<Job<W>>()) };
    // SAFETY: it is the first one's, and this one has it in vain.
    unsafe { libc::close(reader) };
    let _ = catch_unwind(AssertUnwindSafe(|| detached(writer, work)));
    // SAFETY: ends the process without running the exit handlers of the first one.
    unsafe { libc::_exit(0) };
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
    // The leader of a new session has left the terminal's and the caller's process group. A new process is no group's
    // leader, so this cannot fail.
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
    // SAFETY: this process has descriptors of its own, and of them only the writer is used from here on.
    unsafe { let_go(writer.as_raw_fd(), Fate::Close) };
    Ok(())
}

fn listen(mut reader: PipeReader, deadline: Instant, report: impl FnOnce(&Told<'_>)) {
    let mut text = [0; LONGEST];
    let mut length = 0;
    let mut end = End::Open;
    while end == End::Open && length < LONGEST && is_ready(&reader, deadline) {
        let heard = reader.read(&mut text[length..]).unwrap_or(0);
        length += heard;
        end = match (heard, text[..length].last()) {
            (_, Some(&END)) | (0, Some(&BECOMES)) => End::Reached,
            (0, _) => End::Broken,
            _ => End::Open,
        };
    }
    let mut said = 0;
    for at in 0..length {
        if text[at] != END && text[at] != BECOMES {
            text[said] = text[at];
            said += 1;
        }
    }
    report(&Told { text: &text[..said], end });
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
