//! Words every room shares: time, spans of time, where files lie, and text made safe to show.
//!
//! Nothing here touches the machine; even the time of day is an argument.

pub mod layout;
pub mod path;
pub mod text;
mod time;
pub mod tokens;
pub mod variables;

pub use layout::Layout;
pub use time::{Boot, Clock, Span, SpanError, Timestamp};
