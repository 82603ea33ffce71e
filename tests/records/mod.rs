//! The team's deployments table, in real databases.

mod bed;
mod story;
