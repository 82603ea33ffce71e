//! Starting a program that has nothing in common with whoever starts it: fork, fork, exec, or exec alone.
//!
//! Done by hand instead of through std's `Command`, whose code would be a tenth of the hook's program.

#![expect(unsafe_code, reason = "what happens between fork and exec")]

use std::ffi::{CString, c_char};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;

use nix::errno::Errno;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use super::descriptors::{Fate, let_go};

/// What a caller may have ignored.
const SIGNALS: [libc::c_int; 7] =
    [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGPIPE, libc::SIGXFSZ, libc::SIGCHLD];

/// A program to be started.
pub(super) struct Launch {
    /// Its file, by its whole path.
    pub program: CString,
    /// Its arguments, its own name first.
    pub arguments: Vec<CString>,
    /// Its environment, `NAME=value` each.
    pub variables: Vec<CString>,
    /// The one descriptor it gets beside the three standard ones.
    pub kept: RawFd,
}

/// Starts it detached: a session of its own, nothing of the caller's open, `/` as its folder, default signals.
/// Returns once it runs.
pub(super) fn launch(launch: &Launch) -> io::Result<()> {
    // All memory is asked for here: after a fork, in a program with threads, only system calls are safe.
    let null = File::options().read(true).write(true).open("/dev/null")?;
    let (arguments, variables) = (pointers(&launch.arguments), pointers(&launch.variables));
    let (mut reader, writer) = io::pipe()?;
    // SAFETY: the child makes system calls only.
    match unsafe { fork() }? {
        // The child is a short-lived one whose own child is the program, so that no caller is left with a zombie.
        // SAFETY: this is the child, and the pointers are to strings that live on in it.
        ForkResult::Child => unsafe {
            let grandchild = libc::fork();
            if grandchild == 0 {
                exec(launch, null.as_raw_fd(), &arguments, &variables);
            }
            if grandchild <= 0 {
                let why = Errno::last_raw().to_ne_bytes();
                libc::write(writer.as_raw_fd(), why.as_ptr().cast(), why.len());
            }
            libc::_exit(0)
        },
        ForkResult::Parent { child } => {
            drop(writer);
            // Where the caller ignores SIGCHLD there is nothing to wait for.
            while waitpid(child, None) == Err(Errno::EINTR) {}
        }
    }
    // Its end closes with the exec that succeeds; one that does not says why.
    let mut why = Vec::new();
    reader.read_to_end(&mut why)?;
    why.try_into().map_or(Ok(()), |why| Err(io::Error::from_raw_os_error(i32::from_ne_bytes(why))))
}

/// Puts it in the place of this process, as detached as [`launch`] starts it; returns only if that cannot be, and why.
///
/// To be called where nothing of this process is needed any more but descriptors that an exec closes.
pub(super) fn become_it(launch: &Launch) -> io::Error {
    let null = match File::options().read(true).write(true).open("/dev/null") {
        Ok(null) => null,
        Err(err) => return err,
    };
    // SAFETY: nobody else uses the standard descriptors of a process that is to be replaced.
    unsafe { exec(launch, null.as_raw_fd(), &pointers(&launch.arguments), &pointers(&launch.variables)) };
    io::Error::last_os_error()
}

/// Returns only if it fails; `errno` says why.
///
/// # Safety
/// As for [`detach`]. `arguments` and `variables` end with a null and point to strings that live on.
unsafe fn exec(launch: &Launch, null: RawFd, arguments: &[*const c_char], variables: &[*const c_char]) {
    // SAFETY: as above.
    unsafe {
        detach(null, launch.kept);
        libc::execve(launch.program.as_ptr(), arguments.as_ptr(), variables.as_ptr());
    }
}

/// As `execve` wants them: a null behind the last.
fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}

/// # Safety
/// To be called before an exec, where nothing else uses the process's descriptors.
unsafe fn detach(null: RawFd, kept: RawFd) {
    // SAFETY: system calls on integers and on values of this frame.
    unsafe {
        libc::setsid();
        for signal in SIGNALS {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
        for standard in 0..=2 {
            libc::dup2(null, standard);
        }
        libc::chdir(c"/".as_ptr());
        let_go(kept, Fate::CloseOnExec);
        libc::fcntl(kept, libc::F_SETFD, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(program: &str, script: &str) -> io::Result<()> {
        let string = |text: &str| CString::new(text).expect("no NUL in it");
        let null = File::open("/dev/null")?;
        launch(&Launch {
            program: string(program),
            arguments: ["name", "-c", script].map(string).to_vec(),
            variables: vec![string("A=1")],
            kept: null.as_raw_fd(),
        })
    }

    #[test]
    fn a_program_that_cannot_be_run_is_an_error_with_its_reason() {
        assert_eq!(start("/nowhere", "").expect_err("there is none").kind(), io::ErrorKind::NotFound);
        assert_eq!(start("/dev/null", "").expect_err("no program").kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn it_runs_with_its_own_variables_alone_and_in_the_root() {
        let dir = tempfile::tempdir().expect("a folder");
        let told = dir.path().join("told");
        let path = told.display();
        start("/bin/sh", &format!("{{ echo $0 $A $HOME; pwd; }} >{path}.new; /bin/mv {path}.new {path}"))
            .expect("started");
        let start = std::time::Instant::now();
        while !told.exists() {
            assert!(start.elapsed() < std::time::Duration::from_mins(1), "it never ran");
            std::thread::yield_now();
        }
        assert_eq!(std::fs::read_to_string(told).expect("text"), "name 1\n/\n");
    }
}
