//! What every story stands on: a world of its own, the programs run in it, and waiting without guessing.

#![expect(dead_code, reason = "what the first stories will call")]

mod faults;
pub mod hooked;
mod ran;
mod sandbox;

use std::time::{Duration, Instant};

pub use faults::Faults;
pub use ran::Ran;
pub use sandbox::Sandbox;

/// How long [`until`] waits on a busy machine before it gives up; never how long something should take.
const CAP: Duration = Duration::from_mins(1);

/// Looks again and again until `look` finds something, and fails with `what` if it never does.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < CAP, "waited {CAP:?} in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
