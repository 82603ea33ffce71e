//! Waiting for time to pass, with one wake-up.
//!
//! The runtime's own timers pass from one wheel to the next on their way and wake the process each time: for a pause of
//! five seconds three times. Where the system cannot wake us, they have to do.

use crate::base::Span;

/// Wakes whoever waits for it.
pub struct Alarm {
    #[cfg(target_os = "linux")]
    bell: Option<bell::Bell>,
}

impl Alarm {
    /// An alarm that is not set. Must be called from within a runtime.
    #[expect(clippy::new_without_default, reason = "it takes a descriptor")]
    pub fn new() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            bell: bell::Bell::new().ok(),
        }
    }

    /// Returns when this much time has passed, the machine's sleep included where the system counts it.
    pub async fn after(&self, span: Span) {
        #[cfg(target_os = "linux")]
        if let Some(bell) = &self.bell
            && bell.after(span).await.is_ok()
        {
            return;
        }
        tokio::time::sleep(span.to_std()).await;
    }
}

#[cfg(target_os = "linux")]
mod bell {
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};

    use nix::errno::Errno;
    use nix::sys::time::TimeSpec;
    use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    use crate::base::Span;

    /// A pause of nothing would never end.
    const SHORTEST: Span = Span::from_millis(1);

    /// The kernel's timer, and its descriptor as the runtime knows it.
    pub(super) struct Bell {
        timer: TimerFd,
        ready: AsyncFd<OwnedFd>,
    }

    impl Bell {
        #[expect(
            deprecated,
            reason = "its successor is unsafe for descriptors that may be closed elsewhere; this one is owned"
        )]
        pub(super) fn new() -> io::Result<Self> {
            let timer = TimerFd::new(ClockId::CLOCK_BOOTTIME, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
            let ready = AsyncFd::with_interest(timer.as_fd().try_clone_to_owned()?, Interest::READABLE)?;
            Ok(Self { timer, ready })
        }

        pub(super) async fn after(&self, span: Span) -> io::Result<()> {
            let time = TimeSpec::from_duration(span.max(SHORTEST).to_std());
            self.timer.set(Expiration::OneShot(time), TimerSetTimeFlags::empty())?;
            loop {
                let mut ready = self.ready.readable().await?;
                match self.timer.wait() {
                    // It rang for a pause before this one.
                    Err(Errno::EAGAIN) => ready.clear_ready(),
                    rung => return Ok(rung?),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Clock;
    use crate::host::clock::Machine;

    #[tokio::test]
    async fn it_rings_after_the_time_each_time_it_is_set() {
        let alarm = Alarm::new();
        for span in [Span::from_millis(20), Span::ZERO, Span::from_millis(5)] {
            let start = Machine.since_boot();
            // One that nobody waited for to the end leaves nothing behind.
            let given_up = tokio::time::timeout(Span::from_millis(2).to_std(), alarm.after(Span::from_millis(1)));
            let _ = given_up.await;
            alarm.after(span).await;
            assert!(Machine.since_boot() - start >= span);
        }
    }
}
