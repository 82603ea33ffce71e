//! What was asked? The inbox: requests are dropped, found in order, taken over, and set aside when broken.
//!
//! A request is one file, written under `tmp/` and renamed into `new/`, which is the moment it counts. It stays
//! there until what it asks for is durable elsewhere, so a crash of any side loses nothing.

mod folder;
mod inbox;

pub use folder::prepare;
pub use inbox::{Found, MAX_ATTEMPTS, begin, done, drop_request, forgive, leftovers, scan, set_aside, sync};
