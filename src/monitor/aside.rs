//! Work that blocks, done beside the loop.

use std::thread;

use tokio::sync::oneshot;

/// Nothing came of it: it panicked, or no thread could be had for it. The log says which.
#[derive(Debug)]
pub struct Lost;

/// Runs it on a thread of its own, and not on one of the runtime's: where none can be had, the runtime panics.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Lost> {
    let (told, done) = oneshot::channel();
    let started = thread::Builder::new().name("aside".to_owned()).spawn(move || {
        // Whoever asked may be gone.
        let _ = told.send(work());
    });
    started.map_err(|why| {
        tracing::warn!(%why, "no thread can be started");
        Lost
    })?;
    done.await.map_err(|_| Lost)
}
