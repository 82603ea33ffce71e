//! Every system call as the last one, and every system call that may fail, failing.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use afterpush::process::Alone;
use afterpush::standin::Recipe;

use crate::support::hooked::Hooked;
use crate::support::traced::{Injection, log_in, names, places, tracing};
use crate::support::{Ran, Site, try_until, write_program};

/// How the hook's calls may fail.
const HOOK_ERRORS: &[(&str, &str)] = &[
    ("openat", "error=EMFILE"),
    ("openat", "error=EACCES"),
    ("openat", "error=ENOSPC"),
    ("write", "error=ENOSPC"),
    ("write", "error=EDQUOT"),
    ("write", "error=EIO"),
    ("write", "error=EINTR"),
    ("read", "error=EINTR"),
    ("renameat", "error=EIO"),
    ("fchmod", "error=EPERM"),
    ("close", "error=EIO"),
    ("flock", "error=ENOLCK"),
    ("flock", "error=EOPNOTSUPP"),
    ("clone", "error=EAGAIN"),
    ("clone3", "error=EAGAIN"),
    ("vfork", "error=EAGAIN"),
    ("execve", "error=EAGAIN"),
    ("pipe2", "error=EMFILE"),
    ("memfd_create", "error=ENOSYS"),
    ("close_range", "error=ENOSYS"),
    ("poll", "error=EINTR"),
    ("getrandom", "error=ENOSYS"),
    ("statx", "error=EIO"),
    ("newfstatat", "error=EIO"),
];

/// The hook's program called as git does, with this in its way; `None` where it never came to that.
fn hook_meets(hooked: &Hooked, injection: &Injection) -> Option<Ran> {
    let log = log_in(hooked.sandbox.root());
    let ran = hook_behind(hooked, &injection.words(&log));
    assert!(!ran.err().contains("panicked"), "{injection:?}: {ran}");
    let lock = Alone::try_take(&hooked.sandbox.layout());
    assert!(lock.is_ok_and(|lock| lock.is_some()), "{injection:?}: the lock is free");
    injection.happened(&log).then_some(ran)
}

/// The hook's program called as git does, behind these words.
fn hook_behind(hooked: &Hooked, traced: &[String]) -> Ran {
    let line = format!(
        "refs/heads/main {0} refs/heads/main {1}\n",
        hooked.sandbox.git(&["rev-parse", "HEAD"]),
        "0".repeat(40)
    );
    // The shim decides how git sees it.
    let real = hooked.bin().join("real");
    if !real.exists() {
        fs::rename(hooked.hook(), &real).expect("the same folder");
    }
    let script = format!("#!/bin/sh\nexec {} {} \"$@\"\n", traced.join(" "), real.display());
    write_program(&hooked.hook(), &script);
    let call = "printf '%s' \"$1\" | .git/hooks/pre-push origin url";
    Ran::of(&mut hooked.command("sh", &["-c", call, "sh", &line])).ends(0)
}

#[test]
#[ignore = "needs strace and minutes"]
fn a_hook_killed_at_any_system_call_leaves_a_whole_request_or_none() {
    let hooked = Hooked::new();
    hooked.sandbox.commit("another");
    fs::create_dir_all(hooked.sandbox.layout().private()).expect("a folder");
    let log = log_in(hooked.sandbox.root());
    hook_behind(&hooked, &tracing(&log));
    let (mut points, mut noted) = (0, 0);
    for call in names(&log) {
        for place in 1.. {
            let before = hooked.requests().len();
            if hook_meets(&hooked, &Injection::at(&call, "signal=KILL", place)).is_none() {
                break;
            }
            points += 1;
            // Reading them shows that each is whole.
            noted += usize::from(hooked.requests().len() > before);
        }
    }
    assert!(points > 200 && noted > 10 && points - noted > 10, "the control: {noted} of {points} were noted");
}

#[test]
#[ignore = "needs strace and minutes"]
fn a_hook_whose_calls_fail_notes_the_push_or_says_that_it_did_not() {
    let hooked = Hooked::new();
    hooked.sandbox.commit("another");
    fs::create_dir_all(hooked.sandbox.layout().private()).expect("a folder");
    let (mut points, mut unnoted) = (0, 0);
    for (call, error) in HOOK_ERRORS {
        for place in 1.. {
            let before = hooked.requests().len();
            let Some(ran) = hook_meets(&hooked, &Injection::at(call, error, place)) else { break };
            points += 1;
            if hooked.requests().len() == before {
                unnoted += 1;
                // Where writing fails, so does telling.
                assert!(*call == "write" || !ran.err().is_empty(), "{call} {error} {place}");
            }
        }
    }
    assert!(points > 150 && unnoted > 10, "the control: {unnoted} of {points} were not noted");
}

/// A push that waits for a monitor, and a monitor with this in its way. The next one makes up for it; `false` where it
/// never came to that.
#[track_caller]
fn monitor_meets(site: &mut Site, injection: &Injection) -> bool {
    site.set("AFTERPUSH_SPAWN", "0");
    let sha = site.ship(Recipe::live());
    site.set("AFTERPUSH_SPAWN", "1");
    let log = log_in(site.root());
    let words = injection.words(&log);
    let mut strace = site.command(&words[0]);
    strace.args(&words[1..]).args([env!("CARGO_BIN_EXE_afterpush"), "daemon"]).stderr(Stdio::null());
    let mut strace = strace.spawn().expect("strace runs (Debian's package strace)");
    let ended = try_until(|| {
        let is_done = site.status(&sha).is_some_and(|status| status["done"] == true);
        let ended = strace.try_wait().expect("it is ours");
        // strace counts by thread: what a new connection to the store writes may fail at the same place for ever.
        let met = fs::read_to_string(&log).unwrap_or_default().matches("(INJECTED)").count();
        if (is_done || met > 9) && ended.is_none() {
            // It would wait for further pushes.
            site.afterpush(&["daemon", "stop"]);
        }
        ended
    });
    let told = || fs::read_to_string(site.layout().monitor_log()).unwrap_or_default();
    let ended = ended.unwrap_or_else(|| panic!("{injection:?}: it neither works nor ends\n{}", told()));
    let happened = injection.happened(&log);
    assert_ne!(ended.code(), Some(101), "{injection:?}");
    let waited = site.afterpush(&["wait", "--timeout", "5m", &sha]);
    let status = site.status(&sha).unwrap_or_default();
    let came_of_it = (waited.code(), &status["verdict"], &status["attempt"]);
    let expected = (Some(0), &"live".into(), &1.into());
    assert_eq!(came_of_it, expected, "{injection:?}: {waited}{status:#}\n{}", told());
    site.afterpush(&["daemon", "stop"]);
    site.quiet();
    happened
}

/// The names of all calls that a monitor makes while it follows a push to its verdict.
fn calls_of_a_monitor() -> BTreeSet<String> {
    let mut site = Site::new();
    site.set("AFTERPUSH_SPAWN", "0");
    let sha = site.ship(Recipe::live());
    let log = log_in(site.root());
    let words = tracing(&log);
    let mut strace = site.command(&words[0]);
    strace.args(&words[1..]).args([env!("CARGO_BIN_EXE_afterpush"), "daemon"]).stderr(Stdio::null());
    let mut strace = strace.spawn().expect("strace runs (Debian's package strace)");
    site.decided(&sha, "live", "deployed_live");
    site.afterpush(&["daemon", "stop"]).ends(0);
    strace.wait().expect("it is ours");
    names(&log)
}

/// Every one of these at every so many places of a monitor's life; returns how often it came to that.
fn monitor_meets_all<'a>(injections: impl Iterator<Item = (&'a str, &'static str)>, every: usize) -> usize {
    let points = injections.map(|(call, what)| {
        // One for each: a provider that is asked so often has had enough for the hour.
        let mut site = Site::new();
        let places = places().step_by(every);
        let points = places.take_while(|place| monitor_meets(&mut site, &Injection::at(call, what, *place))).count();
        let log = fs::read_to_string(site.layout().monitor_log()).expect("a log");
        // A library that panics where it gets no thread ends a piece of work, or the monitor as a kill does.
        let panics: Vec<_> = log.lines().filter(|line| line.contains("panicked at src/")).collect();
        assert_eq!(panics, Vec::<&str>::new());
        points
    });
    points.sum()
}

#[test]
#[ignore = "needs strace and minutes"]
fn a_monitor_killed_at_any_system_call_is_made_up_for_by_the_next() {
    let calls = calls_of_a_monitor();
    let points = monitor_meets_all(calls.iter().map(|call| (call.as_str(), "signal=KILL")), 2);
    assert!(points > 80, "the control: {points} kills");
}

#[test]
#[ignore = "needs strace and minutes"]
fn a_monitor_whose_calls_fail_is_made_up_for() {
    // No `write`: the runtime wakes itself by one that cannot fail.
    let errors = [
        ("fsync", "error=EIO"),
        ("pwrite64", "error=ENOSPC"),
        ("pwrite64", "error=EIO"),
        ("renameat", "error=EIO"),
        ("renameat", "error=EDQUOT"),
        ("openat", "error=EMFILE"),
        ("unlinkat", "error=EIO"),
        ("utimensat", "error=EIO"),
        ("clone3", "error=EAGAIN"),
        ("execve", "error=EAGAIN"),
        ("connect", "error=ENETUNREACH"),
        ("fchmod", "error=EPERM"),
    ];
    let points = monitor_meets_all(errors.into_iter(), 1);
    assert!(points > 40, "the control: {points} errors");
}
