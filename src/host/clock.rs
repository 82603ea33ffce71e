//! The machine's clocks behind [`base::Clock`](crate::base::Clock).

use nix::time::{ClockId, clock_gettime};

use crate::base::{Boot, Clock, Span, Timestamp};
use crate::process;

/// The real clocks of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Machine;

/// Counts on while the machine sleeps. Elsewhere the monotonic clock is the nearest there is.
#[cfg(target_os = "linux")]
const SINCE_BOOT: ClockId = ClockId::CLOCK_BOOTTIME;
#[cfg(not(target_os = "linux"))]
const SINCE_BOOT: ClockId = ClockId::CLOCK_MONOTONIC;

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(micros(ClockId::CLOCK_REALTIME))
    }

    fn since_boot(&self) -> Span {
        Span::from_micros(micros(SINCE_BOOT))
    }
}

/// The machine's start, by its clock of this moment.
pub fn boot(clock: &(impl Clock + ?Sized)) -> Boot {
    let (now, uptime) = (clock.now(), clock.since_boot());
    Boot { id: process::boot_id().unwrap_or_default(), at: now - uptime }
}

fn micros(clock: ClockId) -> i64 {
    // The clocks asked for exist on every kernel this program runs on; zero stands for "unknown" all the same.
    clock_gettime(clock).map_or(0, |time| time.tv_sec().saturating_mul(1_000_000) + time.tv_nsec() / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_tell_a_time_that_does_not_go_back() {
        let (first, booted) = (Machine.now(), Machine.since_boot());
        assert!(first > Timestamp::from_secs(1_600_000_000));
        assert!(booted > Span::ZERO && Machine.since_boot() >= booted);
    }
}
