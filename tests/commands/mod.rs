//! The commands, as a shell or an agent calls them.

mod answers;
mod following;
mod trust;
mod without_repository;
