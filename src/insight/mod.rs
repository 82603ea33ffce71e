//! What does the history teach? How long deployments of a target usually take, whether this one is slow, and when to
//! look again.
//!
//! A look costs a request; a late look costs the people who wait. [`Habits::gap`] weighs the two: it looks seldom while
//! the end is unlikely and often while it is near. Everything here is a pure function of the past and of the time.

mod estimate;
mod habits;
mod inspect;
mod past;
mod spread;
mod unlearned;

#[cfg(test)]
mod tests;

pub use estimate::Estimate;
pub use habits::Habits;
pub use past::{Past, Stage};
