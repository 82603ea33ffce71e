//! Running the git program: no prompt, no hook, no file system monitor, few variables, and a time limit.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::GitError;
use crate::base::text;
use crate::process;

/// How long a question that needs no network may take.
const LOCAL_LIMIT: Duration = Duration::from_secs(30);
/// How much of an answer is kept.
const MOST: usize = 16 << 20;
/// How often a child is looked after that has closed its output, or whose own children keep it open.
const LOOK: u16 = 20;

/// One call of git.
pub(super) struct Call {
    command: Command,
    limit: Duration,
}

/// What came of it.
pub(super) struct Answer {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Call {
    /// git, told nothing yet. Reads configuration as the user's own git would.
    pub(super) fn git() -> Self {
        let mut command = Command::new("git");
        command.stdin(Stdio::null());
        command.args(["--no-optional-locks", "--no-pager"]);
        // Neither a secret nor what git calls local to a repository (`git rev-parse --local-env-vars`).
        command.env_clear().envs(process::for_children());
        // A partial clone must not fetch what a question to the disk touches.
        command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        Self { command, limit: LOCAL_LIMIT }
    }

    /// Sets what could run another program while git reads to "nothing".
    pub(super) fn quietly(self) -> Self {
        self.args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
    }

    /// Whoever would ask a person (git, its helpers, ssh) fails instead.
    pub(super) fn without_prompts(self) -> Self {
        self.args(["-c", "credential.interactive=false"])
            .variable("GIT_ASKPASS", "")
            .variable("SSH_ASKPASS_REQUIRE", "never")
            .variable("GCM_INTERACTIVE", "never")
    }

    /// What git reads from its standard input; little enough that a pipe takes it at once.
    pub(super) fn input(mut self, text: &str) -> io::Result<Self> {
        let (reader, mut writer) = io::pipe()?;
        writer.write_all(text.as_bytes())?;
        self.command.stdin(reader);
        Ok(self)
    }

    pub(super) fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    pub(super) fn git_dir(mut self, git_dir: &Path) -> Self {
        self.command.arg("--git-dir").arg(git_dir).current_dir(git_dir);
        self
    }

    pub(super) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(super) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(super) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it to its end or to the time limit, when its whole process group is killed.
    pub(super) fn run(mut self) -> Result<Answer, GitError> {
        let deadline = Instant::now() + self.limit;
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = self.command.spawn().map_err(GitError::NoProgram)?;
        match listen(&mut child, deadline) {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => {
                end(&mut child);
                Err(GitError::TimedOut(self.limit.as_secs()))
            }
            Err(error) => {
                end(&mut child);
                Err(GitError::NoProgram(error))
            }
        }
    }
}

impl Answer {
    /// The lines of an answer that succeeded or not.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let text = String::from_utf8_lossy(&self.stdout);
        text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter()
    }

    /// The first line of an answer that succeeded.
    pub(super) fn line(&self) -> Option<String> {
        if self.status.success() { self.lines().next() } else { None }
    }

    /// git's complaint holds these words.
    pub(super) fn said(&self, words: &str) -> bool {
        String::from_utf8_lossy(&self.stderr).contains(words)
    }

    /// git's complaint in its own words: the line that says most.
    pub(super) fn refusal(&self) -> GitError {
        let text = String::from_utf8_lossy(&self.stderr);
        GitError::Refused(telling_line(&text).unwrap_or_else(|| format!("git failed ({})", self.status)))
    }
}

/// The line a person needs: for a refused connection what ssh or the server said, else git's `fatal:` line.
fn telling_line(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let fatal = lines.iter().rposition(|line| line.starts_with("fatal: ") || line.starts_with("error: "));
    let at = match fatal {
        Some(at) if at > 0 && lines[at].contains("Could not read from remote repository") => at - 1,
        Some(at) => at,
        None => lines.len().checked_sub(1)?,
    };
    let words = lines[at].trim_start_matches("fatal: ").trim_start_matches("error: ");
    let bare: Vec<String> = words.split(' ').map(crate::push::without_userinfo).collect();
    Some(text::visible(&bare.join(" ")))
}

/// Reads both outputs until git is gone; `None` when the deadline came first.
fn listen(child: &mut Child, deadline: Instant) -> io::Result<Option<Answer>> {
    let mut stdout = Listened::new(child.stdout.take().map(OwnedFd::from));
    let mut stderr = Listened::new(child.stderr.take().map(OwnedFd::from));
    loop {
        let gone = child.try_wait()?;
        // A grandchild (ssh's shared connection, a credential cache) may keep the pipes open after git is gone.
        let is_closed = stdout.pipe.is_none() && stderr.pipe.is_none();
        let wait = match gone {
            Some(_) => 0,
            None if is_closed => 1,
            None => LOOK,
        };
        let heard = hear(&mut stdout, &mut stderr, wait)?;
        if let Some(status) = gone
            && !heard
        {
            return Ok(Some(Answer { status, stdout: stdout.bytes, stderr: stderr.bytes }));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
    }
}

/// Waits up to `wait` ms for either pipe and reads what is there; true if there may be more.
fn hear(stdout: &mut Listened, stderr: &mut Listened, wait: u16) -> io::Result<bool> {
    let mut both = [stdout, stderr];
    let mut fds: Vec<PollFd<'_>> =
        both.iter().filter_map(|one| Some(PollFd::new(one.pipe.as_ref()?.as_fd(), PollFlags::POLLIN))).collect();
    let ready = match poll(&mut fds, PollTimeout::from(wait)) {
        Ok(ready) => ready,
        Err(nix::errno::Errno::EINTR) => return Ok(true),
        Err(errno) => return Err(errno.into()),
    };
    if ready == 0 {
        return Ok(false);
    }
    let ready: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(false)).collect();
    let mut ready = ready.into_iter();
    for one in both.iter_mut().filter(|one| one.pipe.is_some()) {
        if ready.next() == Some(true) {
            one.read()?;
        }
    }
    Ok(true)
}

/// One of git's outputs.
struct Listened {
    pipe: Option<std::fs::File>,
    bytes: Vec<u8>,
}

impl Listened {
    fn new(pipe: Option<OwnedFd>) -> Self {
        Self { pipe: pipe.map(std::fs::File::from), bytes: Vec::new() }
    }

    /// Reads once; at the end the pipe is closed.
    fn read(&mut self) -> io::Result<()> {
        let Some(pipe) = &mut self.pipe else { return Ok(()) };
        let mut buffer = [0; 16 << 10];
        match pipe.read(&mut buffer)? {
            0 => self.pipe = None,
            read if self.bytes.len() + read > MOST => return Err(io::Error::other("its answer is too long")),
            read => self.bytes.extend_from_slice(&buffer[..read]),
        }
        Ok(())
    }
}

/// Kills the child and what it started, and collects it.
fn end(child: &mut Child) {
    if let Ok(pid) = i32::try_from(child.id()) {
        // It leads its own group; where that is gone already, so is everything in it.
        let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
    }
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::kill;

    use super::*;
    use crate::base::variables::is_passed_on;

    #[test]
    fn no_variable_git_calls_local_is_passed_on() {
        let answer = Call::git().args(["rev-parse", "--local-env-vars"]).run().expect("git runs");
        assert!(answer.lines().any(|name| name == "GIT_DIR"));
        for name in answer.lines() {
            assert!(!is_passed_on(&name), "{name}");
        }
    }

    #[test]
    fn git_and_what_it_starts_are_given_no_variable_but_those_on_the_list() {
        let given = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
        assert!(given.into_iter().any(|name| name.starts_with("CARGO")), "the control: there is more to be had");
        let answer = Call::git().without_prompts().args(["-c", "alias.given=!env", "given"]).run().expect("git runs");
        let own = ["GIT_NO_LAZY_FETCH", "GIT_TERMINAL_PROMPT", "GIT_ASKPASS", "SSH_ASKPASS_REQUIRE", "GCM_INTERACTIVE"];
        // What git itself and the shell of an alias add.
        let theirs =
            ["GIT_OPTIONAL_LOCKS", "GIT_PREFIX", "GIT_CONFIG_PARAMETERS", "GIT_PAGER", "PWD", "OLDPWD", "SHLVL", "_"];
        for line in answer.lines().filter(|line| line.contains('=')) {
            let name = line.split('=').next().unwrap_or_default();
            assert!(is_passed_on(name) || own.contains(&name) || theirs.contains(&name), "{line}");
        }
        assert!(answer.lines().any(|line| line.starts_with("PATH=")));
    }

    #[test]
    fn the_line_that_says_most_is_chosen() {
        for (stderr, words) in [
            ("warning: x\nfatal: not today\n", "not today"),
            (
                "git@host: Permission denied (publickey).\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n",
                "git@host: Permission denied (publickey).",
            ),
            (
                "fatal: unable to access 'https://bob:pw@h/a.git/': refused\n",
                "unable to access 'https://h/a.git/': refused",
            ),
            ("something else\n\n", "something else"),
        ] {
            assert_eq!(telling_line(stderr).as_deref(), Some(words));
        }
        assert_eq!(telling_line(" \n"), None);
    }

    #[test]
    fn what_takes_too_long_is_ended_with_all_it_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let note = folder.path().join("pid");
        let alias = format!("alias.wait=!sleep 60 & echo $! > '{}'; wait", note.display());
        let call = Call::git().args(["-c", &alias, "wait"]).limit(Duration::from_millis(600));
        assert!(matches!(call.run(), Err(GitError::TimedOut(0))));
        let pid: i32 = std::fs::read_to_string(note).expect("written").trim().parse().expect("a pid");
        // A killed process takes a moment to go.
        let has_ended = || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        };
        let start = Instant::now();
        while !has_ended() {
            assert!(start.elapsed() < Duration::from_secs(30), "it was not ended");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_grandchild_that_keeps_the_output_open_does_not_hold_the_answer() {
        let call = Call::git().args(["-c", "alias.leave=!sleep 60 & echo $!", "leave"]);
        let answer = call.run().expect("an answer").line().expect("a line");
        let pid = Pid::from_raw(answer.parse().expect("a pid"));
        kill(pid, Signal::SIGKILL).expect("it still ran when the answer was there");
    }
}
