//! Work that blocks, done beside the loop.

use tokio::task::JoinError;

/// Runs it on a thread of its own. An error where it panicked, or where no thread could be had for it: the runtime
/// panics then, which must end this piece of work and not the monitor.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    tokio::spawn(async { tokio::task::spawn_blocking(work).await }).await?
}
