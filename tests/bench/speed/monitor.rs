//! What the monitor costs: at rest, with a thousand watches of one app, with ten thousand of a hundred; and how soon
//! a waiter hears of a change.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use afterpush::standin::{Recipe, Stage};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

use super::Bench;
use super::ground::{Ground, until};
use super::rounds::median;
use super::table::Table;

/// A deployment that is being built until it is told otherwise.
fn building() -> Recipe {
    Recipe::of([Stage::Building])
}

/// From the provider's answer to the end of `afterpush wait`.
pub fn wait(bench: &Bench, table: &mut Table) {
    let ground = Ground::new(bench, 3, 1);
    ground.start_monitor(&[("AFTERPUSH_PACE", "20")]);
    let mut delays = Vec::new();
    for commit in ground.add_commits("refs/heads/main", Some("main"), bench.rounds(20)) {
        ground.world().push("app0", &commit, building()).expect("an app");
        ground.track(std::slice::from_ref(&commit));
        until("it is being built", || ground.phase(&commit).filter(|phase| phase == "building"));
        delays.push(delay(&ground, &commit));
    }
    let delay = median(delays.iter().copied());
    let most = delays.iter().copied().fold(0.0, f64::max);
    table.begin("from the provider's answer to the end of `wait`", &["median ms", "most ms"]);
    table.row(&[format!("{delay:.1}"), format!("{most:.1}")]);
    table.aim("wait returns after the answering look", format!("{delay:.1} ms"), "under 20 ms", delay < 20.0);
}

/// In milliseconds.
fn delay(ground: &Ground<'_>, commit: &str) -> f64 {
    let mut waiter = ground.afterpush(&["wait", commit]);
    let mut waiter = waiter.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a waiter");
    // A waiter that is already listening is what is measured.
    std::thread::sleep(Duration::from_millis(100));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let listener = scope.spawn(|| {
            let (mut heard, mut last) = (0, Instant::now());
            while !is_over.load(Ordering::Relaxed) {
                let now = ground.world().heard().len();
                if now != heard {
                    (heard, last) = (now, Instant::now());
                }
                std::thread::sleep(Duration::from_micros(200));
            }
            last
        });
        ground.world().force("app0", commit, Stage::Active).expect("it is there");
        let status = waiter.wait().expect("the waiter ends");
        let end = Instant::now();
        is_over.store(true, Ordering::Relaxed);
        assert!(status.success(), "wait ended with {status}");
        let last = listener.join().expect("it only listens");
        (end - last).as_secs_f64() * 1e3
    })
}

/// One watch, and nothing to do for a minute.
pub fn idle(bench: &Bench, table: &mut Table) {
    let ground = Ground::new(bench, 3, 1);
    let commit = ground.git(&["rev-parse", "HEAD"]);
    ground.world().push("app0", &commit, building()).expect("an app");
    ground.track(std::slice::from_ref(&commit));
    // A hundred times as seldom as usual, so that no look falls into the minute.
    let pid = ground.start_monitor(&[("AFTERPUSH_PACE", "100000")]);
    until("it is being built", || ground.phase(&commit).filter(|phase| phase == "building"));
    std::thread::sleep(Duration::from_secs(10));
    let (before, asked) = (Usage::of(pid), ground.world().heard().len());
    std::thread::sleep(Duration::from_mins(1));
    let after = Usage::of(pid);
    assert_eq!(ground.world().heard().len(), asked, "there was a look");
    let (wakes, cpu) = (after.wakes_since(&before), after.cpu - before.cpu);
    table.begin("one watch, idle for a minute", &["anonymous memory", "wake-ups", "CPU"]);
    table.row(&[mib(after.memory), wakes.to_string(), format!("{cpu:.0} ms")]);
    table.aim("idle monitor, anonymous memory", mib(after.memory), "under 12 MiB", after.memory < 12.0);
    table.aim("idle monitor, wake-ups a minute", wakes.to_string(), "the heartbeat's 12", wakes <= 13);
    table.aim("idle monitor, CPU", format!("{:.2} %", cpu / 600.0), "0.0 %", cpu < 30.0);
}

/// A thousand watches of one app.
pub fn crowd(bench: &Bench, table: &mut Table) {
    let ground = Ground::new(bench, 3, 1);
    let seen = watched(&ground, 1_000, Duration::from_mins(2));
    table.begin("1 000 watches of one app", &["anonymous memory", "requests", "for deployments", "CPU a look"]);
    let looks: usize = seen.looks.values().sum();
    let each = seen.cpu / looks.max(1) as f64;
    table.row(&[mib(seen.memory), seen.requests.to_string(), looks.to_string(), format!("{each:.1} ms")]);
    table.aim("1 000 watches, anonymous memory", mib(seen.memory), "under 40 MiB", seen.memory < 40.0);
    table.aim("1 000 watches, a look", format!("{each:.1} ms CPU"), "under 5 ms", each < 5.0);
}

/// Ten thousand watches over a hundred apps.
pub fn apps(bench: &Bench, table: &mut Table) {
    let ground = Ground::new(bench, 3, 100);
    let seen = watched(&ground, 10_000, Duration::from_mins(2));
    let least = seen.looks.values().min().copied().unwrap_or(0);
    let most = seen.looks.values().max().copied().unwrap_or(0);
    table.begin("10 000 watches of 100 apps", &["anonymous memory", "looks an app", "CPU"]);
    table.row(&[mib(seen.memory), format!("{least} to {most}"), format!("{:.0} ms", seen.cpu)]);
    table.aim("10 000 watches, anonymous memory", mib(seen.memory), "under 150 MiB", seen.memory < 150.0);
    let is_fair = seen.looks.len() == 100 && most <= least + 2;
    table.aim("10 000 watches, looks an app", format!("{least} to {most}"), "no app starves", is_fair);
}

/// What was seen of a monitor with many watches.
struct Many {
    memory: f64,
    cpu: f64,
    /// All questions.
    requests: usize,
    /// The questions for the deployments of each app.
    looks: BTreeMap<String, usize>,
}

fn watched(ground: &Ground<'_>, count: usize, time: Duration) -> Many {
    let commits = ground.add_commits("refs/heads/main", Some("main"), count);
    // As after many pushes in a row: each app is at work on the newest commit alone.
    for (number, commit) in commits.iter().enumerate().skip(count - ground.apps()) {
        let app = format!("app{}", number % ground.apps());
        ground.world().push(&app, commit, building()).expect("an app");
    }
    ground.track(&commits);
    let pid = ground.start_monitor(&[]);
    ground.until_taken();
    // What was due while they came is over by then.
    std::thread::sleep(Duration::from_secs(30));
    let (before, asked) = (Usage::of(pid), ground.world().heard().len());
    std::thread::sleep(time);
    let after = Usage::of(pid);
    let mut looks = BTreeMap::new();
    let heard = ground.world().heard().split_off(asked);
    for heard in &heard {
        if let Some((app, _)) = heard.path.split_once("/deployments?") {
            *looks.entry(app.to_owned()).or_default() += 1;
        }
    }
    Many { memory: after.memory, cpu: after.cpu - before.cpu, requests: heard.len(), looks }
}

/// What the system tells of a process.
struct Usage {
    /// Anonymous memory in MiB.
    memory: f64,
    /// Processor time in milliseconds.
    cpu: f64,
    /// How often each of its threads went to sleep by itself.
    wakes: BTreeMap<String, u64>,
}

impl Usage {
    fn of(pid: i32) -> Self {
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).expect("the kernel tells it");
            line.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok()).expect("a number")
        };
        let read = |path: String| fs::read_to_string(path).expect("the monitor lives");
        let kib = field(&read(format!("/proc/{pid}/status")), "RssAnon:");
        let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("the monitor lives");
        let wakes = |entry: std::io::Result<fs::DirEntry>| {
            let folder = entry.ok()?.path();
            let text = fs::read_to_string(folder.join("status")).ok()?;
            Some((folder.display().to_string(), field(&text, "voluntary_ctxt_switches:")))
        };
        let wakes = threads.filter_map(wakes).collect();
        // Of all its threads, those that have ended included.
        let clock = clock_getcpuclockid(Pid::from_raw(pid)).expect("the monitor lives");
        let cpu = Duration::from(clock_gettime(clock).expect("a clock of ours"));
        Self { memory: kib as f64 / 1024.0, cpu: cpu.as_secs_f64() * 1e3, wakes }
    }
}

impl Usage {
    /// Of the threads that are there now; one that has ended meanwhile does nothing any more.
    fn wakes_since(&self, before: &Self) -> u64 {
        let since = |(thread, wakes): (&String, &u64)| wakes - before.wakes.get(thread).copied().unwrap_or(0);
        self.wakes.iter().map(since).sum()
    }
}

fn mib(memory: f64) -> String {
    format!("{memory:.1} MiB")
}
