//! Every kind of repository there is, made with git.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use afterpush::host::git::{Repo, Surroundings};
use tempfile::TempDir;

use crate::support::Ran;

/// One kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The usual one.
    Files,
    /// With packed refs and objects.
    Packed,
    /// Refs in tables.
    Reftable,
    /// Long ids.
    Sha256,
    /// Both.
    ReftableSha256,
    /// A bare clone, which follows nothing.
    Bare,
    /// A worktree beside the main one.
    LinkedWorktree,
    /// A worktree of a bare repository.
    LinkedWorktreeOfBare,
    /// `GIT_DIR` set, the current folder another one.
    FromElsewhere,
    /// With configuration of its own for each worktree.
    WorktreeConfig,
    /// History cut off.
    Shallow,
    /// Without the blobs.
    Partial,
    /// Follows `main` alone.
    SingleBranch,
}

/// A repository of one kind, with the one it was cloned from.
pub struct Place {
    root: TempDir,
    layout: Layout,
    dir: PathBuf,
}

impl Place {
    /// A clone with a few commits of its own and of the origin's.
    pub fn new(layout: Layout) -> Self {
        let mut place = Self::bare_ground(layout);
        place.plant_origin();
        place.clone_origin();
        if layout != Layout::Bare {
            place.add_own_commits();
        }
        match layout {
            Layout::Packed => {
                place.git(&["pack-refs", "--all"]);
                place.git(&["gc", "--quiet"]);
            }
            Layout::WorktreeConfig => {
                place.git(&["config", "extensions.worktreeConfig", "true"]);
                place.git(&["config", "--worktree", "demo.here", "yes"]);
            }
            Layout::LinkedWorktree | Layout::LinkedWorktreeOfBare => place.move_into("linked"),
            Layout::FromElsewhere => place.make("elsewhere"),
            _ => {}
        }
        place
    }

    /// One without any commit.
    pub fn empty(layout: Layout) -> Self {
        let mut place = Self::bare_ground(layout);
        let bare = if layout == Layout::Bare { "--bare" } else { "--quiet" };
        place.create(&["init", "--quiet", "--initial-branch=main", bare, &place.format(), "clone"]);
        place.dir = place.root.path().join("clone");
        place
    }

    /// The folder the questions are asked in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The repository, found from there.
    pub fn discover(&self) -> Repo {
        Repo::discover_with(&self.dir, &self.surroundings()).unwrap_or_else(|error| panic!("{self}: {error}"))
    }

    /// What git answers; it must succeed.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        Ran::of(self.command().args(args)).ends(0).out()
    }

    /// What git answers, if it does.
    pub fn try_git(&self, args: &[&str]) -> Option<String> {
        let ran = Ran::of(self.command().args(args));
        (ran.code() == Some(0)).then(|| ran.out())
    }

    /// How many digits an id has.
    pub fn id_length(&self) -> usize {
        if matches!(self.layout, Layout::Sha256 | Layout::ReftableSha256) { 64 } else { 40 }
    }

    /// The clone follows this branch of its origin.
    pub fn follows(&self, branch: &str) -> bool {
        match self.layout {
            Layout::Bare => false,
            Layout::SingleBranch | Layout::Shallow => branch == "main",
            _ => true,
        }
    }

    /// What the clone took for the origin's default branch.
    pub fn origin_head(&self) -> Option<&'static str> {
        (self.layout != Layout::Bare).then_some("main")
    }

    /// A ref's log as git has it, newest first: what was, what came, why.
    pub fn raw_reflog(&self, name: &str) -> Vec<(Option<String>, String, String)> {
        let Some(text) = self.try_git(&["log", "-g", "--format=%H %gs", name, "--"]) else { return Vec::new() };
        let lines: Vec<_> = text.lines().filter_map(|line| line.split_once(' ').or(Some((line, "")))).collect();
        let before = |at: usize| match lines.get(at + 1) {
            Some((id, _)) => Some((*id).to_owned()),
            None => self.try_git(&["rev-parse", "--verify", "--quiet", &format!("{name}@{{{}}}", at + 1)]),
        };
        lines.iter().enumerate().map(|(at, (id, why))| (before(at), (*id).to_owned(), (*why).to_owned())).collect()
    }

    fn bare_ground(layout: Layout) -> Self {
        let temporary = std::env::temp_dir().canonicalize().expect("a folder for temporary files");
        let root = tempfile::Builder::new().prefix("afterpush-").tempdir_in(temporary).expect("a temporary folder");
        Self { dir: root.path().to_path_buf(), root, layout }
    }

    fn format(&self) -> String {
        format!("--object-format={}", if self.id_length() == 64 { "sha256" } else { "sha1" })
    }

    /// Runs the git that makes the repository.
    fn create(&self, args: &[&str]) {
        let is_table = matches!(self.layout, Layout::Reftable | Layout::ReftableSha256);
        let format = if is_table { "reftable" } else { "files" };
        let mut command = program();
        Ran::of(command.current_dir(self.root.path()).env("GIT_DEFAULT_REF_FORMAT", format).args(args)).ends(0);
        let mut command = program();
        let made =
            Ran::of(command.current_dir(self.root.path().join("clone")).args(["rev-parse", "--show-ref-format"]));
        // A git that knows no tables overlooks the wish, and the question.
        assert!(made.out() == format || !is_table, "{made}");
    }

    fn plant_origin(&self) {
        self.run_in("", &["init", "--quiet", "--initial-branch=main", &self.format(), "seed"]);
        for (file, message) in [("README", "first"), ("web/page", "second")] {
            self.write("seed", file, message);
            self.commit("seed", message);
        }
        self.run_in("seed", &["tag", "--annotate", "-m", "one", "v1", "HEAD~1"]);
        self.run_in("seed", &["branch", "other", "HEAD~1"]);
        self.run_in("", &["clone", "--quiet", "--bare", "seed", "origin.git"]);
        self.run_in("origin.git", &["config", "uploadpack.allowFilter", "true"]);
    }

    fn clone_origin(&mut self) {
        let origin = format!("file://{}", self.root.path().join("origin.git").display());
        let how: &[&str] = match self.layout {
            Layout::Bare | Layout::LinkedWorktreeOfBare => &["--bare"],
            Layout::Shallow => &["--depth=1"],
            Layout::Partial => &["--filter=blob:none"],
            Layout::SingleBranch => &["--single-branch"],
            _ => &[],
        };
        self.create(&[&["clone", "--quiet"], how, &[origin.as_str(), "clone"]].concat());
        self.dir = self.root.path().join("clone");
        if self.layout == Layout::LinkedWorktreeOfBare {
            self.run_in("clone", &["config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"]);
            self.run_in("clone", &["fetch", "--quiet"]);
            self.run_in("clone", &["remote", "set-head", "origin", "main"]);
            self.run_in("clone", &["worktree", "add", "--quiet", "../first", "main"]);
            self.run_in("clone", &["branch", "--quiet", "--set-upstream-to=origin/main", "main"]);
            self.dir = self.root.path().join("first");
        }
    }

    fn add_own_commits(&self) {
        let here = self.dir.display().to_string();
        self.run_in(&here, &["mv", "web/page", "web/moved"]);
        self.write(&here, "api/täble", "new");
        self.commit(&here, "third");
        self.run_in(&here, &["tag", "--annotate", "-m", "two", "v2"]);
        self.run_in(&here, &["checkout", "--quiet", "-b", "apart", "HEAD~1"]);
        self.write(&here, "README", "apart");
        self.commit(&here, "apart");
        self.run_in(&here, &["checkout", "--quiet", "main"]);
    }

    /// A second worktree, in which the questions are asked.
    fn move_into(&mut self, name: &str) {
        self.git(&["checkout", "--quiet", "--detach"]);
        let path = self.root.path().join(name);
        self.git(&["worktree", "add", "--quiet", &path.display().to_string(), "main"]);
        self.dir = path;
    }

    /// A folder away from the repository, in which the questions are asked.
    fn make(&mut self, name: &str) {
        self.dir = self.root.path().join(name);
        std::fs::create_dir(&self.dir).expect("made");
    }

    fn git_dir(&self) -> Option<&'static str> {
        (self.layout == Layout::FromElsewhere).then_some("../clone/.git")
    }

    fn surroundings(&self) -> Surroundings {
        self.git_dir().map_or_else(Surroundings::default, |git_dir| Surroundings::default().with("GIT_DIR", git_dir))
    }

    fn write(&self, folder: &str, file: &str, text: &str) {
        let path = self.root.path().join(folder).join(file);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    fn commit(&self, folder: &str, message: &str) {
        self.run_in(folder, &["add", "--all"]);
        self.run_in(folder, &["commit", "--quiet", "-m", message]);
    }

    #[track_caller]
    fn run_in(&self, folder: &str, args: &[&str]) {
        let folder = self.root.path().join(folder);
        Ran::of(program().current_dir(folder).args(args)).ends(0);
    }

    fn command(&self) -> Command {
        let mut command = program();
        command.current_dir(&self.dir);
        if let Some(git_dir) = self.git_dir() {
            command.env("GIT_DIR", git_dir);
        }
        command
    }
}

/// git with the machine's configuration, which the code under test sees, too.
fn program() -> Command {
    let mut command = Command::new("git");
    command.args(["-c", "commit.gpgSign=false", "-c", "tag.gpgSign=false", "-c", "core.quotePath=false"]);
    command.args(["-c", "init.templateDir=", "-c", "gc.auto=0", "-c", "maintenance.auto=false"]);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Ada").env(format!("GIT_{who}_EMAIL"), "ada@example.com");
    }
    command
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.layout)
    }
}
