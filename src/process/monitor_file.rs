//! `monitor.json`, what a running monitor tells about itself, and what is to be thought of it.

use std::collections::BTreeSet;
use std::time::UNIX_EPOCH;

use nix::fcntl::AT_FDCWD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::environment::{is_set, mark};
use super::identity::{Aliveness, Identity};
use super::own_file::{Demand, read_file};
use crate::base::{Layout, Span, Timestamp};

/// How often a living monitor touches the file `alive`.
pub const ALIVE_EVERY: Span = Span::from_secs(5);
/// How old that file may be before the monitor counts as not responding.
pub const ALIVE_FOR: Span = Span::from_secs(15);

const LONGEST: u64 = 64 * 1024;

/// The content of `monitor.json`. Information only: no decision is taken from "the pid exists".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorFile {
    /// Who it is.
    #[serde(flatten)]
    pub identity: Identity,
    /// The highest [`crate::push::PROTO`] it understands.
    pub proto: u32,
    /// The credentials it has.
    #[serde(flatten)]
    pub holdings: Holdings,
    /// Variables with a credential that a monitor before it held and it does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
}

/// The part of `monitor.json` that tells which credentials the monitor holds. Read by itself, because it is all a
/// hook needs of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Holdings {
    /// The variables it would take a credential from.
    wanted: Vec<String>,
    /// Those of them it has.
    held: Vec<String>,
    /// Those of them its targets use.
    used: Vec<String>,
    /// The [`mark`] of these.
    mark: String,
}

/// What can be said of a repository's monitor without disturbing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It runs and its heart beats.
    Responding(MonitorFile),
    /// It runs, but has not touched `alive` for [`ALIVE_FOR`]. Right after the machine slept that is no wonder.
    Wedged(MonitorFile),
    /// None runs.
    Absent,
}

impl MonitorFile {
    /// Reads it; `None` if there is none, it is not the user's own, or it is not readable as one.
    pub fn read(layout: &Layout) -> Option<Self> {
        read(layout)
    }

    /// The variables that were given to this monitor, or to one before it, and are not in the environment of the next.
    pub fn lost_to(self, environment: &[(String, String)]) -> Vec<String> {
        let held: BTreeSet<String> = self.holdings.held.into_iter().chain(self.lost).collect();
        held.into_iter().filter(|name| !is_set(environment, name)).collect()
    }
}

impl Holdings {
    /// What a monitor with this environment has of the variables it would take a credential from, and of those its
    /// targets use.
    pub fn of(wanted: Vec<String>, is_used: impl Fn(&str) -> bool, environment: &[(String, String)]) -> Self {
        let held: Vec<_> = wanted.iter().filter(|name| is_set(environment, name)).cloned().collect();
        let used: Vec<_> = held.iter().filter(|name| is_used(name)).cloned().collect();
        let mark = mark(&used, environment);
        Self { wanted, held, used, mark }
    }

    /// Reads them; `None` as for [`MonitorFile::read`].
    pub fn read(layout: &Layout) -> Option<Self> {
        read(layout)
    }

    /// The monitor has a value of this variable.
    pub fn has(&self, name: &str) -> bool {
        self.held.iter().any(|held| held == name)
    }

    /// There is a credential in `environment` of which the monitor has none or another value. Where one that is used
    /// is missing there, it is left as it is: a monitor from there would have to do without.
    pub fn lack(&self, environment: &[(String, String)]) -> bool {
        let is_new = |name: &String| is_set(environment, name) && !self.has(name);
        let is_whole = self.used.iter().all(|name| is_set(environment, name));
        self.wanted.iter().any(is_new) || (is_whole && mark(&self.used, environment) != self.mark)
    }
}

fn read<T: DeserializeOwned>(layout: &Layout) -> Option<T> {
    serde_json::from_slice(&read_file(AT_FDCWD, &layout.monitor(), Demand::Ours, LONGEST).ok()?).ok()
}

/// Who watches this repository. Never takes the lock, so it cannot keep a monitor from starting.
pub fn presence(layout: &Layout, now: Timestamp) -> Presence {
    let Some(file) = MonitorFile::read(layout) else { return Presence::Absent };
    let is_fresh = last_alive(layout).is_some_and(|at| now.since(at) <= ALIVE_FOR);
    match (file.identity.is_running(), is_fresh) {
        (Aliveness::Dead, _) | (Aliveness::Unknown, false) => Presence::Absent,
        (_, true) => Presence::Responding(file),
        (Aliveness::Alive, false) => Presence::Wedged(file),
    }
}

fn last_alive(layout: &Layout) -> Option<Timestamp> {
    let touched = std::fs::symlink_metadata(layout.alive()).ok()?.modified().ok()?;
    Some(Timestamp::from_micros(0) + Span::from_std(touched.duration_since(UNIX_EPOCH).ok()?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    struct World {
        dir: tempfile::TempDir,
        layout: Layout,
    }

    fn world() -> World {
        let dir = tempfile::tempdir().expect("a folder");
        let layout = Layout::new(dir.path(), 1);
        std::fs::create_dir_all(layout.private()).expect("a folder");
        World { dir, layout }
    }

    impl World {
        fn write(&self, change: impl FnOnce(&mut Identity)) {
            let mut identity = Identity::own(&self.layout, Timestamp::default());
            change(&mut identity);
            let file = MonitorFile { identity, proto: 1, holdings: Holdings::default(), lost: Vec::new() };
            let text = serde_json::to_vec(&file).expect("serializable");
            std::fs::write(self.layout.monitor(), text).expect("written");
            std::fs::set_permissions(self.layout.monitor(), std::fs::Permissions::from_mode(0o600)).expect("own");
            std::fs::write(self.layout.alive(), "").expect("written");
        }

        fn now(&self) -> Timestamp {
            last_alive(&self.layout).expect("touched")
        }
    }

    #[test]
    fn a_monitor_responds_wedges_or_is_absent() {
        let world = world();
        assert_eq!(presence(&world.layout, Timestamp::default()), Presence::Absent);
        world.write(|_| {});
        let now = world.now();
        assert!(matches!(presence(&world.layout, now + ALIVE_FOR), Presence::Responding(_)));
        assert!(matches!(presence(&world.layout, now + Span::from_secs(16)), Presence::Wedged(_)));
        world.write(|identity| identity.boot_id = Some("another".to_owned()));
        assert_eq!(presence(&world.layout, world.now()), Presence::Absent);
    }

    #[test]
    fn what_one_of_several_monitors_held_is_lost_until_it_is_given_again() {
        let world = world();
        world.write(|_| {});
        let pair = |name: &str| (name.to_owned(), "x".to_owned());
        let mut file = MonitorFile::read(&world.layout).expect("written");
        let names = ["A", "B", "C"].map(str::to_owned);
        file.holdings = Holdings::of(names.into(), |_| true, &[pair("A"), pair("B")]);
        file.lost = vec!["C".to_owned()];
        assert_eq!(file.clone().lost_to(&[]), ["A", "B", "C"]);
        assert_eq!(file.lost_to(&[pair("A"), pair("C")]), ["B"]);
    }

    #[test]
    fn a_monitor_lacks_what_is_new_or_changed_and_nothing_for_a_shell_that_has_less() {
        let names = ["TOKEN", "DB_PASS", "UNUSED"].map(str::to_owned).to_vec();
        let with = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let all = with(&[("TOKEN", "a"), ("DB_PASS", "b"), ("UNUSED", "c")]);
        let held = Holdings::of(names.clone(), |name| name != "UNUSED", &all);
        for (environment, is_lacking) in [
            (&[("TOKEN", "a"), ("DB_PASS", "b"), ("UNUSED", "c")][..], false),
            (&[("TOKEN", "a"), ("DB_PASS", "b")], false),
            (&[("TOKEN", "z"), ("DB_PASS", "b")], true),
            (&[("TOKEN", "a"), ("DB_PASS", "z"), ("UNUSED", "c")], true),
            (&[("TOKEN", "z")], false),
            (&[], false),
        ] {
            assert_eq!(held.lack(&with(environment)), is_lacking, "{environment:?}");
        }
        let less = Holdings::of(names, |_| true, &with(&[("TOKEN", "a")]));
        assert!(less.lack(&all) && !less.lack(&with(&[("TOKEN", "a")])));
    }

    #[test]
    fn where_a_process_cannot_be_seen_its_heart_decides() {
        let world = world();
        world.write(|identity| identity.pid_namespace = Some(1));
        assert!(matches!(presence(&world.layout, world.now()), Presence::Responding(_)));
        assert_eq!(presence(&world.layout, world.now() + Span::from_secs(16)), Presence::Absent);
    }

    #[test]
    fn a_file_others_may_write_or_a_symlink_is_not_believed() {
        let world = world();
        world.write(|_| {});
        std::fs::set_permissions(world.layout.monitor(), std::fs::Permissions::from_mode(0o666)).expect("own");
        assert_eq!(MonitorFile::read(&world.layout), None);
        std::fs::set_permissions(world.layout.monitor(), std::fs::Permissions::from_mode(0o600)).expect("own");
        assert!(MonitorFile::read(&world.layout).is_some());
        let moved = world.dir.path().join("moved");
        std::fs::rename(world.layout.monitor(), &moved).expect("moved");
        std::os::unix::fs::symlink(&moved, world.layout.monitor()).expect("a symlink");
        assert_eq!(MonitorFile::read(&world.layout), None);
    }
}
