//! `afterpush.status/1`: the answer for one commit.
//!
//! Within the major version keys are only added. `null` means not known; an absent key does not apply. Unknown keys
//! are ignored and unknown words kept, so that an old reader can live with a newer writer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Word, next};
use crate::base::{Timestamp, text};
use crate::push::Sha;
use crate::watch::{self, DeploymentRef, Phase, Progress, Reason, Source, Verdict, Warning};

/// The schema of [`Document`].
pub const STATUS_SCHEMA: &str = "afterpush.status/1";

/// What became of one commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// `afterpush.status/1`
    pub schema: String,
    /// The commit.
    pub commit: Commit,
    /// Its newest push from this clone; null: none is known.
    pub push: Option<Push>,
    /// 1 for the first push of this commit; absent while nobody watches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// How far it is.
    pub phase: Option<Word<Phase>>,
    /// How it ended; null while it has not.
    pub verdict: Option<Word<Verdict>>,
    /// A verdict is given.
    pub done: bool,
    /// The exit code of `afterpush status`.
    pub exit_code: u8,
    /// Why it stands there: a stable word.
    pub reason: Word<Reason>,
    /// The same in a sentence.
    pub message: String,
    /// The commit that is live or took over instead and contains this one.
    pub via: Option<Sha>,
    /// Each place it is deployed to, in the order of the configuration.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// What went wrong; absent where nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// When it will probably be live; absent where nothing is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta: Option<Eta>,
    /// What the user should know and what decides nothing.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// Who wrote this; absent where nobody watches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor: Option<Monitor>,
    /// When a source was read last.
    pub observed_at: Option<Timestamp>,
    /// From then on an unfinished document is stale; absent where nothing more is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_after: Option<Timestamp>,
    /// The monitor should have written again by now and has not. Judged by the reader.
    #[serde(default)]
    pub stale: bool,
    /// What to do next.
    #[serde(default)]
    pub next: Vec<Next>,
}

/// The commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Commit {
    /// Its whole id.
    pub sha: Sha,
    /// The first seven digits.
    pub short: String,
    /// Its first line.
    pub subject: Option<String>,
    /// HEAD is at it.
    pub is_head: bool,
}

/// The push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Push {
    /// When; null where it was made elsewhere.
    pub at: Option<Timestamp>,
    /// The remote's name, or its URL without user and password.
    pub remote: String,
    /// The ref on the remote.
    #[serde(rename = "ref")]
    pub ref_name: String,
    /// What the remote had before; null also for a new ref.
    pub old: Option<Sha>,
    /// How many commits it brought.
    pub commits: Option<u32>,
    /// The old commit is not an ancestor of the new one.
    pub forced: Option<bool>,
    /// It is proven that it landed.
    pub confirmed: bool,
}

/// One place the commit is deployed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// The user's name for it.
    pub name: String,
    /// Who deploys there.
    pub provider: String,
    /// How far it is.
    pub phase: Word<Phase>,
    /// How it ended.
    pub verdict: Option<Word<Verdict>>,
    /// Why it stands there.
    pub reason: Word<Reason>,
    /// The reason in one sentence; empty where an older version wrote it.
    #[serde(default)]
    pub message: String,
    /// The provider's deployment.
    pub deployment: Option<DeploymentRef>,
    /// How far that is.
    pub progress: Option<Progress>,
    /// When it came where.
    pub timeline: Timeline,
    /// Which commit is served; absent where no version check is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<Served>,
    /// The newest reading of each source.
    #[serde(default)]
    pub observations: Vec<Observation>,
}

/// When a commit came where on a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Timeline {
    /// It was pushed.
    pub pushed_at: Option<Timestamp>,
    /// The provider had it.
    pub registered_at: Option<Timestamp>,
    /// The build began.
    pub building_at: Option<Timestamp>,
    /// The rollout began.
    pub deploying_at: Option<Timestamp>,
    /// The provider said done.
    pub deployed_at: Option<Timestamp>,
    /// The health endpoints agreed for the first time.
    #[serde(default)]
    pub ready_at: Option<Timestamp>,
    /// They agreed often enough in a row.
    pub healthy_at: Option<Timestamp>,
    /// The verdict was given.
    pub decided_at: Option<Timestamp>,
}

/// Which commit is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Served {
    /// What the version endpoint says.
    pub sha: Option<String>,
    /// It is this commit.
    #[serde(rename = "match")]
    pub is_match: bool,
    /// When it was asked.
    pub checked_at: Timestamp,
}

/// One reading of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// Who was asked.
    pub source: Word<Source>,
    /// It answered.
    pub ok: bool,
    /// What it said, in its own word.
    pub value: Option<String>,
    /// When.
    pub observed_at: Timestamp,
    /// How long it took, in milliseconds.
    pub latency_ms: Option<u64>,
    /// Why it did not answer.
    pub error: Option<String>,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Where.
    pub phase: Word<Phase>,
    /// A stable word.
    pub code: Word<Reason>,
    /// The provider's words.
    pub summary: String,
    /// The provider's log on this machine; only its owner may read it.
    pub log_path: Option<String>,
    /// A page that shows the log.
    pub log_url: Option<String>,
    /// The end of the log; added by the command, absent from the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_excerpt: Option<Vec<String>>,
}

/// When it will probably be live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Eta {
    /// The moment; null once it has taken longer than all before it.
    pub at: Option<Timestamp>,
    /// Half of the pushes so far took no longer, in seconds.
    pub p50_s: u64,
    /// Nine of ten took no longer, in seconds.
    pub p90_s: u64,
    /// How many pushes that is.
    pub n: u32,
}

/// The background process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Monitor {
    /// Its process id when it wrote this.
    pub pid: Option<u32>,
}

/// A command that leads on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Next {
    /// The command line.
    pub command: String,
    /// What for.
    pub when: String,
}

/// A status file that tells nothing. The commit's state is unknown then, never a success.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There is nothing in it, as a power cut can leave it.
    #[error("the status file is empty")]
    Empty,
    /// It is not a status document.
    #[error("the status file is damaged: {0}")]
    Damaged(String),
    /// Another major version wrote it.
    #[error("the status file has the schema `{0}`, which this version of afterpush does not know")]
    OtherSchema(String),
}

impl Document {
    /// Reads the content of a status file.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0) {
            return Err(Unreadable::Empty);
        }
        let damaged = |error: serde_json::Error| Unreadable::Damaged(text::visible(&error.to_string()));
        let mut value: Value = serde_json::from_slice(bytes).map_err(damaged)?;
        make_visible(&mut value);
        match value.get("schema").and_then(Value::as_str) {
            Some(schema) if schema != STATUS_SCHEMA => Err(Unreadable::OtherSchema(schema.to_owned())),
            _ => serde_json::from_value(value).map_err(damaged),
        }
    }

    /// The same with what others worded made clean. The words of the contract stay, whatever they are to others: a
    /// password may well be one of them.
    #[must_use]
    pub fn cleaned(mut self, clean: impl Fn(&str) -> String) -> Self {
        for words in foreign_words(&mut self) {
            *words = clean(words);
        }
        self
    }

    /// The content of the status file: one line.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Nothing in it can fail to serialize: no maps with strange keys, no floats, no paths.
        let mut document = text::inert_json(&serde_json::to_string(self).unwrap_or_default());
        document.push('\n');
        document.into_bytes()
    }

    /// As a reader sees it at this moment with HEAD there: whether it is stale, and what follows from that.
    #[must_use]
    pub fn seen(mut self, now: Timestamp, head: Option<&Sha>) -> Self {
        self.commit.is_head = head == Some(&self.commit.sha);
        self.stale = !self.done && self.stale_after.is_some_and(|after| now > after);
        self.next = next::suggest(&self);
        self
    }

    /// The one word of `-q`: the verdict, else the phase, else why there is neither.
    pub fn word(&self) -> String {
        let verdict = self.verdict.as_ref().map(ToString::to_string);
        verdict.or_else(|| self.phase.as_ref().map(ToString::to_string)).unwrap_or_else(|| self.reason.to_string())
    }
}

impl Target {
    /// The last reading of the source whose word makes a commit live.
    pub fn lead_reading(&self) -> Option<&Observation> {
        self.observations.iter().find(|seen| seen.source == watch::lead(&self.provider))
    }

    /// Its sentence, else the word for it.
    pub fn sentence(&self) -> String {
        if self.message.is_empty() { self.reason.to_string() } else { self.message.clone() }
    }
}

/// The texts of a document that somebody else worded, or that repeat what somebody else said.
fn foreign_words(document: &mut Document) -> impl Iterator<Item = &mut String> {
    let Document { commit, push, message, targets, failure, warnings, .. } = document;
    let targets = targets.iter_mut().flat_map(|target| {
        let Target { deployment, progress, served, observations, message, .. } = target;
        let deployment = deployment.iter_mut().flat_map(|known| [&mut known.url, &mut known.sha]).flatten();
        let seen = observations.iter_mut().flat_map(|seen| [&mut seen.value, &mut seen.error]).flatten();
        let step = progress.iter_mut().filter_map(|progress| progress.step.as_mut());
        let served = served.iter_mut().filter_map(|served| served.sha.as_mut());
        deployment.chain(seen).chain(step).chain(served).chain([message])
    });
    let failure = failure.iter_mut().flat_map(|failure| [&mut failure.summary].into_iter().chain(&mut failure.log_url));
    let warnings = warnings.iter_mut().map(|warning| &mut warning.message);
    let remote = push.iter_mut().map(|push| &mut push.remote);
    commit.subject.iter_mut().chain(remote).chain([message]).chain(targets).chain(failure).chain(warnings)
}

/// The file may be another user's: what it says is foreign text to whoever reads it.
fn make_visible(value: &mut Value) {
    match value {
        Value::String(words) => *words = text::visible(words),
        Value::Array(values) => values.iter_mut().for_each(make_visible),
        Value::Object(fields) => fields.values_mut().for_each(make_visible),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
