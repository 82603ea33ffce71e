//! The monitor's work in this process, for the machines where no process may outlive its job.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::World;
use super::journal::{log_to, log_unable};
use super::place::Place;
use crate::host::places::Places;
use crate::monitor::{self, MonitorError, Orders};

/// A monitor on a thread of its own. When this value goes, the monitor persists what it knows and leaves.
pub struct Helper {
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), MonitorError>>>,
}

impl Helper {
    /// Starts it.
    pub fn start(world: &World, place: &Place) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let orders = Orders {
            layout: place.layout.clone(),
            program: world.program.clone(),
            environment: world.environment.pairs(),
            places: Places::of_user(),
            take_over: false,
            end: Arc::clone(&end),
        };
        log_to(&place.layout.monitor_log());
        let work = move || {
            let ended = monitor::run(&orders);
            ended.map(drop).inspect_err(log_unable)
        };
        Self { end, thread: Some(std::thread::spawn(work)) }
    }

    /// It has left.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Why it could not work, told once.
    pub fn unable(&mut self) -> Option<MonitorError> {
        let thread = self.thread.take_if(|thread| thread.is_finished())?;
        // A panic there was told by the panic hook.
        thread.join().ok()?.err()
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
