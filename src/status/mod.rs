//! What do readers see? The status document, its timeline, the events of `watch --jsonl`, the mirror in the
//! worktree, and what of all that may be thrown away.
//!
//! Only documents and decisions are made here; who calls does the reading and writing. A writer makes a document
//! from a watch with [`document()`]; a reader parses it with [`Document::parse`] and brings it up to its own moment
//! with [`Document::seen`]. What cannot be parsed is unknown, never success.

mod document;
mod draw;
mod event;
pub mod garbage;
mod latest;
pub mod mirror;
mod next;
mod silence;
#[cfg(test)]
mod tests;
mod timeline;
mod unwatched;
mod word;

pub use document::{
    Commit, Document, Eta, Failure, Monitor, Next, Observation, Push, STATUS_SCHEMA, Served, Target, Timeline,
    Unreadable,
};
pub use draw::{Surroundings, document};
pub use event::{ERROR_SCHEMA, EVENT_SCHEMA, ErrorDocument, EventDocument, events_between, heartbeat};
pub use latest::{may_write, takes_latest};
pub use timeline::timeline_line;
pub use unwatched::{Unwatched, damaged, inside, requested, unwatched};
pub use word::Word;
