//! What must not grow unnoticed: system calls, instructions, transactions, and requests a round. Sizes are checked by `.ci/run`; times
//! never are, they are measured by `tests/bench/run.sh`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};

use afterpush::base::Span;
use afterpush::process::Alone;
use afterpush::standin::{Recipe, Stage};

use crate::support::hooked::Hooked;
use crate::support::{Ran, Site, until, write_program};

/// All that a program, and what it starts in its place, asks of the system. The programs of the tests are not
/// optimised, which makes no difference here.
const HOOK: usize = 190;
const STATUS: usize = 260;
/// The same for the instructions, with a quarter to spare: these programs are not optimised.
const HOOK_INSTRUCTIONS: usize = 1_900_000;
const STATUS_INSTRUCTIONS: usize = 9_000_000;
const STATUS_JSON_INSTRUCTIONS: usize = 13_000_000;
/// Watches of one app; many more than there are looks while they are decided.
const CROWD: usize = 60;

#[test]
fn a_hook_whose_monitor_runs_asks_little_of_the_system() {
    let hooked = Hooked::new();
    let _alone = as_if_a_monitor_ran(&hooked);
    let table = counts_of_a_push(&hooked);
    within(&table, HOOK);
}

#[test]
fn a_hook_asks_no_more_of_the_system_in_a_large_repository() {
    let hooked = Hooked::new();
    let alone = as_if_a_monitor_ran(&hooked);
    let noting = |hooked: &Hooked| calls(&counts_of_a_push(hooked));
    let small = noting(&hooked);
    drop(alone);
    let small_start = noting(&hooked);
    assert!(small_start > small, "a monitor was started: {small} system calls, then {small_start}");
    fill(&hooked);
    let large_start = noting(&hooked);
    let _alone = Alone::try_take(&hooked.sandbox.layout()).expect("a lock").expect("free");
    let large = noting(&hooked);
    // A few more looks find a ref among many packed ones; how often its two processes wait for each other is chance.
    for (small, large) in [(small, large), (small_start, large_start)] {
        assert!(large.abs_diff(small) < 25, "{small} system calls have become {large}");
    }
}

/// Leaves the folders of a first push, and the lock taken.
fn as_if_a_monitor_ran(hooked: &Hooked) -> Alone {
    hooked.sandbox.commit("the first");
    hooked.push(&[]);
    Alone::try_take(&hooked.sandbox.layout()).expect("a lock").expect("free")
}

/// Pushes with strace around the hook, and returns its table.
fn counts_of_a_push(hooked: &Hooked) -> String {
    let counts = hooked.bin().join("counts");
    push_through(hooked, &format!("strace -f -c -o {}", counts.display()));
    std::fs::read_to_string(counts).expect("strace has counted")
}

/// Pushes with these words before the call of the hook's program.
fn push_through(hooked: &Hooked, words: &str) {
    let noted = || std::fs::read_dir(hooked.sandbox.layout().inbox().join("new")).expect("an inbox").count();
    let before = noted();
    let real = hooked.bin().join("real");
    if !real.exists() {
        std::fs::rename(hooked.hook(), &real).expect("our own file");
    }
    let traced = format!("#!/bin/sh\nexec {words} {} \"$@\"\n", real.display());
    write_program(&hooked.hook(), &traced);
    hooked.sandbox.commit("a change");
    hooked.push(&[]);
    assert_eq!(noted(), before + 1, "the push was noted");
}

/// Refs, status files, and requests that nobody has taken yet.
fn fill(hooked: &Hooked) {
    const MANY: usize = 2_000;
    let sandbox = &hooked.sandbox;
    let layout = sandbox.layout();
    let inbox = layout.inbox().join("new");
    std::fs::create_dir_all(layout.status_dir()).expect("a folder");
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let mut lines = String::new();
    for number in 0..MANY {
        let id = format!("{number:040x}");
        std::fs::write(layout.status(&id), "{}").expect("room for small files");
        std::fs::write(inbox.join(&id), "{}").expect("the same");
        let _ = writeln!(lines, "create refs/heads/many/{number} {}", head.trim());
    }
    let refs = sandbox.root().join("refs");
    std::fs::write(&refs, lines).expect("room for them");
    let update = format!("git update-ref --stdin <{} && git pack-refs --all", refs.display());
    Ran::of(&mut hooked.command("sh", &["-c", &update])).ends(0);
}

#[test]
fn a_status_asks_little_of_the_system() {
    let site = Site::new();
    let sha = site.building();
    let counts = site.root().join("counts");
    for more in [&[][..], &["--json"]] {
        let mut strace = site.command("strace");
        strace.args(["-f", "-c", "-o"]).arg(&counts).arg(env!("CARGO_BIN_EXE_afterpush"));
        // Still under way.
        Ran::of(strace.args(["status", &sha]).args(more)).ends(8);
        within(&std::fs::read_to_string(&counts).expect("strace has counted"), STATUS);
    }
}

#[test]
#[ignore = "needs valgrind"]
fn a_hook_whose_monitor_runs_takes_few_instructions() {
    let hooked = Hooked::new();
    let _alone = as_if_a_monitor_ran(&hooked);
    let counts = hooked.bin().join("counts");
    std::fs::create_dir(&counts).expect("a folder");
    // Valgrind knows no processes that share their memory.
    push_through(&hooked, &format!("env AFTERPUSH_FAILPOINTS=no_sharing=yes valgrind {}", valgrind(&counts).join(" ")));
    within_instructions(&counts, HOOK_INSTRUCTIONS);
}

#[test]
#[ignore = "needs valgrind"]
fn a_status_takes_few_instructions() {
    let site = Site::new();
    let sha = site.building();
    for (more, most) in [(&[][..], STATUS_INSTRUCTIONS), (&["--json"], STATUS_JSON_INSTRUCTIONS)] {
        let counts = site.root().join(format!("counts{}", more.len()));
        std::fs::create_dir(&counts).expect("a folder");
        let mut counted = site.command("valgrind");
        counted.args(valgrind(&counts)).arg(env!("CARGO_BIN_EXE_afterpush"));
        // Still under way.
        Ran::of(counted.args(["status", &sha]).args(more)).ends(8);
        within_instructions(&counts, most);
    }
}

/// Valgrind's words for a file in this folder for each process, which tells how many instructions it took.
fn valgrind(folder: &Path) -> [String; 3] {
    let log = format!("--log-file={}/%p", folder.display());
    ["--tool=callgrind".to_owned(), "--callgrind-out-file=/dev/null".to_owned(), log]
}

#[track_caller]
fn within_instructions(folder: &Path, most: usize) {
    let taken = |entry: std::io::Result<std::fs::DirEntry>| {
        let log = std::fs::read_to_string(entry.expect("an entry").path()).expect("a log");
        let line = log.lines().find_map(|line| line.split_once("Collected :"));
        line.and_then(|(_, count)| count.trim().parse::<usize>().ok()).unwrap_or_else(|| panic!("no count: {log}"))
    };
    let all: usize = std::fs::read_dir(folder).expect("valgrind has counted").map(taken).sum();
    assert!((100_000..=most).contains(&all), "{all} instructions, at most {most} are wanted");
}

#[track_caller]
fn within(table: &str, most: usize) {
    let calls = calls(table);
    assert!((20..=most).contains(&calls), "{calls} system calls, at most {most} are wanted:\n{table}");
}

#[test]
fn what_a_look_tells_a_crowd_of_watches_is_one_request_and_one_transaction() {
    let mut site = Site::unhooked();
    // A fifth of the usual time between looks: few looks, and no long wait.
    site.set("AFTERPUSH_PACE", "200");
    let shas: Vec<String> = (0..CROWD).map(|number| site.commit(&format!("change {number}"))).collect();
    site.push(&[]).ends(0);
    for (number, sha) in shas.iter().enumerate() {
        site.ask_to_track(sha, Span::from_millis(i64::try_from(number).expect("few")));
    }
    let log = site.root().join("syncs");
    let mut monitor = traced(&site, "trace=fsync,fdatasync", &log);
    let all = |seems: &dyn Fn(&serde_json::Value) -> bool| {
        let seems = |sha: &String| site.status(sha).is_some_and(|status| seems(&status));
        shas.iter().all(seems).then_some(())
    };
    until("every push has landed", || all(&|status| status["push"]["confirmed"] == true));

    let looks = || site.provider().heard().iter().filter(|heard| heard.path.contains("/deployments?")).count();
    let transactions = || std::fs::read_to_string(&log).expect("a log").matches("state.sqlite3-wal>").count();
    let (asked, looked, written) = (site.provider().heard().len(), looks(), transactions());
    site.deploy(&shas[CROWD - 1], Recipe::of([Stage::Building, Stage::Active]));
    until("all are decided", || all(&|status| status["done"] == true));
    let requests = site.provider().heard().len() - asked;
    let (looks, transactions) = (looks() - looked, transactions() - written);
    assert!((1..CROWD / 3).contains(&looks), "{looks} looks: so many tell nothing of a crowd");
    // What the app is, is asked now and then as well.
    assert!((looks..=looks + looks / 10 + 2).contains(&requests), "{requests} requests for {looks} looks");
    // One for what a look told, and one for what time alone did to those it told nothing.
    assert!((1..=2 * looks + 2).contains(&transactions), "{transactions} transactions for {looks} looks");
    site.afterpush(&["daemon", "stop"]).ends(0);
    monitor.wait().expect("strace ends with its program");
}

#[test]
fn a_monitor_with_nothing_to_do_wakes_up_once_a_heartbeat() {
    let mut site = Site::unhooked();
    // A hundred times as seldom as usual, so that no look is due.
    site.set("AFTERPUSH_PACE", "100000");
    let sha = site.commit("a change");
    site.push(&[]).ends(0);
    site.ask_to_track(&sha, Span::ZERO);
    let log = site.root().join("waits");
    let mut monitor = traced(&site, "trace=epoll_wait,utimensat,read", &log);
    until("between two heartbeats it waits once and hears of nothing", || {
        let trace = std::fs::read_to_string(&log).ok()?;
        // Each sets a file's time; what comes after the last is not over.
        let mut beats: Vec<&str> = trace.split("utimensat(").skip(1).collect();
        beats.pop();
        let count = |beat: &str, call: &str| beat.matches(call).count();
        let is_calm = |beat: &&str| count(beat, "epoll_wait(") == 1 && count(beat, "inotify") == 0;
        beats.iter().copied().any(|beat| is_calm(&beat)).then_some(())
    });
    site.afterpush(&["daemon", "stop"]).ends(0);
    monitor.wait().expect("strace ends with its program");
}

/// A monitor whose system calls of this kind are written down.
fn traced(site: &Site, calls: &str, log: &Path) -> Child {
    let mut strace = site.command("strace");
    strace.args(["-f", "-q", "-y", "-e", calls, "-o"]).arg(log);
    strace.arg(env!("CARGO_BIN_EXE_afterpush")).args(["daemon", "--state"]).arg(site.layout().private());
    strace.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("strace runs (Debian's package strace)")
}

/// The total of strace's table: `100.00  seconds  usecs/call  calls  errors  total`.
#[track_caller]
fn calls(table: &str) -> usize {
    let total = table.lines().find(|line| line.trim_end().ends_with(" total")).expect("the last line of its table");
    total.split_whitespace().nth(3).and_then(|word| word.parse().ok()).expect("a number")
}
