//! What does the provider say?
//!
//! An adapter is pure. It says what to ask, and what the answers so far mean: either the next question (pages, an
//! id behind a name) or a [`Snapshot`]. Adding a provider is one file and one line in [`ALL`].

mod command;
mod digitalocean;
mod github;
mod http;
mod reading;
mod replay;
mod report;
mod shown;

use crate::base::Timestamp;
use crate::push::Sha;
use crate::watch::{Deployment, Log, Memo, Misheard, Snapshot, Target};
use crate::wire::{Answer, Ask};

pub use shown::subject;

/// All providers, in the order `init` tries them.
pub const ALL: &[&dyn Provider] = &[&digitalocean::DigitalOcean, &github::GitHub, &http::Http, &command::Command];

/// The provider with this name in the configuration.
pub fn by_name(name: &str) -> Option<&'static dyn Provider> {
    ALL.iter().copied().find(|provider| provider.name() == name)
}

/// A place that deploys commits and can be asked about it.
pub trait Provider: Sync {
    /// Its name in the configuration and in status documents.
    fn name(&self) -> &'static str;

    /// Whom a question goes to.
    fn address(&self) -> Address;

    /// The keys of a target it reads beside those that every target has.
    fn keys(&self) -> Keys;

    /// What is wrong with a target that has all its keys, each of the right type.
    fn check(&self, _target: &Target) -> Result<(), Wrong> {
        Ok(())
    }

    /// The credential it wants at this base URL.
    fn credential(&self, base_url: &str) -> Credential;

    /// Every environment variable a credential may be taken from, whatever the base URL.
    fn variables(&self) -> &'static [&'static str];

    /// What the repository's own files say about targets here.
    fn recognise(&self, facts: &RepoFacts) -> Vec<Suggestion>;

    /// A look at the target's newest deployments: what the answers so far mean, the newest answer last. While there is
    /// none that is always a question.
    fn hear(&self, target: &Target, want: &Want, answers: &[Answer]) -> Result<Heard<Snapshot>, Misheard>;

    /// The same for the log of a failed deployment, which not every provider has.
    fn hear_log(
        &self,
        _target: &Target,
        _want: &Want,
        _deployment: &Deployment,
        _answers: &[Answer],
    ) -> Result<Heard<Log>, Misheard> {
        Ok(Heard::Seen(Log::default()))
    }

    /// The first question of a look.
    fn ask(&self, target: &Target, want: &Want) -> Ask {
        match self.hear(target, want, &[]) {
            Ok(Heard::Ask(ask)) => ask,
            Ok(Heard::Seen(_)) | Err(_) => unreachable!("where nothing was answered there is only a question"),
        }
    }

    /// The first question for a log; `None` where there is none to be had.
    fn ask_log(&self, target: &Target, want: &Want, deployment: &Deployment) -> Option<Ask> {
        match self.hear_log(target, want, deployment, &[]) {
            Ok(Heard::Ask(ask)) => Some(ask),
            Ok(Heard::Seen(_)) | Err(_) => None,
        }
    }
}

/// What a look is for. One look serves all watches of an app.
#[derive(Clone, Debug, Default)]
pub struct Want {
    /// The commits that are watched, by when they were pushed, the newest last.
    pub commits: Vec<Sha>,
    /// The branches they were pushed to, each once, the newest push's last.
    pub branches: Vec<String>,
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

/// Whom a provider's questions go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// An API that is usually here (no slash at the end); the key `base_url` names another.
    Api(&'static str),
    /// What the key `url` names.
    Url,
    /// The program the key `command` names.
    Command,
    /// Nobody: the deployments table leads.
    Nowhere,
}

/// The keys of a target a provider reads.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// It cannot be asked without these.
    pub required: &'static [&'static str],
    /// It can be told these.
    pub optional: &'static [&'static str],
}

/// What is wrong with the value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The key.
    pub key: &'static str,
    /// The rest of a sentence that begins with the key.
    pub why: String,
}

/// What a provider wants to be shown.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A credential: the one the target names, else the first in the provider's own chain.
    Required(Chain),
    /// The one the target names; where it names none, it is asked without.
    Optional,
    /// None; a target can name none.
    None,
}

/// Where a provider's credential is looked for if the target does not say.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Environment variables, in this order.
    pub variables: &'static [&'static str],
    /// The provider's own tool, which may be logged in.
    pub tool: Option<Tool>,
}

/// How a provider's own tool is asked for its credential.
#[derive(Clone, Debug)]
pub enum Tool {
    /// It keeps it in a file.
    File(ToolFile),
    /// It prints it.
    Command {
        /// The tool's name, for messages.
        tool: &'static str,
        /// The program and its arguments.
        words: Vec<String>,
    },
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

impl Address {
    /// The API's usual base URL.
    pub const fn usual(self) -> Option<&'static str> {
        match self {
            Self::Api(url) => Some(url),
            Self::Url | Self::Command | Self::Nowhere => None,
        }
    }
}

impl Chain {
    /// What to do to have a credential: "set NAME or NAME", `place`, ", or log in with TOOL".
    pub fn advice(&self, place: &str) -> String {
        let log_in = self.tool.as_ref().map(|tool| format!(", or log in with {}", tool.name())).unwrap_or_default();
        format!("set {}{place}{log_in}", self.variables.join(" or "))
    }
}

impl Tool {
    /// The tool's name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::File(file) => file.tool,
            Self::Command { tool, .. } => tool,
        }
    }
}

/// What `init` found in a repository.
#[derive(Clone, Debug, Default)]
pub struct RepoFacts {
    /// Paths from the worktree's root and their texts, for the files the adapters asked for (see [`FILES`]).
    pub files: Vec<(String, String)>,
    /// The remotes: name and URL without userinfo.
    pub remotes: Vec<(String, String)>,
}

/// The files `init` reads for [`Provider::recognise`]; of a folder, which ends in a slash, those that are YAML.
pub const FILES: &[&str] = &[".do/app.yaml", ".do/app.yml", ".github/workflows/", "config/deploy.yml"];

/// A target `init` proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The provider.
    pub provider: &'static str,
    /// The target's name.
    pub target: String,
    /// The app's id or name, where the provider has apps.
    pub app: Option<String>,
    /// The workflow whose runs are the deployments.
    pub workflow: Option<String>,
    /// The command to ask.
    pub command: Vec<String>,
    /// The branches that deploy, where the files say so.
    pub branches: Vec<String>,
    /// Where this was found, for the comment beside it.
    pub found_in: String,
    /// How sure that is.
    pub certainty: Certainty,
}

/// How sure a suggestion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The files leave no doubt.
    Sure,
    /// They leave none if they name no other provider: a workflow may deploy to one of those.
    SureIfAlone,
    /// Somebody has to look at it.
    Unsure,
}

/// What the repository's own files say, all providers taken together.
pub fn recognise(facts: &RepoFacts) -> Vec<Suggestion> {
    let mut found: Vec<Suggestion> = ALL.iter().flat_map(|provider| provider.recognise(facts)).collect();
    let is_alone = found.iter().all(|other| other.provider == found[0].provider);
    for suggestion in found.iter_mut().filter(|suggestion| suggestion.certainty == Certainty::SureIfAlone) {
        suggestion.certainty = if is_alone { Certainty::Sure } else { Certainty::Unsure };
    }
    found
}

impl Suggestion {
    /// It can be used as it is.
    pub fn is_sure(&self) -> bool {
        self.certainty == Certainty::Sure
    }

    /// What it follows, in words.
    pub fn shown(&self) -> String {
        match (&self.app, &self.workflow) {
            (Some(app), Some(workflow)) => format!("workflow {workflow} of {app}"),
            (Some(app), None) => format!("app {app}"),
            (None, _) => self.command.join(" "),
        }
    }
}
