//! Ctrl-C while the demo runs, or any other wish that it ends: what was begun is cleaned up first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, cannot};

/// What ends the demo; the exit code is 128 and the signal's number.
const SIGNALS: [(SignalKind, u8); 3] =
    [(SignalKind::interrupt(), 130), (SignalKind::terminate(), 143), (SignalKind::hangup(), 129)];

/// Whether the user wants out. While one lives, these signals no longer end the process.
#[derive(Debug)]
pub struct Interrupt {
    /// The exit code; 0 while nobody wants out.
    code: Arc<AtomicU8>,
}

impl Interrupt {
    /// Catches it from now on.
    pub fn catch() -> Result<Self, Failure> {
        let code = Arc::new(AtomicU8::new(0));
        for (kind, its_code) in SIGNALS {
            watch(kind, its_code, Arc::clone(&code)).map_err(|error| cannot("listen for Ctrl-C", error))?;
        }
        Ok(Self { code })
    }

    /// The exit code, if the user wants out.
    pub fn code(&self) -> Option<u8> {
        Some(self.code.load(Ordering::Relaxed)).filter(|code| *code != 0)
    }

    /// An error if the user wants out.
    pub fn check(&self) -> Result<(), Failure> {
        if self.code().is_some() { Err(Failure::failed("interrupted", "interrupted")) } else { Ok(()) }
    }

    /// Waits until the user wants out.
    pub fn wait(&self) {
        while self.code().is_none() {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The signal is caught when this returns; the thread waits for it until the process ends.
fn watch(kind: SignalKind, its_code: u8, code: Arc<AtomicU8>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut asked = {
        let _inside = runtime.enter();
        signal(kind)?
    };
    std::thread::Builder::new().spawn(move || {
        if runtime.block_on(asked.recv()).is_some() {
            code.store(its_code, Ordering::Relaxed);
        }
    })?;
    Ok(())
}
