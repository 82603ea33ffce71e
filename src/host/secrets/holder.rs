//! Who held a credential, and what to do there when it is refused.

use std::fmt;
use std::path::PathBuf;

use crate::base::text::visible;

/// Where a credential was found. It shows as words: "the environment variable `NAME`".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// This variable of the push's environment.
    Variable(String),
    /// This variable, as the login shell sets it.
    LoginShell(String),
    /// A command, by its program.
    Command(String),
    /// This file.
    File(PathBuf),
    /// The file of a provider's own tool.
    FileOf(&'static str, PathBuf),
    /// A provider's own tool, which was asked.
    Tool(&'static str),
    /// git's credential helpers, asked for this host.
    Git(String),
    /// The desktop's keyring, asked for this host.
    Keyring(String),
}

impl Holder {
    /// What to do so that another credential is found there.
    pub fn renewal(&self) -> String {
        match self {
            Self::Variable(name) => format!("set {name} to another and push again, or run afterpush status --refresh"),
            Self::LoginShell(name) => format!("set {name} to another where your login shell does"),
            Self::Command(_) => "have it print another".to_owned(),
            Self::File(_) | Self::Keyring(_) => "put another into it".to_owned(),
            Self::FileOf(tool, _) | Self::Tool(tool) => format!("log in with {tool} anew"),
            Self::Git(_) => "have it forget this one (git credential reject) and keep another".to_owned(),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::LoginShell(name) => write!(f, "{name} of the login shell"),
            Self::Command(program) => write!(f, "the command {}", visible(program)),
            Self::File(path) => write!(f, "the file {}", visible(&path.to_string_lossy())),
            Self::FileOf(tool, path) => write!(f, "the file of {tool} ({})", visible(&path.to_string_lossy())),
            Self::Tool(tool) => write!(f, "the log-in of {tool}"),
            Self::Git(host) => write!(f, "git's credential helper for {host}"),
            Self::Keyring(host) => write!(f, "the keyring ({host})"),
        }
    }
}
