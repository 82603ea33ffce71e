//! A target: one place a commit is deployed to, as the configuration named it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Database, DatabaseUrl, Health, Source, State};
use crate::base::Span;

/// The user's name for a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TargetName(Arc<str>);

/// One place a commit is deployed to. A watch keeps the target as it was when the watch began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The user's name for it.
    pub name: TargetName,
    /// The provider's name in the registry.
    pub provider: String,
    /// The provider's app, site, project or repository: an id or a name; empty where the provider has none.
    #[serde(default)]
    pub app: String,
    /// Where the provider's API is, without a slash at the end; the user's own URL where the provider has no API,
    /// and empty where it is asked by a command.
    pub base_url: String,
    /// Where the credential comes from.
    pub token: TokenSource,
    /// Only pushes that touch one of these globs are deployed here; empty: all are.
    #[serde(default)]
    pub paths: Vec<String>,
    /// The environment whose deployments count, where a source tells several apart.
    #[serde(default)]
    pub environment: Option<String>,
    /// What some providers must be told besides.
    #[serde(default)]
    pub particulars: Particulars,
    /// How the running service is checked.
    #[serde(default)]
    pub health: Option<Health>,
    /// The team's deployments table; the same for all targets of a repository.
    #[serde(default)]
    pub database: Option<Database>,
}

/// What a provider must be told beyond app and URL. Which of it a provider reads is the provider's own word.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Particulars {
    /// The workflow whose runs are the deployments, by its file's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The command that says what is deployed: program and arguments, no shell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// How long the command may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Span>,
    /// JSON pointers, by what they point to.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pointers: BTreeMap<String, String>,
    /// What words for a state mean that nobody else knows.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub states: BTreeMap<String, State>,
}

/// The provider's name of a target that none is asked about: its deployments table leads.
pub const NO_PROVIDER: &str = "none";

/// Where a credential comes from; never the credential.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenSource {
    /// The provider's own chain.
    #[default]
    Chain,
    /// This environment variable of the push.
    Env(String),
    /// What this command prints; words, no shell.
    Command(Vec<String>),
    /// What is in this file.
    File(PathBuf),
}

/// The limits a watch keeps from its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// After this long without a decision we stop looking; sleep is added.
    pub timeout: Span,
    /// After this long without a deployment: `no_deploy`.
    pub register_timeout: Span,
    /// How fast the looks follow each other.
    #[serde(default)]
    pub pace: Pace,
}

/// How fast looks follow each other, in thousandths of the real intervals. No setting: the demo and the tests hurry
/// (`AFTERPUSH_PACE`, read by the monitor); what a provider asks for is kept at any pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pace(u32);

impl Target {
    /// The source whose word makes a commit live.
    pub fn lead(&self) -> Source {
        lead(&self.provider)
    }

    /// The deployments table where it is read beside a provider.
    pub fn second(&self) -> Option<&Database> {
        self.database.as_ref().filter(|_| self.lead() == Source::Provider)
    }

    /// The deployments table is a file of this machine: that it can be read says nothing of the way to anywhere.
    pub fn has_local_table(&self) -> bool {
        self.database.as_ref().is_some_and(|database| matches!(database.url, DatabaseUrl::File(_)))
    }

    /// Who leads, as people are told of it.
    pub fn lead_name(&self) -> &str {
        if self.lead() == Source::Provider { &self.provider } else { TABLE }
    }

    /// It goes by this word: its name, or its environment.
    pub fn is_called(&self, word: &str) -> bool {
        let names = [Some(self.name.as_str()), self.environment.as_deref()];
        names.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(word))
    }
}

/// The source whose word makes a commit live where this is the provider.
pub fn lead(provider: &str) -> Source {
    if provider == NO_PROVIDER { Source::Database } else { Source::Provider }
}

/// The team's table, as people are told of it.
pub const TABLE: &str = "the deployments table";

impl TargetName {
    /// Takes the name as it is; the configuration has checked it (letters, digits, `-`, `_`).
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self { timeout: Span::from_mins(90), register_timeout: Span::from_mins(5), pace: Pace::default() }
    }
}

impl Pace {
    /// So many thousandths of the real intervals; 17 makes three seconds fifty milliseconds.
    pub const fn from_permille(permille: u32) -> Self {
        Self(permille)
    }

    /// The interval at this pace, never shorter than a millisecond.
    #[must_use]
    pub fn of(self, interval: Span) -> Span {
        interval.scaled(i64::from(self.0), 1_000).max(Span::from_millis(1))
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self(1_000)
    }
}
