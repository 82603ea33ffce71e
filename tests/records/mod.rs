//! The team's deployments table, in real databases.

pub mod bed;
mod life;
mod refusals;
mod rogue;
mod secrets;
mod story;
mod tls;
