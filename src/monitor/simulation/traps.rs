//! What may happen to a monitor at the places it passes on its way: it is killed, or a push comes at that very moment.

use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;

use crate::base::Layout;
use crate::process::Alone;
use crate::push::Request;
use crate::spool;

/// The monitor was killed.
pub(super) struct Killed;

/// What happens at the places a monitor passes on its way.
#[derive(Default)]
pub(super) struct Traps {
    /// It is killed at the place after so many.
    pub(super) killed_after: Cell<Option<u64>>,
    /// A push whose hook runs when the monitor passes this place.
    pub(super) late: RefCell<Option<(&'static str, Layout, Request)>>,
    /// That hook found the lock free.
    pub(super) found_free: Cell<bool>,
}

impl Traps {
    pub(super) fn pass(&self, place: &str) {
        // Hooks have such places, too.
        if !place.starts_with("monitor") {
            return;
        }
        if let Some(left) = self.killed_after.get() {
            self.killed_after.set(left.checked_sub(1));
            if left == 0 {
                resume_unwind(Box::new(Killed));
            }
        }
        let is_here = self.late.borrow().as_ref().is_some_and(|(at, ..)| *at == place);
        let Some((place, layout, request)) = is_here.then(|| self.late.borrow_mut().take()).flatten() else { return };
        spool::drop_request(&layout, &request).expect("room for a request");
        if place == "monitor_after_release" {
            wait_for_release(&layout);
            self.found_free.set(true);
        }
    }
}

/// A program that another run starts at this moment has a copy of every open file until it is there, and with it the
/// lock of a monitor that has just released it.
pub(super) fn wait_for_release(layout: &Layout) {
    while Alone::try_take(layout).expect("a lock").is_none() {
        std::thread::yield_now();
    }
}
