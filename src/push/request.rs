//! The request: how the hook and the commands ask the monitor for something.
//!
//! A request is one JSON file in the inbox. Old monitors meet new hooks and the other way round, so keys are only
//! added, unknown keys are ignored, and `proto` rises when a monitor must be newer to understand.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{RefUpdate, RemoteName, Sha};
use crate::base::Timestamp;

/// The schema of a request file.
pub const REQUEST_SCHEMA: &str = "afterpush.request/1";
/// The protocol this program speaks; a monitor that meets a higher one makes way for a newer binary.
pub const PROTO: u32 = 1;

/// One request, as it lies in the inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// [`REQUEST_SCHEMA`].
    pub schema: String,
    /// The protocol its writer speaks.
    pub proto: u32,
    /// Its name; also the file's, and the id of the watch that comes of it.
    pub id: RequestId,
    /// When it was written.
    pub at: Timestamp,
    /// What is asked.
    #[serde(flatten)]
    pub asked: Asked,
}

/// A request's name: sorted by time (UUID v7), then the first commit it is about, so that even an empty file left
/// by a power cut tells which push was lost.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(Arc<str>);

impl From<String> for RequestId {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Asked {
    /// Watch what this push brings.
    Push(PushNote),
    /// Watch a commit that was pushed elsewhere or without the hook.
    Track(TrackNote),
    /// This push is not to be watched (`AFTERPUSH=0`), also not when the reflog shows it.
    Ignore(IgnoreNote),
    /// End watches.
    Stop(StopNote),
    /// Look at once at what is known of this commit.
    Refresh {
        /// The commit.
        sha: Sha,
    },
    /// Persist, release the lock and leave: another monitor stands ready.
    Leave,
}

/// A push, as the hook saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushNote {
    /// The remote's name, or its URL without userinfo.
    pub remote: RemoteName,
    /// The URL pushed to, without userinfo.
    pub url: String,
    /// The refs, in git's order.
    pub refs: Vec<RefUpdate>,
    /// The pushing git, where it was found in the process tree.
    #[serde(default)]
    pub git: Option<GitProcess>,
    /// The worktree the push was made from, for the status mirror.
    #[serde(default, with = "crate::base::path::maybe")]
    pub worktree: Option<PathBuf>,
    /// Stdin was longer than the hook reads or did not end in time; the reflog has the rest.
    #[serde(default)]
    pub cut: bool,
}

/// The pushing git process, named so that it cannot be mistaken for another that got its pid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitProcess {
    /// Its process id.
    pub pid: i32,
    /// Its start time in clock ticks since boot (field 22 of `/proc/<pid>/stat`).
    pub start_ticks: u64,
    /// The pid namespace it was seen in, where the system has them: in another one its pid is another process.
    #[serde(default)]
    pub pid_namespace: Option<u64>,
    /// It was called with `--dry-run` or `-n`.
    #[serde(default)]
    pub dry_run: bool,
}

/// A commit to watch by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackNote {
    /// The commit.
    pub sha: Sha,
    /// The remote it is on; the default is the branch's or `origin`.
    #[serde(default)]
    pub remote: Option<RemoteName>,
    /// The branch it was pushed to; the default is the watched one.
    #[serde(default)]
    pub branch: Option<String>,
    /// Only this target.
    #[serde(default)]
    pub target: Option<String>,
    /// Found in the reflog: the push happened at this time and replaced this id, and needs no other proof.
    #[serde(default)]
    pub pushed: Option<ReflogPush>,
    /// For the status mirror.
    #[serde(default, with = "crate::base::path::maybe")]
    pub worktree: Option<PathBuf>,
}

/// A push the reflog of a tracking ref tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReflogPush {
    /// When.
    pub at: Timestamp,
    /// What the ref was at before.
    #[serde(default)]
    pub old: Option<Sha>,
}

/// A push not to be watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IgnoreNote {
    /// The remote.
    pub remote: RemoteName,
    /// Its refs.
    pub refs: Vec<RefUpdate>,
}

/// Which watches are to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopNote {
    /// This commit's; `None` ends all, and the monitor with them.
    pub sha: Option<Sha>,
}

impl Asked {
    /// A watch comes of it.
    pub const fn begins_watches(&self) -> bool {
        matches!(self, Self::Push(_) | Self::Track(_))
    }

    /// The commits it is about.
    pub fn commits(&self) -> impl Iterator<Item = &Sha> {
        let (refs, sha): (&[RefUpdate], _) = match self {
            Self::Push(note) => (&note.refs, None),
            Self::Ignore(note) => (&note.refs, None),
            Self::Track(note) => (&[], Some(&note.sha)),
            Self::Stop(note) => (&[], note.sha.as_ref()),
            Self::Refresh { sha } => (&[], Some(sha)),
            Self::Leave => (&[], None),
        };
        refs.iter().map(|update| &update.new).chain(sha)
    }
}

impl Request {
    /// A request with a new name. `unique` is random; time and `about` make the name sort and speak.
    pub fn new(unique: uuid::Uuid, at: Timestamp, asked: Asked) -> Self {
        let about = asked.commits().next().map_or("-", Sha::as_str);
        let id = RequestId(format!("{}.{about}", unique.simple()).into());
        Self { schema: REQUEST_SCHEMA.to_owned(), proto: PROTO, id, at, asked }
    }
}

impl RequestId {
    /// Reads a file name; `None` if it is not one that [`Request::new`] makes.
    pub fn of_file_name(name: &str) -> Option<Self> {
        let (unique, about) = name.split_once('.')?;
        let sorted = unique.len() == 32 && unique.bytes().all(|b| b.is_ascii_hexdigit());
        (sorted && (about == "-" || about.parse::<Sha>().is_ok())).then(|| Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name for another commit of the same request.
    #[must_use]
    pub fn sibling(&self, about: &Sha) -> Self {
        let unique = self.0.split('.').next().unwrap_or_default();
        Self(format!("{unique}.{about}").into())
    }

    /// The name for a push that only the reflog tells of: always the same for the same push.
    pub fn of_reflog(sha: &Sha, at: Timestamp) -> Self {
        // The time stands where UUID v7 has it, so that the name sorts among the others.
        Self(format!("{:012x}{:020x}.{sha}", at.as_micros().max(0) / 1_000, 0).into())
    }

    /// The commit in the name.
    pub fn about(&self) -> Option<Sha> {
        self.0.split_once('.')?.1.parse().ok()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
