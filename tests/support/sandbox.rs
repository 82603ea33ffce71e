//! A home, a working clone and a bare remote in a folder that goes away, with every process that was started there.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::git::{in_front, search_path, search_path_since};
use super::{Ran, Room, canary, until, write_private};

/// A world of its own: nothing of the user's or the machine's configuration is seen in it, and its end ends the
/// monitors started in it.
pub struct Sandbox {
    root: TempDir,
    path: OsString,
    variables: Vec<(String, String)>,
    /// The words before every program's own.
    entrance: Vec<String>,
    /// The clone as those programs see it.
    seen: PathBuf,
}

impl Sandbox {
    /// A clone on branch `main` with one commit, already pushed to the remote `origin`.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// The same, with these variables set from the beginning.
    pub fn with(variables: &[(&str, &str)]) -> Self {
        Self::on(search_path(), variables)
    }

    /// The same with a git that is 2.`minor` or newer.
    pub fn with_git_since(minor: u32, variables: &[(&str, &str)]) -> Self {
        Self::on(search_path_since(minor), variables)
    }

    fn on(path: OsString, variables: &[(&str, &str)]) -> Self {
        let temporary = std::env::temp_dir().canonicalize().expect("a folder for temporary files");
        let root = tempfile::Builder::new().prefix("afterpush-").tempdir_in(temporary).expect("a temporary folder");
        let seen = root.path().join("work");
        let mut sandbox = Self { root, path, variables: Vec::new(), entrance: Vec::new(), seen };
        for (name, value) in variables {
            sandbox.set(name, value);
        }
        for folder in ["home", "config", "state", "work"] {
            fs::create_dir(sandbox.root().join(folder)).expect("an empty temporary folder");
        }
        sandbox.git(&["init", "--quiet", "--bare", "--initial-branch=main", "../remote.git"]);
        sandbox.git(&["init", "--quiet", "--initial-branch=main"]);
        sandbox.git(&["remote", "add", "origin", "../remote.git"]);
        // Long ago, so that nobody takes it for a push that wants to be watched.
        for args in [&["commit", "--quiet", "--allow-empty", "--message=start"][..], &["push", "-qu", "origin", "main"]]
        {
            Ran::of(sandbox.command("git").args(args).env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")).ends(0);
        }
        sandbox
    }

    /// Sets a variable for every program that is run from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Programs in this folder are found before all others from now on.
    pub fn find_first(&mut self, folder: &Path) {
        self.path = in_front(folder, &self.path);
    }

    /// From now on every program is run in this room, and its files are looked at there.
    pub fn enter(&mut self, room: &Room) {
        self.entrance = room.entrance(&self.work());
        self.seen = room.seen(&self.work());
    }

    /// The folder all of it lies in.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The working clone.
    pub fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    /// The bare remote.
    pub fn remote(&self) -> PathBuf {
        self.root().join("remote.git")
    }

    /// Any program, run in the clone with the sandbox's environment and nothing else.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let program = program.as_ref();
        let mut words = self.entrance.iter().map(OsStr::new).chain([program]);
        let mut command = Command::new(words.next().expect("a program at least"));
        command.args(words);
        command.current_dir(self.work()).stdin(std::process::Stdio::null()).env_clear();
        command.env("PATH", &self.path).env("HOME", self.root().join("home")).env("LC_ALL", "C");
        command.env("XDG_CONFIG_HOME", self.root().join("config")).env("XDG_STATE_HOME", self.root().join("state"));
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Ada").env(format!("GIT_{who}_EMAIL"), "ada@example.com");
        }
        command.envs(canary::PLANTED);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs git in the clone, holds it to success and returns what it printed.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        Ran::of(self.command("git").args(args)).ends(0).out()
    }

    /// Makes a commit and returns its id.
    #[track_caller]
    pub fn commit(&self, message: &str) -> String {
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// `git push` with these arguments.
    #[track_caller]
    pub fn push(&self, args: &[&str]) -> Ran {
        self.secretive(Ran::of(self.command("git").arg("push").args(args)))
    }

    /// `afterpush` with these arguments, to be run in the clone.
    pub fn calling(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_afterpush"));
        command.args(args);
        command
    }

    /// The same, run to its end.
    #[track_caller]
    pub fn afterpush(&self, args: &[&str]) -> Ran {
        self.secretive(Ran::of(&mut self.calling(args)))
    }

    /// Where one of the secrets that the programs here are given has been written down.
    pub fn leaks(&self) -> Vec<String> {
        canary::leaks(self.root(), &canary::secrets(&self.variables))
    }

    /// The processes of the sandbox that show one of these secrets at this moment.
    pub fn exposed(&self) -> Vec<String> {
        canary::processes_that_show(&canary::secrets(&self.variables), Some(self.root()))
    }

    #[track_caller]
    fn secretive(&self, ran: Ran) -> Ran {
        let told = format!("{}{}", ran.out(), ran.err());
        let secrets = canary::secrets(&self.variables);
        assert!(!secrets.iter().any(|secret| canary::holds(told.as_bytes(), secret)), "a secret is told: {ran}");
        assert_eq!(self.exposed(), Vec::<String>::new());
        ran
    }

    /// Where afterpush keeps the clone's files.
    pub fn layout(&self) -> afterpush::base::Layout {
        afterpush::base::Layout::new(&self.seen.join(".git"), nix::unistd::getuid().as_raw())
    }

    /// Replaces the local configuration.
    pub fn configure(&self, text: &str) {
        write_private(&self.layout().config(), text);
    }

    /// The status document of a commit, as it lies on the disk.
    pub fn status(&self, sha: &str) -> Option<serde_json::Value> {
        serde_json::from_slice(&fs::read(self.layout().status(sha)).ok()?).ok()
    }

    /// Every living process that names a place in the sandbox in its arguments: the monitors above all.
    pub fn processes(&self) -> Vec<Pid> {
        let root = self.root().as_os_str().as_encoded_bytes();
        let names_us = |pid: &Pid| {
            fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.windows(root.len()).any(|part| part == root))
        };
        let pids = fs::read_dir("/proc").expect("processes are found through /proc");
        let pids = pids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok().map(Pid::from_raw));
        pids.filter(names_us).collect()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let exposed = self.exposed();
        until("the sandbox's processes have ended", || {
            let left = self.processes();
            for pid in &left {
                // A process that ended by itself in between is as good.
                let _ = kill(*pid, Signal::SIGKILL);
            }
            left.is_empty().then_some(())
        });
        // Whatever the test was about. One that has failed already says enough.
        if !std::thread::panicking() {
            assert_eq!((exposed, self.leaks()), Default::default());
        }
    }
}
