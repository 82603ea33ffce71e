//! Ctrl-C while the demo runs: what was begun is cleaned up first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Failure, cannot};

/// Whether the user wants out. While one lives, Ctrl-C no longer ends the process.
#[derive(Debug)]
pub struct Interrupt {
    wanted: Arc<AtomicBool>,
}

impl Interrupt {
    /// Catches it from now on.
    pub fn catch() -> Result<Self, Failure> {
        let wanted = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&wanted);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| cannot("catch Ctrl-C", error))?;
        // It waits until the process ends.
        std::thread::spawn(move || {
            runtime.block_on(async {
                if tokio::signal::ctrl_c().await.is_ok() {
                    noted.store(true, Ordering::Relaxed);
                }
            });
        });
        Ok(Self { wanted })
    }

    /// The user wants out.
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// An error if the user wants out.
    pub fn check(&self) -> Result<(), Failure> {
        if self.is_wanted() { Err(Failure::failed("interrupted", "interrupted")) } else { Ok(()) }
    }

    /// Waits until the user wants out.
    pub fn wait(&self) {
        while !self.is_wanted() {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
