//! Where the monitor's own log goes, whichever process it works in.

use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use crate::host::journal::Journal;

/// One line an event from now on.
pub fn log_to(path: &Path) {
    let filter = EnvFilter::try_from_env("AFTERPUSH_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_target(false);
    // Where a log is set already (a test, an earlier monitor of this process), it stays.
    let _ = log.with_writer(Mutex::new(Journal::new(path))).try_init();
}
