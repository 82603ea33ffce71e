//! The running service's endpoints: which there are, and what one of them answered.

use serde::{Deserialize, Serialize};

use crate::base::{Span, Timestamp};

/// How a target's service is checked once its deployment is done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Health {
    /// Answers well while the process is up.
    pub live: Option<Endpoint>,
    /// Answers well when it can serve.
    pub ready: Option<Endpoint>,
    /// Tells which commit it runs.
    pub version: Option<Version>,
    /// After this long without agreement: `unhealthy`.
    pub within: Span,
    /// So long it is looked after once it is live.
    pub soak: Span,
}

/// An endpoint that answers well or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// The whole URL.
    pub url: String,
    /// A web page is a good answer; otherwise it may be a log-in page or a proxy's.
    pub html: bool,
}

/// Where a service tells which commit it runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// The whole URL.
    pub url: String,
    /// Where in the answer.
    pub part: VersionPart,
}

/// The part of an answer that is the commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionPart {
    /// The whole body.
    Body,
    /// What this JSON pointer (RFC 6901) leads to.
    Pointer(String),
    /// This response header, in lower case.
    Header(String),
}

/// Which endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// [`Health::live`].
    Live,
    /// [`Health::ready`].
    Ready,
    /// [`Health::version`].
    Version,
}

/// What one endpoint answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which endpoint.
    pub check: Check,
    /// What came of it.
    pub outcome: Outcome,
    /// When.
    pub observed_at: Timestamp,
    /// How long it took, with all tries.
    pub latency: Span,
}

/// What came of asking an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It answered well.
    Good,
    /// It runs the commit with these hexadecimal digits, the whole id or its beginning.
    Serves(String),
    /// It answered, and not as it should: what is wrong, in a fragment.
    Bad(String),
    /// It did not answer.
    Silent {
        /// Why, in a fragment.
        why: String,
        /// The service itself is to blame: it refused, broke or kept the connection. Otherwise it may as well be the
        /// way to it.
        is_its_own: bool,
    },
}

impl Health {
    /// There is something to ask.
    pub const fn has_endpoints(&self) -> bool {
        self.live.is_some() || self.ready.is_some() || self.version.is_some()
    }
}

impl Check {
    /// Its key in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Ready => "ready",
            Self::Version => "version",
        }
    }
}
