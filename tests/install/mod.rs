//! `afterpush install` and `afterpush uninstall`, with real git.

mod chain;
mod clone;
mod configured;
mod ignored;
mod inspected;
mod managers;
mod paths;
mod together;
mod worktrees;
