//! The room that touches the rest of the machine.

pub mod alarm;
mod causes;
pub mod clock;
pub mod command;
pub mod exchange;
pub mod files;
pub mod git;
pub mod hooking;
pub mod http;
pub mod journal;
pub mod machine;
pub mod places;
pub mod secrets;
pub mod settings;
pub mod sharing;
pub mod sql;
pub mod trust;
pub mod watcher;
