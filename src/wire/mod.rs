//! How is a question to the outside written down?
//!
//! Adapters are pure: they make an [`Ask`] and are handed an [`Answer`]. The room `host` does the asking, attaches
//! the credential and enforces the limits. An ask never holds a secret: it only says that one is wanted.

mod encoding;
mod pause;
mod redactor;
mod secret;
mod sql;
mod url;

use crate::base::{Span, Timestamp};

pub use pause::{http_date, pause};
pub use redactor::Redactor;
pub use secret::Secret;
pub use sql::{Dialect, Rows, SqlAsk};
pub use url::{Origin, origin};

/// As much as is read of the end of a log.
pub const LOG_BYTES: usize = 1 << 20;

/// A question to the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// An HTTP GET.
    Http(HttpAsk),
    /// A program that is run and prints the answer.
    Command(CommandAsk),
}

/// An HTTP GET, as an adapter wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAsk {
    /// The whole URL; http only on loopback.
    pub url: String,
    /// How the credential of the target is sent. It is attached only if the URL has the origin it is bound to.
    pub attach: Attach,
    /// Further headers, which are no secrets: what is accepted, the version of an API.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The answer that is known already: if it still holds, the answer is 304 and has no body.
    pub etag: Option<String>,
    /// A redirect to another origin is an answer, which names the place in `location`, and not an error. It is never
    /// followed.
    pub may_lead_away: bool,
    /// At most this many bytes of the (decompressed) body are read; more is an error, or cut where `tail` is set.
    pub max_bytes: usize,
    /// Keep the last `max_bytes` instead of failing.
    pub tail: bool,
}

/// A program that is asked: without a shell, without standard input, with little of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandAsk {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// Variables it is given beside the few that every program needs.
    pub variables: Vec<(String, String)>,
    /// It is ended, with the processes it has started, if it takes longer.
    pub limit: Span,
    /// At most this many bytes of its output are read; more is an error.
    pub max_bytes: usize,
}

/// Where the credential goes in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attach {
    /// Nowhere: signed URLs, public endpoints.
    Nothing,
    /// `Authorization: Bearer`.
    Bearer,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status; of a command its exit code, or 128 and the number of the signal that ended it.
    pub status: u16,
    /// Header names in lower case, with their values where those are text; a command has none.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed and capped; of a command what it printed.
    pub body: Vec<u8>,
    /// The end of what a command said on standard error, its lines inert.
    pub complaint: String,
    /// When it came, by our clock.
    pub at: Timestamp,
    /// How long it took.
    pub latency: Span,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// No connection, or it broke.
    #[error("{host}: {what}")]
    Network {
        /// Whom we asked.
        host: String,
        /// What happened, in words, without the URL.
        what: String,
        /// Where it got lost.
        fault: Fault,
    },
    /// It sends us where we do not go.
    #[error("{host}: {what}")]
    Astray {
        /// Whom we asked.
        host: String,
        /// Where it sends us, in words.
        what: String,
    },
    /// The answer was larger than allowed.
    #[error("{host}: the answer is larger than {limit} bytes")]
    TooLarge {
        /// Whom we asked.
        host: String,
        /// The limit.
        limit: usize,
    },
    /// A program could not be run, or did not end.
    #[error("the command {program} {what}")]
    Command {
        /// Its name.
        program: String,
        /// What happened, in words that follow the name.
        what: String,
    },
    /// The question itself cannot be asked: a wrong URL, plain http off loopback.
    #[error("{0}")]
    Unaskable(String),
    /// The credential that is wanted is missing or cannot be read.
    #[error("{0}")]
    NoCredential(String),
    /// A database does not take the user name and password.
    #[error("{0}")]
    Denied(String),
    /// A database answers with an error of its own.
    #[error("{host}: {what}")]
    Refused {
        /// Whom we asked.
        host: String,
        /// What it says.
        what: String,
    },
}

/// Where a question got lost on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The other side was not reached: no such name, no way, no connection in time.
    Unreached,
    /// It refused the connection.
    Refused,
    /// It took the connection and broke it, or does not speak the protocol.
    Broken,
    /// It took the connection and was silent for too long.
    Slow,
}

impl Ask {
    /// A GET of a JSON document with the credential as bearer token.
    pub fn json(url: impl Into<String>) -> Self {
        let headers = vec![("accept", "application/json")];
        Self::Http(HttpAsk { attach: Attach::Bearer, headers, ..HttpAsk::plain(url, 4 << 20) })
    }

    /// A GET of the end of a log behind a signed URL: no credential, [`LOG_BYTES`] at most.
    pub fn signed_log(url: impl Into<String>) -> Self {
        Self::Http(HttpAsk { tail: true, ..HttpAsk::plain(url, LOG_BYTES) })
    }
}

impl HttpAsk {
    /// A GET of this much, with nothing attached.
    pub fn plain(url: impl Into<String>, max_bytes: usize) -> Self {
        Self {
            url: url.into(),
            attach: Attach::Nothing,
            headers: Vec::new(),
            etag: None,
            may_lead_away: false,
            max_bytes,
            tail: false,
        }
    }
}

impl Answer {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The server's clock when it answered: its `Date` header.
    pub fn server_clock(&self) -> Option<Timestamp> {
        self.header("date").and_then(http_date)
    }
}
