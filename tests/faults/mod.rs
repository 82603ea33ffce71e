//! The faults of [the table](../README.md): what may go wrong around the programs, and what must come of it.
//!
//! A test that needs root, another tool, a namespace or minutes says so in its `ignore`; `tests/run.sh --all` runs it.

mod around;
mod calls;
mod clocks;
mod crowd;
mod files;
mod git;
mod hostile;
mod limits;
mod network;
mod process;
mod providers;
mod rooms;
mod table;
