//! The store for commands, which have no runtime of their own.

use std::path::Path;

use super::{Store, StoreError};

/// Asks the store something and waits for the answer. `None`: there is no store yet. Nothing can be written.
///
/// Must not be called from within a runtime.
pub fn read<T>(
    path: &Path,
    question: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StoreError::File)?;
    runtime.block_on(async {
        let Some(store) = Store::open_to_read(path).await? else { return Ok(None) };
        let answer = question(&store).await;
        store.close().await;
        answer.map(Some)
    })
}
