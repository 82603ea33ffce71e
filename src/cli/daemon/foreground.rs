//! The monitor in this process.

use super::{Args, Failure, Outcome, World};

/// Runs it until it has nothing left to do.
pub fn run(_args: &Args, _world: &World) -> Result<Outcome, Failure> {
    Err(Failure::failed("not_built", "`afterpush daemon` is not built yet"))
}
