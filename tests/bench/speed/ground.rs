//! The repositories that are measured in: a clone, a bare remote beside it, and a provider of our own.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use afterpush::base::{Clock, Layout, Span};
use afterpush::host::clock::Machine;
use afterpush::process::{Alone, MonitorFile};
use afterpush::push::{Asked, ReflogPush, RemoteName, Request, Sha, TrackNote};
use afterpush::spool;
use afterpush::standin::{Pace, StandIn, World};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::Bench;

/// How long is waited for something that is to happen.
const CAP: Duration = Duration::from_mins(10);

/// A clone with a bare remote, below a folder that goes away with it, and the processes that were started there.
pub struct Ground<'a> {
    root: TempDir,
    bench: &'a Bench,
    provider: StandIn,
    apps: Vec<String>,
}

impl<'a> Ground<'a> {
    /// A clone whose branch `main`, with this many commits, deploys to so many apps.
    pub fn new(bench: &'a Bench, commits: usize, apps: usize) -> Self {
        let root = TempDir::with_prefix("afterpush-bench-").expect("a temporary folder");
        let provider = StandIn::start().expect("two free ports");
        let apps: Vec<String> = (0..apps).map(|number| format!("app{number}")).collect();
        let ground = Self { root, bench, provider, apps };
        fs::create_dir(ground.root().join("home")).expect("a folder");
        fs::create_dir(ground.work()).expect("a folder");
        ground.git(&["init", "--quiet", "--initial-branch=main"]);
        for (key, value) in [("gc.auto", "0"), ("maintenance.auto", "false"), ("receive.autogc", "false")] {
            ground.git(&["config", key, value]);
        }
        ground.add_commits("refs/heads/main", None, commits);
        ground.git(&["remote", "add", "origin", "../remote.git"]);
        ground.git(&["clone", "--quiet", "--bare", ".", "../remote.git"]);
        ground.git(&["fetch", "--quiet", "origin"]);
        ground.configure();
        ground
    }

    fn configure(&self) {
        let mut text = String::new();
        for app in &self.apps {
            self.world().add_app(app, "main");
            self.world().pace(app, Pace::ByHand).expect("it was added");
            let url = self.provider.url();
            // Without a branch of its own: each commit is watched on all of them unless it is told where.
            let _ =
                writeln!(text, "[target.{app}]\nprovider = \"digitalocean\"\napp = \"{app}\"\nbase_url = \"{url}\"");
        }
        let layout = self.layout();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(layout.private()).expect("a folder");
        let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(layout.config());
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("room for a configuration");
    }

    /// The folder all of it lies in.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// How many apps there are.
    pub fn apps(&self) -> usize {
        self.apps.len()
    }

    /// The clone.
    pub fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    /// Where afterpush keeps the clone's files.
    pub fn layout(&self) -> Layout {
        Layout::new(&self.work().join(".git"), nix::unistd::getuid().as_raw())
    }

    /// What happens at the provider.
    pub fn world(&self) -> &World {
        self.provider.world()
    }

    /// A program, to be run in the clone with nothing of the user's configuration.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.work()).stdin(Stdio::null()).env_clear();
        command.env("PATH", &self.bench.path).env("HOME", self.root().join("home")).env("LC_ALL", "C");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("DIGITALOCEAN_TOKEN", self.world().token());
        command
    }

    /// `afterpush` with these arguments.
    pub fn afterpush(&self, args: &[&str]) -> Command {
        let mut command = self.command(self.bench.program("afterpush"));
        command.args(args);
        command
    }

    /// Runs git in the clone and returns what it printed.
    pub fn git(&self, args: &[&str]) -> String {
        self.feed(args, b"")
    }

    fn feed(&self, args: &[&str], input: &[u8]) -> String {
        let mut command = self.command("git");
        let mut child = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git");
        child.stdin.take().expect("a pipe").write_all(input).expect("git reads");
        let done = child.wait_with_output().expect("git ends");
        assert!(done.status.success(), "git {args:?} ended with {}", done.status);
        String::from_utf8(done.stdout).expect("text").trim_end().to_owned()
    }

    /// Puts so many commits on a ref, each with a change to one file, and returns them, the oldest first.
    pub fn add_commits(&self, name: &str, from: Option<&str>, count: usize) -> Vec<String> {
        let mut stream = String::new();
        for number in 0..count {
            let _ = writeln!(stream, "commit {name}\ncommitter Ada <ada@example.com> {} +0000", 1_767_225_600 + number);
            let _ = writeln!(stream, "data {}\nChange {number:06}", "Change 000000".len());
            if let Some(from) = from.filter(|_| number == 0) {
                let _ = writeln!(stream, "from {from}");
            }
            let _ = writeln!(stream, "M 100644 inline file\ndata 6\n{number:06}");
        }
        self.feed(&["fast-import", "--quiet"], stream.as_bytes());
        let (newest, count) = (self.git(&["rev-parse", name]), format!("-{count}"));
        let list = self.git(&["rev-list", "--reverse", &count, &newest]);
        list.lines().map(str::to_owned).collect()
    }

    /// Gives clone and remote so many refs, half of them packed.
    pub fn add_refs(&self, count: usize) {
        let commits = self.git(&["rev-list", "-1000", "main"]);
        let commits: Vec<&str> = commits.lines().collect();
        let remote = self.root().join("remote.git");
        let remote = format!("--git-dir={}", remote.display());
        for (start, end) in [(0, count / 2), (count / 2, count)] {
            let line = |number| format!("create refs/heads/r/{number:06} {}\n", commits[number % commits.len()]);
            let lines: String = (start..end).map(line).collect();
            self.feed(&["update-ref", "--stdin"], lines.as_bytes());
            self.feed(&[&remote, "update-ref", "--stdin"], lines.as_bytes());
            if start == 0 {
                self.git(&["pack-refs", "--all"]);
                self.git(&[&remote, "pack-refs", "--all"]);
            }
        }
    }

    /// Asks for commits to be watched that landed just now, each on one app: with 100 apps, every hundredth on the
    /// same.
    pub fn track(&self, commits: &[String]) {
        let now = Machine.now();
        for (number, commit) in commits.iter().enumerate() {
            let sha: Sha = commit.parse().expect("git names commits");
            let at = now + Span::from_millis(i64::try_from(number).expect("few"));
            let note = TrackNote {
                sha,
                remote: Some(RemoteName::new("origin")),
                branch: Some("main".to_owned()),
                target: Some(self.apps[number % self.apps.len()].clone()),
                pushed: Some(ReflogPush { at, old: None }),
                worktree: None,
            };
            let request = Request::new(uuid::Uuid::now_v7(), at, Asked::Track(note));
            spool::drop_request(&self.layout(), &request).expect("an inbox");
        }
    }

    /// Starts a monitor in the background, as a command would, and returns its pid.
    pub fn start_monitor(&self, variables: &[(&str, &str)]) -> i32 {
        // Behind a shell that is gone at once, so that nobody here has to wait for its end.
        let mut shell = self.command("sh");
        shell.args(["-c", "\"$@\" >/dev/null 2>&1 &", "sh"]).arg(self.bench.program("afterpush"));
        let status = shell.args(["daemon", "--state"]).arg(self.layout().private()).envs(variables.iter().copied());
        assert!(status.status().expect("a shell").success());
        until("the monitor has introduced itself", || self.monitor())
    }

    /// The running monitor's pid.
    pub fn monitor(&self) -> Option<i32> {
        let pid = MonitorFile::read(&self.layout())?.identity.pid;
        is_running(pid).then_some(pid)
    }

    /// Ends the running monitor.
    pub fn end_monitor(&self) {
        let Some(pid) = self.monitor() else { return };
        // One that has ended by itself is as good.
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        // All of its threads, the last of which lets go of the lock.
        until("the monitor has ended", || Alone::try_take(&self.layout()).ok().flatten().map(drop));
    }

    /// Waits until nothing lies in the inbox.
    pub fn until_taken(&self) {
        let new = self.layout().inbox().join("new");
        until("all requests are taken", || {
            (fs::read_dir(&new).is_ok_and(|mut all| all.next().is_none())).then_some(())
        });
    }

    /// The phase in a commit's status file.
    pub fn phase(&self, sha: &str) -> Option<String> {
        let document: serde_json::Value = serde_json::from_slice(&fs::read(self.layout().status(sha)).ok()?).ok()?;
        Some(document["phase"].as_str()?.to_owned())
    }

    /// Writes so many status files of commits that nobody knows.
    pub fn add_status_files(&self, count: usize) {
        let layout = self.layout();
        fs::create_dir_all(layout.status_dir()).expect("a folder");
        for number in 0..count {
            fs::write(layout.status(&format!("{number:040x}")), vec![b' '; 1_200]).expect("room for small files");
        }
    }
}

impl Drop for Ground<'_> {
    fn drop(&mut self) {
        self.end_monitor();
    }
}

/// Writes a program.
pub fn write_program(path: &Path, text: &str) {
    let folder = path.parent().expect("a program lies in a folder");
    fs::create_dir_all(folder).expect("a folder");
    fs::write(path, text).expect("room for a script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("our own file");
}

/// Looks again and again until there is something to see.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < CAP, "waited {CAP:?} in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The process is there, and not only its remains.
fn is_running(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
