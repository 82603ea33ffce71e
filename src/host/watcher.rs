//! Being told when a folder changes, without polling; where the system cannot tell, a slow poll takes its place.

use std::path::Path;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

use crate::base::Span;

/// Where the system cannot tell (no inotify watches left, a file system that sends nothing), look this often.
const POLL: Span = Span::from_millis(500);

/// Tells of changes in one folder.
pub struct Watcher {
    changes: mpsc::Receiver<()>,
    /// Kept for as long as changes are wanted; `None`: polled.
    source: Option<RecommendedWatcher>,
}

impl Watcher {
    /// Watches the folder itself, not what is below its folders.
    pub fn on(folder: &Path) -> Self {
        // One waiting notice is as good as many.
        let (sender, changes) = mpsc::channel(1);
        let tell = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                let _ = sender.try_send(());
            }
        };
        let source = notify::recommended_watcher(tell).and_then(|mut source| {
            source.watch(folder, RecursiveMode::NonRecursive)?;
            Ok(source)
        });
        if let Err(why) = &source {
            tracing::warn!(%why, "cannot be told of changes; looking every {POLL} instead");
        }
        Self { changes, source: source.ok() }
    }

    /// Changes are told of, not looked for.
    pub const fn is_told(&self) -> bool {
        self.source.is_some()
    }

    /// Returns when something may have changed.
    pub async fn changed(&mut self) {
        if self.is_told() {
            if self.changes.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
        } else {
            tokio::time::sleep(POLL.to_std()).await;
        }
    }
}
