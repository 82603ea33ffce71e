//! What a provider can have seen: facts, not judgements.
//!
//! No provider reports "superseded" cleanly: the same word can mean "was live, later replaced" and "never ran". So
//! an adapter reports state, order, cause and whether it was ever live; the core decides.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::{Span, Timestamp};
use crate::push::{RefName, Sha};

/// One good answer of a provider about one app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// When it came, by our clock.
    pub observed_at: Timestamp,
    /// The provider's own clock at that moment (its `Date` header).
    pub provider_clock: Option<Timestamp>,
    /// How long the answer took.
    pub latency: Span,
    /// Newest first.
    pub deployments: Vec<Deployment>,
    /// The list reaches back to here (provider's clock); `None`: to the beginning.
    pub reaches_back_to: Option<Timestamp>,
    /// What serves traffic now, where the provider says so.
    pub live: Option<Live>,
    /// Why no push is deployed at the moment ("pinned to deployment …").
    pub frozen: Option<String>,
    /// Which branches a push deploys from; `None`: not known (then every branch may).
    pub triggers: Option<Vec<Trigger>>,
    /// A page for people about the app.
    pub page: Option<String>,
    /// What is left of the rate limit.
    pub rate: Rate,
    /// What the adapter wants to be told at its next look at this app.
    pub memo: Memo,
    /// Things worth telling the user once (another repository name, a strange answer).
    pub remarks: Vec<String>,
}

/// The adapter's own notes between looks at one app (the id behind a name, what the app object said); opaque to
/// everybody else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Memo(pub serde_json::Value);

/// One rollout, as the provider records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The provider's id.
    pub id: String,
    /// What the provider's word means.
    pub state: State,
    /// The provider's word.
    pub raw_state: String,
    /// The commits it names, the best match first; empty where it deploys no commit (an image).
    pub commits: Vec<CommitMark>,
    /// The branch it was made from.
    pub branch: Option<String>,
    /// The environment it went to, where the source tells several apart.
    #[serde(default)]
    pub environment: Option<String>,
    /// When it was made, by the provider's clock.
    pub created_at: Option<Timestamp>,
    /// When the provider last changed it.
    pub updated_at: Option<Timestamp>,
    /// It serves traffic now.
    pub is_live: Option<bool>,
    /// It served traffic once.
    pub was_live: Option<bool>,
    /// Why it was made.
    pub cause: Cause,
    /// How far it is.
    pub done_steps: Option<(u32, u32)>,
    /// The running step's name.
    pub step: Option<String>,
    /// Why it failed.
    pub reason: Option<StepReason>,
    /// A page for people.
    pub url: Option<String>,
}

/// A commit a deployment names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitMark {
    /// Hexadecimal digits: the whole id, or its beginning.
    pub sha: String,
    /// How sure the provider's word is.
    pub quality: Quality,
    /// The component it belongs to.
    pub part: Option<String>,
}

impl CommitMark {
    /// The commit these digits name: a whole id or the beginning of one.
    pub fn of(sha: &str, part: Option<String>) -> Option<Self> {
        let quality = match sha.len() {
            40 | 64 => Quality::Exact,
            7..64 => Quality::Prefix,
            _ => return None,
        };
        let is_hex = sha.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| Self { sha: sha.to_ascii_lowercase(), quality, part })
    }
}

/// How sure a commit mark is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// The whole id from a field made for it.
    Exact,
    /// The beginning of an id (seven digits at least), from a text.
    Prefix,
}

/// What a provider's word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for its turn.
    Queued,
    /// Waits for a person or another system.
    Blocked,
    /// Being built.
    Building,
    /// Being rolled out.
    Deploying,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Cancelled.
    Canceled,
    /// The provider's own "replaced": was live once or never ran, see [`Deployment::was_live`].
    Replaced,
    /// The provider decided not to run it.
    Skipped,
    /// A word we do not know; never terminal.
    Unknown,
}

/// Why a deployment was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A push.
    Push,
    /// A person or a program asked for it.
    Manual,
    /// Back to an older deployment, by a person or by the provider.
    Rollback,
    /// Maintenance, scaling, something else.
    Other,
}

/// The step that failed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReason {
    /// The provider's code.
    pub code: String,
    /// The provider's sentence.
    pub message: String,
    /// The step's name, with its component.
    pub step: Option<String>,
    /// It failed while building, not while rolling out; `None`: cannot be told.
    pub in_build: Option<bool>,
}

/// What serves traffic now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// The deployment's id.
    pub deployment: Option<String>,
    /// The commits it is made of.
    pub commits: Vec<CommitMark>,
}

/// A branch whose pushes are deployed, or would be if it were switched on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// The branch.
    pub branch: String,
    /// A push deploys it.
    pub on_push: bool,
}

/// What is left of the provider's rate limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// Requests left.
    pub remaining: Option<u64>,
    /// Requests in all.
    pub limit: Option<u64>,
    /// Not before this time, where the provider asked for a pause.
    pub not_before: Option<Timestamp>,
}

impl Rate {
    /// Hardly anything is left: looks should be half as frequent.
    pub fn is_scarce(&self) -> bool {
        self.remaining.zip(self.limit).is_some_and(|(remaining, limit)| remaining < limit / 10)
    }
}

impl Snapshot {
    /// It tells nothing that an earlier answer did not tell, and asks nobody to wait.
    pub fn repeats(&self, earlier: &Self) -> bool {
        // Named one by one: of whatever an answer gains, somebody must say whether it is news.
        let Self {
            observed_at: _,
            provider_clock: _,
            latency: _,
            deployments,
            reaches_back_to,
            live,
            frozen,
            triggers,
            page,
            rate,
            memo: _,
            remarks,
        } = self;
        (deployments, reaches_back_to, live) == (&earlier.deployments, &earlier.reaches_back_to, &earlier.live)
            && (frozen, triggers, page, remarks)
                == (&earlier.frozen, &earlier.triggers, &earlier.page, &earlier.remarks)
            && rate.not_before.is_none()
            && !rate.is_scarce()
    }
}

/// A provider's answer that tells nothing of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misheard {
    /// The credential is wrong or expired (401).
    #[error("{0}")]
    Denied(String),
    /// The credential may not do this (403).
    #[error("{0}")]
    Forbidden(String),
    /// No such app, or not visible to this credential.
    #[error("{0}")]
    NotFound(String),
    /// Too many requests.
    #[error("rate limit reached")]
    Throttled {
        /// Not before this time.
        until: Option<Timestamp>,
    },
    /// The provider is down (5xx).
    #[error("{0}")]
    Down(String),
    /// The configuration names what is not there, such as a column.
    #[error("{0}")]
    Misconfigured(String),
    /// Not the provider's language: HTML, torn JSON, a wrong type.
    #[error("{0}")]
    Garbled(String),
}

/// A failed deployment's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Its text, the end of it.
    pub text: String,
    /// More came before.
    pub is_cut: bool,
}

/// How the commits of a snapshot, and our own later pushes, stand to the watched commit. Worked out by asking git,
/// so that the core need not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kin {
    relations: BTreeMap<Arc<str>, Relation>,
    /// Later pushes to the same ref from this clone, oldest first.
    pub newer_pushes: Vec<NewerPush>,
    /// By how much this machine's clock was set ahead since the push, less than zero if back.
    pub clock_set: Span,
}

/// How another commit stands to ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is ours.
    Same,
    /// It contains ours: ours is its ancestor.
    Contains,
    /// It is an ancestor of ours.
    Older,
    /// Neither.
    Apart,
    /// This clone does not know it.
    Unknown,
}

/// A later push from this clone to the same ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewerPush {
    /// Its commit.
    pub sha: Sha,
    /// The ref it went to.
    pub ref_name: RefName,
    /// When.
    pub at: Timestamp,
    /// How it stands to ours.
    pub relation: Relation,
}

impl Cause {
    /// The word of the status document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Manual => "manual",
            Self::Rollback => "rollback",
            Self::Other => "other",
        }
    }
}

impl Snapshot {
    /// The commits named in it, each once: those whose relation to the watched commit [`Kin`] should tell.
    pub fn commits(&self) -> BTreeSet<&str> {
        let live = self.live.iter().flat_map(|live| &live.commits);
        self.deployments.iter().flat_map(|d| &d.commits).chain(live).map(|mark| mark.sha.as_str()).collect()
    }

    /// The same with what others worded made clean. Names, by which things are known again, stay.
    #[must_use]
    pub fn cleaned(mut self, clean: impl Fn(&str) -> String) -> Self {
        let worded = self.deployments.iter_mut().flat_map(Deployment::words);
        for words in worded.chain(&mut self.frozen).chain(&mut self.page).chain(&mut self.remarks) {
            *words = clean(words);
        }
        self
    }
}

impl Deployment {
    /// What people are told of it in the provider's own words.
    fn words(&mut self) -> impl Iterator<Item = &mut String> {
        let reason = self
            .reason
            .iter_mut()
            .flat_map(|reason| [&mut reason.code, &mut reason.message].into_iter().chain(&mut reason.step));
        [&mut self.raw_state].into_iter().chain(&mut self.step).chain(&mut self.url).chain(reason)
    }
}

impl Kin {
    /// Notes how the commit with these digits stands to ours.
    pub fn set(&mut self, sha: impl Into<Arc<str>>, relation: Relation) {
        self.relations.insert(sha.into(), relation);
    }

    /// How the commit with these digits stands to ours; what was not looked up is unknown.
    pub fn of(&self, sha: &str) -> Relation {
        self.relations.get(sha).copied().unwrap_or(Relation::Unknown)
    }
}
