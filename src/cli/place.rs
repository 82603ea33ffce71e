//! The repository a command works on, and the two ways to its monitor: reading its files and dropping a request.

use std::time::{Duration, Instant};

use super::journal::unable_since;
use super::{Failure, World};
use crate::base::{Layout, Timestamp};
use crate::host::files::Folder;
use crate::host::git::{GitError, Repo};
use crate::host::hooking::{self, HookState};
use crate::process::{self, Ensured, MonitorFile};
use crate::push::{Asked, Request, RequestId, Sha, TrackNote};
use crate::spool;
use crate::status::{self, Document, Target, Unwatched};

/// No status document is longer; a longer file is damaged.
const LONGEST: usize = 1024 * 1024;
/// More of a log is not read.
const LONGEST_LOG: usize = 16 * 1024 * 1024;
/// So much of the monitor's is looked through for what keeps it from its work, however long it is.
const LOG_END: u64 = 64 * 1024;

/// How long one monitor takes to make way for another.
const TAKE_OVER: Duration = Duration::from_secs(15);
/// How long a monitor that was started is given to show whether it can work.
const BEGINNING: Duration = Duration::from_secs(2);
/// How often it is looked whether what is short is over.
const PAUSE: Duration = Duration::from_millis(20);

/// A repository and its files.
pub struct Place {
    /// The repository.
    pub repo: Repo,
    /// Where afterpush keeps its files.
    pub layout: Layout,
}

impl Place {
    /// The repository around the current directory.
    pub fn find(world: &World) -> Result<Self, Failure> {
        let repo = Repo::discover(&world.cwd).map_err(git_failure)?;
        let layout = Layout::new(repo.common_dir(), nix::unistd::geteuid().as_raw());
        Ok(Self { repo, layout })
    }

    /// The commit a revision names.
    pub fn commit(&self, rev: &str) -> Result<Sha, Failure> {
        self.repo.resolve(rev).map_err(git_failure)
    }

    /// The status document of a commit; `None` if there is none. A damaged one is an error, never an answer.
    pub fn status(&self, sha: &Sha) -> Result<Option<Document>, Failure> {
        let document = self.read(&format!("{sha}.json"), sha.short())?;
        match document {
            Some(document) if document.commit.sha != *sha => Err(damaged(sha.short())),
            document => Ok(document),
        }
    }

    /// By what to tell whether a commit's status file was written again; `None` if there is none.
    pub fn written(&self, sha: &Sha) -> Option<Written> {
        use std::os::unix::fs::MetadataExt;
        let about = self.layout.status(sha.as_str()).symlink_metadata().ok()?;
        // A file that is replaced is another one, whatever the clock says.
        Some(Written { file: about.ino(), at: (about.mtime(), about.mtime_nsec()) })
    }

    /// The status document of the newest confirmed push.
    pub fn latest(&self) -> Result<Option<Document>, Failure> {
        self.read("latest.json", "the newest push")
    }

    fn read(&self, name: &str, about: &str) -> Result<Option<Document>, Failure> {
        let cannot = |error| damaged(about).because(error);
        let Some(folder) = Folder::existing(&self.layout.status_dir()).map_err(cannot)? else { return Ok(None) };
        let Some(bytes) = folder.read(name, LONGEST).map_err(cannot)? else { return Ok(None) };
        Document::parse(&bytes).map(Some).map_err(|error| damaged(about).because(error))
    }

    /// The answer for a commit that was pushed below this tip.
    pub fn inside(&self, sha: &Sha, tip: &Document) -> Document {
        status::inside(sha, self.repo.subject(sha).as_deref(), tip)
    }

    /// The document of a commit whose request lies in the inbox.
    pub fn requested(&self, sha: &Sha, request: &Request) -> Document {
        status::requested(sha, self.repo.subject(sha).as_deref(), request)
    }

    /// The document of a commit nobody watches.
    pub fn unwatched(&self, sha: &Sha, why: &Unwatched) -> Document {
        status::unwatched(sha, self.repo.subject(sha).as_deref(), why)
    }

    /// The provider's log of a failed deployment; only the caller's own is read.
    pub fn log(&self, sha: &Sha, target: &str) -> Option<String> {
        let path = self.layout.log(sha.as_str(), target);
        let name = path.file_name()?.to_str()?;
        let bytes = Folder::existing(&self.layout.logs()).ok()??.read(name, LONGEST_LOG).ok()??;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The monitor's own log, the older part first.
    pub fn monitor_log(&self) -> Option<String> {
        let log = [self.monitor_log_part(".1"), self.monitor_log_part("")].concat();
        (!log.is_empty()).then(|| String::from_utf8_lossy(&log).into_owned())
    }

    /// One file of it; the newest has no suffix.
    pub fn monitor_log_part(&self, suffix: &str) -> Vec<u8> {
        let read = || {
            let name = format!("{}{suffix}", self.layout.monitor_log().file_name()?.to_str()?);
            Folder::existing(self.layout.private()).ok()??.read(&name, LONGEST_LOG).ok()?
        };
        read().unwrap_or_default()
    }

    /// What the monitor has logged last.
    pub fn monitor_log_end(&self) -> Vec<u8> {
        let read = || {
            let name = self.layout.monitor_log();
            Folder::existing(self.layout.private()).ok()??.read_last_lines(name.file_name()?.to_str()?, LOG_END).ok()?
        };
        read().unwrap_or_default()
    }

    /// The hook is in this repository, though maybe not at work: something may have taken its place.
    pub fn has_hook(&self) -> bool {
        hooking::inspect(&self.repo).is_ok_and(|state| state != HookState::Absent)
    }

    /// Nothing waits to be taken.
    pub fn inbox_is_empty(&self) -> bool {
        spool::scan(&self.layout).is_ok_and(|mut found| found.next().is_none())
    }

    /// Drops a request, without waking anybody.
    pub fn ask(&self, world: &World, asked: Asked) -> Result<Request, Failure> {
        self.put(Request::new(uuid::Uuid::now_v7(), world.now(), asked))
    }

    /// Asks for the sources of this document's commit to be asked again. Documents tell whole seconds: asked in the
    /// next one, what was said before is not taken for the answer.
    pub fn ask_anew(&self, world: &World, before: &Document) -> Result<Request, Failure> {
        let readings = || before.targets.iter().filter_map(Target::lead_reading);
        while readings().any(|seen| seen.observed_at == world.now().whole_seconds()) {
            std::thread::sleep(PAUSE);
        }
        self.ask(world, Asked::Refresh { sha: before.commit.sha.clone() })
    }

    /// Asks for a push that git's journal tells of to be watched. Its name is made of the push, so that it is one
    /// and the same watch whoever finds it, and however often.
    pub fn ask_for_journal(&self, world: &World, note: TrackNote, at: Timestamp) -> Result<Request, Failure> {
        let id = RequestId::of_reflog(&note.sha, at);
        self.put(Request { id, ..Request::new(uuid::Uuid::now_v7(), world.now(), Asked::Track(note)) })
    }

    /// To be called before anything is written here: root leaves nothing in another user's repository.
    pub fn refuse_guest_root(&self) -> Result<(), Failure> {
        process::refuse_guest_root(&self.layout).map_err(|why| Failure::unknown("guest_root", why.to_string()))
    }

    fn put(&self, request: Request) -> Result<Request, Failure> {
        self.refuse_guest_root()?;
        let cannot = |error| {
            Failure::unknown("inbox", format!("cannot write a request to {}", self.layout.inbox().display()))
                .because(error)
        };
        spool::drop_request(&self.layout, &request).map_err(cannot)?;
        Ok(request)
    }

    /// The request still waits to be taken.
    pub fn has_request(&self, id: &RequestId) -> bool {
        self.layout.inbox().join("new").join(id.as_str()).symlink_metadata().is_ok()
    }

    /// Makes sure somebody works off the inbox. Where no process may outlive the job (a CI runner) nobody does, and
    /// [`Ensured::Unwanted`] says so.
    pub fn ensure_monitor(&self, world: &World) -> Result<Ensured, Failure> {
        self.refuse_guest_root()?;
        process::ensure_monitor(&self.layout, &world.program, &world.environment.pairs()).map_err(|error| {
            Failure::unknown("monitor", "cannot start the monitor")
                .because(error)
                .hint("`afterpush doctor` shows what is wrong")
        })
    }

    /// The same for this request: where a monitor was started for it, waits a little until it has taken it, or has said
    /// why it cannot work, which comes back in its words.
    pub fn ensure_taken(&self, world: &World, request: &Request) -> Result<Option<String>, Failure> {
        let logged = self.monitor_log_part("").len();
        if !self.ensure_monitor(world)?.is_start() {
            return Ok(None);
        }
        let start = Instant::now();
        while self.has_request(&request.id) && start.elapsed() < BEGINNING {
            if let Some(why) = unable_since(&self.monitor_log_part(""), logged) {
                return Ok(Some(why));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(None)
    }

    /// Makes sure that the monitor at work holds the credentials this command could give it; where another one has
    /// to take over for that, waits until it has.
    pub fn call_monitor_with_our_credentials(&self, world: &World) -> Result<(), Failure> {
        let pid = || MonitorFile::read(&self.layout).map(|monitor| monitor.identity.pid);
        let before = pid();
        if self.ensure_monitor(world)? != Ensured::TakingOver {
            return Ok(());
        }
        let start = Instant::now();
        while pid() == before && start.elapsed() < TAKE_OVER {
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }
}

/// Which file it was, and when it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    file: u64,
    at: (i64, i64),
}

/// A commit's status file.
pub struct StatusFile {
    /// The commit it is named after.
    pub sha: Sha,
    /// Its owner's user id: whose monitor writes it.
    pub uid: u32,
    /// What is in it; `None` where it is damaged.
    pub document: Option<Document>,
}

/// All status files of a repository, in no order.
pub fn status_files(layout: &Layout) -> Vec<StatusFile> {
    let Ok(Some(folder)) = Folder::existing(&layout.status_dir()) else { return Vec::new() };
    let names = folder.names().unwrap_or_default();
    names.iter().filter_map(|name| status_file(&folder, name)).collect()
}

/// `None`: that is no status file, or it went away meanwhile.
fn status_file(folder: &Folder, name: &str) -> Option<StatusFile> {
    let sha = name.strip_suffix(".json")?.parse::<Sha>().ok()?;
    let uid = folder.about(name).ok()??.uid;
    let bytes = folder.read(name, LONGEST).unwrap_or_else(|_| Some(Vec::new()))?;
    let document = Document::parse(&bytes).ok().filter(|document| document.commit.sha == sha);
    Some(StatusFile { sha, uid, document })
}

fn damaged(about: &str) -> Failure {
    Failure::unknown("status_damaged", format!("the status file of {about} cannot be used"))
        .hint("`afterpush wait` has it written anew")
}

fn git_failure(error: GitError) -> Failure {
    match error {
        GitError::NotARepository(_) => Failure::usage("not_a_repository", error.to_string()),
        GitError::UnknownRevision(_) | GitError::AmbiguousRevision(_) | GitError::NoCommitYet => {
            Failure::usage("bad_revision", error.to_string())
        }
        GitError::NoProgram(_) | GitError::Refused(_) | GitError::TimedOut(_) => {
            Failure::usage("git", "cannot ask the repository").because(error)
        }
    }
}
