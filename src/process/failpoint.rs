//! Named places where a test can delay or end the program, to open race windows that stress alone does not find.

use std::time::Duration;

#[cfg(debug_assertions)]
use crate::base::Span;

/// Does what `AFTERPUSH_FAILPOINTS` says for the place `name`; in a release build nothing at all.
///
/// The variable holds `name=action` pairs joined by commas. Actions: `sleep:5ms`, `kill` (as kill -9 would),
/// `panic`, and `wait:/path`, which makes the file `/path.reached` and goes on when `/path` exists.
#[inline]
pub fn failpoint(name: &str) {
    #[cfg(debug_assertions)]
    armed::reach(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

/// A limit of time, which a test on a busy machine lengthens with `name=60s`; in a release build always `usual`.
#[inline]
pub fn limit(name: &str, usual: Duration) -> Duration {
    #[cfg(debug_assertions)]
    return armed::actions(name).find_map(|span| span.parse::<Span>().ok()).map_or(usual, Span::to_std);
    #[cfg(not(debug_assertions))]
    {
        let _ = name;
        usual
    }
}

/// Whether a test has named this place, whatever its action; in a release build never.
#[inline]
pub fn is_armed(name: &str) -> bool {
    #[cfg(debug_assertions)]
    return armed::actions(name).next().is_some();
    #[cfg(not(debug_assertions))]
    {
        let _ = name;
        false
    }
}

/// In a simulation somebody in this process decides what happens at these places.
#[cfg(test)]
pub(crate) mod watched {
    use std::cell::RefCell;

    type Watcher = Box<dyn FnMut(&str)>;

    thread_local!(static WATCHER: RefCell<Option<Watcher>> = const { RefCell::new(None) });

    /// Calls this at every place the thread reaches, until it is set anew.
    pub(crate) fn watch(watcher: Option<Watcher>) {
        WATCHER.set(watcher);
    }

    pub(super) fn reach(name: &str) {
        // Not at the places that the watcher itself reaches.
        if let Some(mut watcher) = WATCHER.take() {
            watcher(name);
            WATCHER.set(Some(watcher));
        }
    }
}

#[cfg(debug_assertions)]
mod armed {
    use std::path::Path;

    use nix::sys::signal::{Signal, raise};

    use super::{Duration, Span};

    pub(super) fn reach(name: &str) {
        #[cfg(test)]
        super::watched::reach(name);
        for action in actions(name) {
            perform(name, &action);
        }
    }

    pub(super) fn actions(name: &str) -> impl Iterator<Item = String> {
        let all = std::env::var("AFTERPUSH_FAILPOINTS").unwrap_or_default();
        let pairs = all.split(',').filter_map(|pair| pair.split_once('='));
        let ours = pairs.filter(|(place, _)| *place == name).map(|(_, action)| action.to_owned());
        ours.collect::<Vec<_>>().into_iter()
    }

    fn perform(name: &str, action: &str) {
        match action.split_once(':').unwrap_or((action, "")) {
            ("sleep", span) => std::thread::sleep(span.parse::<Span>().map_or(Duration::ZERO, Span::to_std)),
            ("kill", _) => drop(raise(Signal::SIGKILL)),
            ("wait", path) => wait_for(Path::new(path)),
            _ => panic!("failpoint {name}"),
        }
    }

    fn wait_for(path: &Path) {
        // Nothing waits for this longer than the longest story takes.
        const LOOKS: u32 = 60_000;
        let reached = std::fs::write(path.with_added_extension("reached"), "");
        for _ in 0..if reached.is_ok() { LOOKS } else { 0 } {
            if path.exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
