//! The rooms of the house: who looks at whom, and which of them touch nothing.

mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use source::{Source, sources};

/// A room below `src`, the rooms it may look at, and whether it is a place of pure thought.
struct Room {
    name: &'static str,
    looks_at: &'static [&'static str],
    is_pure: bool,
}

/// Every room. One looks only at rooms above it, so there can be no cycle.
const ROOMS: &[Room] = &[
    pure("base", &[]),
    pure("wire", &["base"]),
    pure("push", &["base"]),
    pure("insight", &["base"]),
    pure("watch", &["base", "insight", "push"]),
    pure("provider", &["base", "wire", "push", "watch"]),
    pure("records", &["base", "wire", "push", "watch"]),
    pure("health", &["base", "watch", "wire"]),
    pure("config", &["base", "wire", "watch", "provider"]),
    pure("status", &["base", "push", "watch"]),
    busy("process", &["base"]),
    busy("spool", &["base", "push", "process"]),
    busy("store", &["base", "insight", "process", "push", "watch"]),
    busy("host", &["base", "wire", "process", "push", "watch", "provider", "records", "config"]),
    busy("standin", &["base"]),
    busy("monitor", MONITOR),
    busy("cli", CLI),
];
const MONITOR: &[&str] = &[
    "base", "insight", "wire", "push", "watch", "provider", "records", "health", "config", "status", "process",
    "spool", "store", "host",
];
const CLI: &[&str] = &[
    "base", "push", "watch", "provider", "records", "health", "config", "status", "process", "spool", "store", "host",
    "standin", "monitor",
];

/// What the hook's program is made of; anything else would slow every push down.
const HOOK: Room = busy("bin/afterpush-hook", &["base", "push", "spool", "process"]);
/// The command's program is nothing but a call.
const COMMAND: Room = busy("bin/afterpush", &["cli", "process"]);

/// Names that touch the machine or the time; no pure room says them.
const EFFECTS: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "axum",
    "directories",
    "git2",
    "libc",
    "nix",
    "reqwest",
    "sqlx",
    "tokio",
    "uuid::Uuid::now_v7",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
];

/// Plain values that live among [`EFFECTS`].
const VALUES: &[&str] =
    &["reqwest::Url", "std::net::IpAddr", "std::net::Ipv4Addr", "std::net::Ipv6Addr", "std::os::unix::ffi"];

const fn pure(name: &'static str, looks_at: &'static [&'static str]) -> Room {
    Room { name, looks_at, is_pure: true }
}

const fn busy(name: &'static str, looks_at: &'static [&'static str]) -> Room {
    Room { name, looks_at, is_pure: false }
}

impl Room {
    fn of(name: &str) -> Option<&'static Room> {
        ROOMS.iter().chain([&HOOK, &COMMAND]).find(|room| room.name == name)
    }

    /// What in `source`, a file of this room, breaks the rules.
    fn faults(&self, source: &Source) -> Vec<String> {
        let strange = source.rooms().into_iter().filter(|room| *room != self.name && !self.looks_at.contains(room));
        let mut faults: Vec<_> = strange.map(|room| format!("{} may not look at {room}", self.name)).collect();
        if self.is_pure {
            let is_in = |path: &str, list: &[&str]| list.iter().any(|whole| is_within(path, whole));
            let touched = source.mentions.iter().filter(|path| is_in(path, EFFECTS) && !is_in(path, VALUES));
            faults.extend(touched.map(|path| format!("{} is pure and may not use {path}", self.name)));
            faults.extend(source.waits.then(|| format!("{} is pure and may not wait", self.name)));
        }
        faults
    }
}

/// Whether `path` is `whole` or lies in it.
fn is_within(path: &str, whole: &str) -> bool {
    path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn src() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
}

#[test]
fn every_room_looks_only_where_it_may() {
    let mut faults = Vec::new();
    for source in sources(src()).into_iter().filter(|source| source.path != "lib.rs") {
        match Room::of(&source.room) {
            Some(room) => {
                faults.extend(room.faults(&source).into_iter().map(|what| format!("{}: {what}", source.path)));
            }
            None => faults.push(format!("{}: the room {} is not on the table", source.path, source.room)),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_look_is_allowed_that_nobody_takes() {
    let (sources, mut idle) = (sources(src()), Vec::new());
    for room in ROOMS.iter().chain([&HOOK, &COMMAND]) {
        let own = sources.iter().filter(|source| source.room == room.name);
        let taken: BTreeSet<_> = own.flat_map(Source::rooms).collect();
        let never = room.looks_at.iter().filter(|other| !taken.contains(**other));
        idle.extend(never.map(|other| format!("{} never looks at {other}", room.name)));
    }
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}

#[test]
fn a_room_looks_only_at_rooms_above_it() {
    let mut above = Vec::new();
    for room in ROOMS {
        let upwards = room.looks_at.iter().all(|other| above.contains(other));
        assert!(upwards, "{} looks at a room that is not above it", room.name);
        above.push(room.name);
    }
}

#[test]
fn the_map_in_lib_rs_shows_every_room() {
    let lib = fs::read_to_string(src().join("lib.rs")).expect("the library has a root");
    let shown = lib.lines().filter_map(|line| line.strip_prefix("//! | [`")?.split_once('`'));
    let shown: BTreeSet<_> = shown.map(|(room, _)| room).collect();
    assert_eq!(shown, ROOMS.iter().map(|room| room.name).collect());
}

#[test]
fn every_file_says_what_it_is_for() {
    for folder in ["src", "tests"] {
        for source in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) {
            assert!(source.text.starts_with("//!"), "{} begins without a word about itself", source.path);
        }
    }
}

#[test]
fn only_the_room_process_allows_itself_unsafe_code() {
    for source in sources(src()).into_iter().filter(|source| source.room != "process") {
        assert!(!source.text.contains("unsafe_code"), "{} allows unsafe code", source.path);
    }
}

#[test]
fn one_function_reads_what_is_configured() {
    let loads = |source: &Source| source.text.contains("config::load(");
    let readers: Vec<_> = sources(src()).into_iter().filter(loads).map(|source| source.path).collect();
    assert_eq!(readers, ["host/settings.rs"]);
}

#[test]
fn the_check_sees_what_it_should_see() {
    let bad = [
        ("watch", "use crate::{base::Span, store::Store};", "watch may not look at store"),
        ("watch/step", "fn f() { super::super::cli::main() }", "watch may not look at cli"),
        ("watch", "use super::host;", "watch may not look at host"),
        ("watch", "mod inner { use super::super::host; }", "watch may not look at host"),
        ("watch", "fn f() { log!(crate::host::git::now()) }", "watch may not look at host"),
        ("push", "use std::{fmt, fs::File};", "push is pure and may not use std::fs::File"),
        ("push", "fn f() { std::net::lookup() }", "push is pure and may not use std::net::lookup"),
        ("push", "use std::time::SystemTime as Time;", "push is pure and may not use std::time::SystemTime"),
        ("push", "use tokio;", "push is pure and may not use tokio"),
        ("push", "async fn f() {}", "push is pure and may not wait"),
        ("push", "fn f() { g().await }", "push is pure and may not wait"),
        ("bin/afterpush-hook", "fn main() { afterpush::host::go() }", "bin/afterpush-hook may not look at host"),
    ];
    for (module, text, fault) in bad {
        let source = Source::new(module, text.to_owned());
        let room = Room::of(&source.room).expect("a room on the table");
        assert_eq!(room.faults(&source), [fault], "{text}");
    }
    let good = [
        ("watch/step", "use super::phase; use super::super::base::Span; use crate::watch::Phase; use self::x;"),
        ("watch", "#[cfg(test)] mod tests { use crate::host; use std::fs; }"),
        ("host/files", "use std::fs; use crate::base; async fn f() {}"),
        ("push", "fn f() { vec![\"crate::host\"]; }"),
        ("bin/afterpush-hook/note", "use crate::refs; use super::call; use afterpush::push::Sha;"),
    ];
    for (module, text) in good {
        let source = Source::new(module, text.to_owned());
        let room = Room::of(&source.room).expect("a room on the table");
        assert_eq!(room.faults(&source), [""; 0], "{text}");
    }
}
