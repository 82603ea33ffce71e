//! What does the provider say?
//!
//! An adapter is pure. It says what to ask, and what the answers so far mean: either the next question (pages, an
//! id behind a name) or a [`Snapshot`]. Adding a provider is one file and one line in [`ALL`].

mod digitalocean;

use crate::base::Timestamp;
use crate::push::Sha;
use crate::watch::{Deployment, Log, Memo, Misheard, Snapshot, Target};
use crate::wire::{Answer, Ask};

/// All providers, in the order `init` tries them.
pub const ALL: &[&dyn Provider] = &[&digitalocean::DigitalOcean];

/// The provider with this name in the configuration.
pub fn by_name(name: &str) -> Option<&'static dyn Provider> {
    ALL.iter().copied().find(|provider| provider.name() == name)
}

/// A place that deploys commits and can be asked about it.
pub trait Provider: Sync {
    /// Its name in the configuration and in status documents.
    fn name(&self) -> &'static str;

    /// Where its API is, without a slash at the end.
    fn base_url(&self) -> &'static str;

    /// The environment variables its credential is taken from, in this order.
    fn variables(&self) -> &'static [&'static str];

    /// What the provider's own tool keeps its credential in.
    fn tool_file(&self) -> Option<ToolFile>;

    /// What the repository's own files say about targets here.
    fn recognise(&self, facts: &RepoFacts) -> Vec<Suggestion>;

    /// The first question of a look at the target's newest deployments.
    fn ask(&self, target: &Target, want: &Want) -> Ask;

    /// What the answers so far mean, the newest answer last (never empty).
    fn hear(&self, target: &Target, want: &Want, answers: &[Answer]) -> Result<Heard<Snapshot>, Misheard>;

    /// The first question for the log of a failed deployment; `None` where the provider has no logs.
    fn ask_log(&self, target: &Target, want: &Want, deployment: &Deployment) -> Option<Ask>;

    /// What the answers about the log mean.
    fn hear_log(
        &self,
        target: &Target,
        want: &Want,
        deployment: &Deployment,
        answers: &[Answer],
    ) -> Result<Heard<Log>, Misheard>;
}

/// What a look is for. One look serves all watches of an app.
#[derive(Clone, Debug, Default)]
pub struct Want {
    /// The commits that are watched; for providers that can be asked by commit.
    pub commits: Vec<Sha>,
    /// The list should reach back to this time (the provider's clock); `None`: the newest page is enough.
    pub back_to: Option<Timestamp>,
    /// Where this clone pushes to (URLs without userinfo), to notice an app that deploys another repository.
    pub remotes: Vec<String>,
    /// What the adapter noted at its last look.
    pub memo: Memo,
    /// What the app is (pinned, live, its branches) should be asked again, not taken from the memo.
    pub afresh: bool,
}

/// An adapter's reaction to an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard<T> {
    /// Something more must be asked.
    Ask(Ask),
    /// This is what there is to know.
    Seen(T),
}

/// The file of a provider's own tool that holds its credential.
#[derive(Clone, Copy, Debug)]
pub struct ToolFile {
    /// The tool's name, for messages.
    pub tool: &'static str,
    /// Its path below the user's configuration folder.
    pub path: &'static str,
    /// Finds the credential in the file's text, given an environment to look up the tool's own context variable.
    pub read: fn(text: &str, context: Option<&str>) -> Option<String>,
    /// The environment variable that names the tool's context.
    pub context_variable: Option<&'static str>,
}

/// What `init` found in a repository.
#[derive(Clone, Debug, Default)]
pub struct RepoFacts {
    /// Paths from the worktree's root and their texts, for the files the adapters asked for (see [`FILES`]).
    pub files: Vec<(String, String)>,
    /// The remotes: name and URL without userinfo.
    pub remotes: Vec<(String, String)>,
}

/// The files `init` reads for [`Provider::recognise`].
pub const FILES: &[&str] = &[".do/app.yaml", ".do/app.yml"];

/// A target `init` proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The provider.
    pub provider: &'static str,
    /// The target's name.
    pub target: String,
    /// The app's id or name.
    pub app: String,
    /// The branches that deploy, where the files say so.
    pub branches: Vec<String>,
    /// Where this was found, for the comment beside it.
    pub found_in: String,
    /// The files leave no doubt.
    pub sure: bool,
}
