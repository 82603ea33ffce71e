//! A throwaway repository with its remote, in a folder that goes away, and an environment of its own.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{APP, Failure, Interrupt, Tone, World, cannot};
use crate::base::{Layout, text};
use crate::standin::StandIn;

/// What the programs of the demo see of the user's environment: how to talk, nothing else.
const KEPT: [&str; 10] =
    ["PATH", "TERM", "COLORTERM", "NO_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR"];

/// Looks follow each other ten times as fast as usual.
const PACE: &str = "100";

/// How often a program is asked whether it has ended.
const GLANCE: Duration = Duration::from_millis(20);
/// What another process goes on writing to is removed this often.
const REMOVALS: u32 = 100;

/// The app spec the provider is recognised by.
const SPEC: &str = "name: shop\nservices:\n- name: web\n  github:\n    repo: acme/shop\n    branch: main\n    \
                    deploy_on_push: true\n";

/// The folder and all in it.
pub struct Place<'a> {
    root: PathBuf,
    world: &'a World,
    interrupt: &'a Interrupt,
    token: String,
}

impl<'a> Place<'a> {
    /// Makes the clone, its remote and the local configuration that points to the stand-in.
    pub fn set_up(world: &'a World, interrupt: &'a Interrupt, standin: &StandIn) -> Result<Self, Failure> {
        let root = std::env::temp_dir().join(format!("afterpush-demo-{}", uuid::Uuid::now_v7().simple()));
        folder(&root).map_err(|error| cannot("make a folder for the demo", error))?;
        let place = Self { root, world, interrupt, token: standin.world().token() };
        place.fill(standin.url())?;
        Ok(place)
    }

    fn fill(&self, base_url: &str) -> Result<(), Failure> {
        let work = self.work();
        for part in ["home", "clone", "clone/.do"] {
            folder(&self.root.join(part)).map_err(|error| cannot("make a folder for the demo", error))?;
        }
        self.git(&["init", "--quiet", "--bare", "../remote.git"])?;
        self.git(&["init", "--quiet"])?;
        for repository in ["../remote.git", "."] {
            self.git(&["-C", repository, "symbolic-ref", "HEAD", "refs/heads/main"])?;
        }
        self.git(&["remote", "add", "origin", "../remote.git"])?;
        let layout = Layout::new(&work.join(".git"), nix::unistd::geteuid().as_raw());
        let config = format!("[target.{APP}]\nprovider = \"digitalocean\"\nbase_url = \"{base_url}\"\n");
        let written = folder(layout.root())
            .and_then(|()| folder(layout.private()))
            .and_then(|()| file(&layout.config(), &config))
            .and_then(|()| file(&work.join(".do/app.yaml"), SPEC));
        written.map_err(|error| cannot("write the demo's files", error))?;
        self.git(&["add", ".do/app.yaml"])?;
        self.commit("Open a shop")?;
        self.git(&["push", "--quiet", "--set-upstream", "origin", "main"])
    }

    /// The folder all of it lies in.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The bare remote.
    pub fn remote(&self) -> PathBuf {
        self.root.join("remote.git")
    }

    fn work(&self) -> PathBuf {
        self.root.join("clone")
    }

    /// Makes a commit.
    pub fn commit(&self, message: &str) -> Result<(), Failure> {
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message])
    }

    /// Pushes, in sight.
    pub fn push(&self) -> Result<(), Failure> {
        let code = self.show("git", Path::new("git"), &["push", "--quiet", "origin", "main"])?;
        if code == 0 { Ok(()) } else { Err(Failure::failed("demo", format!("git push ended with exit code {code}"))) }
    }

    /// Runs this very program, in sight, and tells its exit code.
    pub fn afterpush(&self, words: &[&str]) -> Result<u8, Failure> {
        self.show("afterpush", &self.world.program, words)
    }

    /// Ends the monitor and removes the folder.
    pub fn tear_down(mut self) -> Result<(), Failure> {
        let root = std::mem::take(&mut self.root);
        self.clear(&root).map_err(|error| cannot(&format!("remove {}", root.display()), error))
    }

    fn clear(&self, root: &Path) -> io::Result<()> {
        let mut tries = 0;
        loop {
            // Without a clone there is no monitor either.
            if root.join("clone/.git").is_dir() {
                let mut stop = self.command(&self.world.program, root);
                stop.args(["daemon", "stop"]).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
            }
            match fs::remove_dir_all(root) {
                // A monitor that was about to start could not be ended yet, and has written there meanwhile.
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty && tries < REMOVALS => tries += 1,
                done => return done,
            }
            std::thread::sleep(GLANCE);
        }
    }

    /// A program shown to the user as they would type it, and its exit code.
    fn show(&self, shown: &str, program: &Path, words: &[&str]) -> Result<u8, Failure> {
        self.interrupt.check()?;
        self.world.printer.note(&Tone::Faint.paint(&format!("$ {shown} {}", words.join(" "))));
        let mut command = self.command(program, &self.root);
        if self.world.json {
            command.stdout(Stdio::null());
        }
        let child = command.args(words).spawn();
        let status =
            child.and_then(|child| self.end_of(child)).map_err(|error| cannot(&format!("run {shown}"), error))?;
        self.interrupt.check()?;
        status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .ok_or_else(|| Failure::failed("demo", format!("{shown} {} was ended by a signal", words.join(" "))))
    }

    /// Waits for a program. A terminal tells it of Ctrl-C by itself; whoever ends the demo alone does not.
    fn end_of(&self, mut child: Child) -> io::Result<ExitStatus> {
        let mut is_told = false;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if self.interrupt.code().is_some() && !is_told {
                is_told = true;
                // It is not waited for yet, so the number is still its own.
                let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
                kill(Pid::from_raw(pid), Signal::SIGTERM)?;
            }
            std::thread::sleep(GLANCE);
        }
    }

    /// git out of sight; it has to succeed.
    fn git(&self, words: &[&str]) -> Result<(), Failure> {
        let done = self.command(Path::new("git"), &self.root).args(words).output();
        let done = done.map_err(|error| cannot("run git", error).hint("install git"))?;
        if done.status.success() {
            return Ok(());
        }
        let said = text::visible(String::from_utf8_lossy(&done.stderr).trim());
        Err(Failure::failed("demo", format!("git {} failed: {said}", words.join(" "))))
    }

    /// A program in the clone, with the demo's environment.
    fn command(&self, program: &Path, root: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(root.join("clone")).stdin(Stdio::null()).env_clear();
        command.envs(KEPT.iter().filter_map(|name| Some((name, self.world.environment.get(name)?))));
        for (name, folder) in [("HOME", "home"), ("XDG_CONFIG_HOME", "home/config"), ("XDG_STATE_HOME", "home/state")] {
            command.env(name, root.join(folder));
        }
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Ada").env(format!("GIT_{who}_EMAIL"), "ada@example.com");
        }
        command.env("DIGITALOCEAN_TOKEN", &self.token).env("AFTERPUSH_PACE", PACE);
        command
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        // Left early: what cannot be removed now is only a temporary folder.
        if !self.root.as_os_str().is_empty() {
            let _ = self.clear(&self.root);
        }
    }
}

/// A folder of the user's own.
fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// A file of the user's own.
fn file(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}
