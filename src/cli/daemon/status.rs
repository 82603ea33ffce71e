//! Whether a monitor runs and responds. Never starts one, never takes its lock.

use super::{Failure, Outcome, World};

/// Runs the command.
pub fn run(_world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush daemon status` is not built yet"))
}
