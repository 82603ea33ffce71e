//! A handle of one process that cannot slip to another with the same pid.

#![expect(unsafe_code, reason = "pidfds have no safe wrapper in std or nix")]

use std::io;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::proc;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

impl PidFd {
    /// The process with this pid *and* start time; `None` if it is gone.
    ///
    /// Opened first and compared then: what the handle points to had the pid while its start time was read.
    pub fn of(pid: i32, start_ticks: u64) -> io::Result<Option<Self>> {
        let Some(handle) = Self::open(pid)? else { return Ok(None) };
        Ok(proc::stat(pid).is_some_and(|found| found.start_ticks == start_ticks).then_some(handle))
    }
}

#[cfg(target_os = "linux")]
pub use linux::PidFd;

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

    use nix::errno::Errno;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::{Duration, Ended, Signal, io};

    /// The handle; it becomes readable when the process has ended.
    #[derive(Debug)]
    pub struct PidFd(OwnedFd);

    impl PidFd {
        /// The process with this pid; `None` if there is none. Fails where the kernel has no pidfd.
        pub fn open(pid: i32) -> io::Result<Option<Self>> {
            // SAFETY: pidfd_open takes two integers and touches no memory.
            let opened = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
            match Errno::result(opened) {
                // SAFETY: the call succeeded, so this is a new descriptor that nobody else owns.
                Ok(number) => {
                    Ok(Some(Self(unsafe { OwnedFd::from_raw_fd(i32::try_from(number).map_err(io::Error::other)?) })))
                }
                // EINVAL, from Linux 6.16 on ENOENT: the number is a thread's by now, or that of a group whose first
                // process has ended.
                Err(Errno::ESRCH | Errno::EINVAL | Errno::ENOENT) => Ok(None),
                Err(err) => Err(err.into()),
            }
        }

        /// Waits this long for the end of the process and says whether it has ended. A zombie has.
        pub fn has_ended(&self, wait: Duration) -> io::Result<bool> {
            let timeout = PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX);
            let mut asked = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
            match poll(&mut asked, timeout) {
                Ok(ready) => Ok(ready > 0),
                Err(Errno::EINTR) => Ok(false),
                Err(err) => Err(err.into()),
            }
        }

        /// Sends a signal; `false` if the process is gone.
        pub fn send(&self, signal: Signal) -> io::Result<bool> {
            let nothing = std::ptr::null::<libc::siginfo_t>();
            // SAFETY: the descriptor is open, and a null siginfo asks the kernel to fill it in as kill does.
            let sent = unsafe {
                libc::syscall(libc::SYS_pidfd_send_signal, self.0.as_raw_fd(), signal as libc::c_int, nothing, 0)
            };
            match Errno::result(sent) {
                Ok(_) => Ok(true),
                Err(Errno::ESRCH) => Ok(false),
                Err(err) => Err(err.into()),
            }
        }

        /// How the process ended, where the kernel tells it to a stranger (Linux 6.15 and newer); `None` while it
        /// runs and where it is not told.
        pub fn ended(&self) -> Option<Ended> {
            // SAFETY: an all-zero pidfd_info is a valid one: it consists of integers.
            let mut info: libc::pidfd_info = unsafe { std::mem::zeroed() };
            info.mask = u64::from(libc::PIDFD_INFO_EXIT);
            // SAFETY: the descriptor is open and the kernel writes at most the size the request number carries.
            let asked = unsafe { libc::ioctl(self.0.as_raw_fd(), libc::PIDFD_GET_INFO, &raw mut info) };
            let told = asked == 0 && info.mask & u64::from(libc::PIDFD_INFO_EXIT) != 0;
            let how = info.exit_code;
            match libc::WIFSIGNALED(how) {
                _ if !told => None,
                true => Some(Ended::Killed(libc::WTERMSIG(how))),
                false => Some(Ended::Exited(libc::WEXITSTATUS(how))),
            }
        }
    }

    impl AsFd for PidFd {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub use elsewhere::PidFd;

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::{Duration, Ended, Signal, io};

    /// No process can be held where there is no pidfd; callers fall back to the lock and the heartbeat.
    #[derive(Debug)]
    pub struct PidFd(std::convert::Infallible);

    impl PidFd {
        /// Always fails.
        pub fn open(_pid: i32) -> io::Result<Option<Self>> {
            Err(io::ErrorKind::Unsupported.into())
        }

        /// There is no handle to ask.
        pub fn has_ended(&self, _wait: Duration) -> io::Result<bool> {
            match self.0 {}
        }

        /// There is no handle to send to.
        pub fn send(&self, _signal: Signal) -> io::Result<bool> {
            match self.0 {}
        }

        /// There is no handle to ask.
        pub fn ended(&self) -> Option<Ended> {
            match self.0 {}
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use super::*;

    fn pid(child: &std::process::Child) -> i32 {
        i32::try_from(child.id()).expect("a pid")
    }

    #[test]
    fn a_zombie_has_ended_and_its_handle_hits_nobody() {
        let mut child = Command::new("sleep").arg("1000").spawn().expect("sleep");
        let handle = PidFd::open(pid(&child)).expect("a kernel with pidfd").expect("it runs");
        assert!(!handle.has_ended(Duration::ZERO).expect("polled"));
        assert!(handle.send(Signal::SIGKILL).expect("sent"));
        assert!(handle.has_ended(Duration::from_secs(30)).expect("polled"));
        assert!(proc::stat(pid(&child)).is_some(), "an unreaped zombie is still in /proc");
        child.wait().expect("reaped");
        assert!(!handle.send(Signal::SIGKILL).expect("asked"));
        assert!(PidFd::open(pid(&child)).expect("asked").is_none());
    }

    #[test]
    fn one_that_has_ended_is_gone_even_while_its_group_lives_on() {
        let mut leader = Command::new("sh");
        let script = "sleep 1000 >/dev/null & echo $!";
        let leader = leader.args(["-c", script]).process_group(0).stdout(Stdio::piped()).spawn().expect("sh");
        let group = pid(&leader);
        let told = leader.wait_with_output().expect("its end").stdout;
        let member: i32 = String::from_utf8_lossy(&told).trim().parse().expect("a pid");
        let member = PidFd::open(member).expect("asked").expect("it runs");
        assert!(PidFd::open(group).expect("that is no error").is_none());
        assert!(member.send(Signal::SIGKILL).expect("sent"));
    }

    #[test]
    fn the_number_of_a_thread_is_no_process() {
        let (told, number) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            told.send(nix::unistd::gettid().as_raw()).expect("somebody listens");
            let _ = ended.recv();
        });
        let number = number.recv().expect("it runs");
        assert!(PidFd::open(number).expect("that is no error").is_none());
        drop(end);
        thread.join().expect("it ends");
    }

    #[test]
    fn another_start_time_is_another_process() {
        let own = i32::try_from(std::process::id()).expect("a pid");
        let ticks = proc::stat(own).expect("this process").start_ticks;
        assert!(PidFd::of(own, ticks).expect("opened").is_some());
        assert!(PidFd::of(own, ticks + 1).expect("opened").is_none());
    }

    #[test]
    fn the_exit_code_of_a_stranger_is_told_or_not_known() {
        let mut child = Command::new("sh").args(["-c", "exit 3"]).spawn().expect("sh");
        let handle = PidFd::open(pid(&child)).expect("a kernel with pidfd").expect("it runs or is a zombie");
        assert!(handle.has_ended(Duration::from_secs(30)).expect("polled"));
        child.wait().expect("reaped");
        assert!(matches!(handle.ended(), None | Some(Ended::Exited(3))));
    }
}
