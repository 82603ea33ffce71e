//! The ground a run stands on: a real repository with a few commits, on a disk in memory where there is one.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use super::script::Sources;
use super::world::{DOCUMENTS, SERVICE};
use crate::base::{Layout, Timestamp};
use crate::push::Sha;
use crate::standin::indoors::API;

/// Commits on the main line; each contains the ones before.
const MAIN_LINE: usize = 6;
/// The place in [`Ground::commits`] of one that left the main line after this one's parent.
pub(super) const APART: usize = MAIN_LINE;
/// The commit it left the main line at.
const FORK: usize = 1;
/// The file of the team's deployments table.
const TABLE: &str = "deployments.db";
/// Two branches that are watched, each with targets of its own, and one that is not.
pub(super) const BRANCHES: [&str; 3] = [MAIN, NEXT, "side"];
pub(super) const MAIN: &str = "main";
pub(super) const NEXT: &str = "next";

/// A repository of a run.
pub(super) struct Ground {
    root: TempDir,
    pub(super) layout: Layout,
    /// The main one, a linked one, and one that is gone.
    pub(super) worktrees: [PathBuf; 3],
    pub(super) commits: Vec<Sha>,
}

/// The files of a repository that every run begins with.
struct Template {
    files: Vec<(PathBuf, Vec<u8>)>,
    commits: Vec<Sha>,
}

/// The first is the second, or contains it.
pub(super) const fn contains(one: usize, other: usize) -> bool {
    match (one, other) {
        (APART, APART) => true,
        (APART, other) => other <= FORK,
        (one, other) => other != APART && other <= one,
    }
}

impl Ground {
    pub(super) fn new(sources: Sources) -> Self {
        let template = Template::get();
        let memory = Path::new("/dev/shm");
        let builder = || tempfile::Builder::new().prefix("afterpush-simulation-").rand_bytes(12).to_owned();
        let root = if memory.is_dir() { builder().tempdir_in(memory) } else { builder().tempdir() };
        let root = root.expect("a temporary folder");
        let worktree = root.path().join("work");
        let common = worktree.join(".git");
        for (path, bytes) in &template.files {
            let path = common.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, bytes).expect("a file");
        }
        for folder in ["refs/heads", "objects/info"] {
            fs::create_dir_all(common.join(folder)).expect("a folder");
        }
        let linked = root.path().join("linked");
        link(&common, &linked);
        let hook = common.join("hooks/pre-push");
        fs::create_dir_all(common.join("hooks")).expect("a folder");
        fs::write(&hook, "#!/bin/sh\nexec afterpush-hook pre-push\n").expect("a hook");
        fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).expect("a hook that runs");
        let layout = Layout::new(&common, nix::unistd::geteuid().as_raw());
        crate::spool::prepare(&layout).expect("an inbox");
        let mut config = format!(
            "[watch]\ntimeout = \"10m\"\nregister_timeout = \"2m\"\nbranches = [\"main\"]\n[target.stage]\nprovider = \
             \"digitalocean\"\napp = \"stage\"\nbase_url = \"{API}\"\nbranches = [\"{NEXT}\"]\n[target.web]\n\
             provider = \"digitalocean\"\napp = \"shop\"\nbase_url = \"{API}\"\n"
        );
        if sources.has_service {
            let endpoints = format!(
                "[target.web.health]\nready = \"{SERVICE}/ready\"\nwithin = \"5m\"\nsoak = \"2m\"\n\
                 version = {{ url = \"{SERVICE}/version\", pointer = \"/commit\" }}\n"
            );
            config.push_str(&endpoints);
        }
        if sources.has_docs {
            let docs = format!(
                "[target.docs]\nprovider = \"http\"\nurl = \"{DOCUMENTS}\"\npointers = {{ list = \"/all\", commit = \
                 \"/sha\", state = \"/state\", id = \"/id\", created_at = \"/at\" }}\n"
            );
            config.push_str(&docs);
        }
        if sources.has_table {
            let table = format!("[database]\nurl = \"sqlite://{}\"\n", root.path().join(TABLE).display());
            config.push_str(&table);
        }
        fs::write(layout.config(), config).expect("a configuration");
        fs::set_permissions(layout.config(), PermissionsExt::from_mode(0o600)).expect("a private one");
        let worktrees = [worktree, linked, root.path().join("gone")];
        Self { root, layout, worktrees, commits: template.commits.clone() }
    }

    /// The file of the team's deployments table.
    pub(super) fn table(&self) -> PathBuf {
        self.root.path().join(TABLE)
    }

    pub(super) fn place_of(&self, sha: &str) -> Option<usize> {
        self.commits.iter().position(|known| known.as_str() == sha)
    }

    /// What git does here after the remote took a push: it moves the tracking ref and notes it.
    pub(super) fn move_tracking_ref(&self, branch: &str, old: Option<&Sha>, new: &Sha, at: Timestamp) {
        let common = self.layout.common_dir();
        let tracking = format!("refs/remotes/origin/{branch}");
        let (reference, log) = (common.join(&tracking), common.join("logs").join(&tracking));
        for path in [&reference, &log] {
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        }
        fs::write(reference, format!("{new}\n")).expect("a ref");
        let zeros = "0".repeat(40);
        let old = old.map_or(zeros.as_str(), Sha::as_str);
        let line = format!("{old} {new} Ann <ann@example.com> {} +0000\tupdate by push\n", at.as_secs());
        let log = fs::OpenOptions::new().create(true).append(true).open(log);
        log.expect("a reflog").write_all(line.as_bytes()).expect("a line");
    }
}

/// What `git worktree add` leaves.
fn link(common: &Path, worktree: &Path) {
    let own = common.join("worktrees/linked");
    for folder in [&own, worktree] {
        fs::create_dir_all(folder).expect("a folder");
    }
    fs::write(worktree.join(".git"), format!("gitdir: {}\n", own.display())).expect("a file");
    fs::write(own.join("gitdir"), format!("{}\n", worktree.join(".git").display())).expect("a file");
    fs::write(own.join("commondir"), "../..\n").expect("a file");
    fs::write(own.join("HEAD"), "ref: refs/heads/apart\n").expect("a file");
}

impl Template {
    fn get() -> &'static Self {
        static MADE: OnceLock<Template> = OnceLock::new();
        MADE.get_or_init(Self::make)
    }

    fn make() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let git = |words: &[&str]| {
            let mut command = Command::new("git");
            command
                .args(words)
                .current_dir(root.path())
                .env_clear()
                .env("PATH", std::env::var_os("PATH").expect("PATH"));
            for (name, value) in [
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
                ("GIT_CONFIG_NOSYSTEM", "1"),
                ("GIT_AUTHOR_NAME", "Ann"),
                ("GIT_AUTHOR_EMAIL", "ann@example.com"),
                ("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z"),
                ("GIT_COMMITTER_NAME", "Ann"),
                ("GIT_COMMITTER_EMAIL", "ann@example.com"),
                ("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z"),
            ] {
                command.env(name, value);
            }
            let done = command.output().expect("git runs");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            String::from_utf8(done.stdout).expect("text").trim().to_owned()
        };
        git(&["init", "--quiet", "--initial-branch=main", "--template="]);
        git(&["config", "remote.origin.url", "https://git.example.com/shop.git"]);
        git(&["config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"]);
        let commit = |name: &str| {
            git(&["commit", "--quiet", "--allow-empty", "--message", name]);
            git(&["rev-parse", "HEAD"]).parse::<Sha>().expect("an id")
        };
        let mut commits: Vec<Sha> = (0..MAIN_LINE).map(|number| commit(&format!("main {number}"))).collect();
        git(&["checkout", "--quiet", "-b", "apart", commits[FORK].as_str()]);
        commits.push(commit("apart"));
        git(&["checkout", "--quiet", "main"]);
        git(&["repack", "-adq"]);
        git(&["pack-refs", "--all"]);
        let common = root.path().join(".git");
        let mut files = Vec::new();
        for name in ["HEAD", "config", "packed-refs"] {
            files.push((PathBuf::from(name), fs::read(common.join(name)).expect("a file")));
        }
        for entry in fs::read_dir(common.join("objects/pack")).expect("packs") {
            let entry = entry.expect("a pack");
            let path = Path::new("objects/pack").join(entry.file_name());
            files.push((path, fs::read(entry.path()).expect("a pack")));
        }
        Self { files, commits }
    }
}
