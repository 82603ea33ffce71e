//! Stopping the monitor: by request, then by pidfd.

use super::{Failure, Outcome, World};

/// Runs the command.
pub fn run(_world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush daemon stop` is not built yet"))
}
