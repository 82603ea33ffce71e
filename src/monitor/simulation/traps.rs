//! What may happen to a monitor at the places it passes on its way: it is killed, or a push comes at that very moment.

use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};

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
    /// Something was written since somebody looked.
    pub(super) is_written: Cell<bool>,
    /// The store, for a monitor that tells readers before it stores.
    told_first: Option<PathBuf>,
    /// Its files as they were before they were last written.
    before: RefCell<Option<Files>>,
    /// Where the monitor was killed.
    killed_at: RefCell<Option<String>>,
}

/// Files by their names; without content: none was there.
type Files = Vec<(String, Option<Vec<u8>>)>;

impl Traps {
    pub(super) fn pass(&self, place: &str) {
        // Hooks have such places, too.
        if !place.starts_with("monitor") {
            return;
        }
        if ["monitor.stored", "monitor.document_written"].contains(&place) {
            self.is_written.set(true);
        }
        if let Some(store) = self.told_first.as_ref().filter(|_| place == "monitor.before_store") {
            *self.before.borrow_mut() = Some(copy(store));
        }
        if let Some(left) = self.killed_after.get() {
            self.killed_after.set(left.checked_sub(1));
            if left == 0 {
                *self.killed_at.borrow_mut() = Some(place.to_owned());
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

impl Traps {
    /// Those of a monitor that tells readers what it has not stored here.
    pub(super) fn of_one_that_tells_first(store: PathBuf) -> Self {
        Self { told_first: Some(store), ..Self::default() }
    }

    /// What the store was before readers were told what it is not to know, and where.
    pub(super) fn take_copy(&self) -> Option<(Files, PathBuf)> {
        let place = self.killed_at.borrow_mut().take();
        let before = self.before.borrow_mut().take();
        Some((before.filter(|_| place.as_deref() == Some("monitor.document_written"))?, self.told_first.clone()?))
    }
}

fn copy(store: &Path) -> Files {
    let name = store.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let all = ["", "-wal", "-shm"].map(|end| format!("{name}{end}"));
    let read = |name: String| (name.clone(), std::fs::read(store.with_file_name(name)).ok());
    let keep = |(name, bytes): (String, Option<Vec<u8>>)| {
        let is_shared = name.ends_with("-shm");
        (name, bytes.filter(|_| !is_shared))
    };
    all.into_iter().map(read).map(keep).collect()
}

/// A program that another run starts at this moment has a copy of every open file until it is there, and with it the
/// lock of a monitor that has just released it.
pub(super) fn wait_for_release(layout: &Layout) {
    while Alone::try_take(layout).expect("a lock").is_none() {
        std::thread::yield_now();
    }
}
