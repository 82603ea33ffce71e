//! The room that touches the rest of the machine.

pub mod exchange;
pub mod http;
pub mod places;
pub mod secrets;
pub mod settings;
