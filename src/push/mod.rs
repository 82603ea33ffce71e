//! What did I push? Commits, refs, git's lines on the hook's stdin, reflog lines, and the request that carries a
//! push to the monitor.

mod line;
mod name;
pub mod reflog;
mod request;
mod sha;
mod url;

pub use line::{HookInput, RefUpdate, read_lines};
pub use name::{RefName, RemoteName};
pub use request::{
    Asked, GitProcess, IgnoreNote, PROTO, PushNote, REQUEST_SCHEMA, ReflogPush, Request, RequestId, StopNote, TrackNote,
};
pub use sha::{Sha, ShaError};
pub use url::without_userinfo;
