//! Files on disks that lose power, beside tools that hold or move them, and in homes that are none.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use afterpush::standin::{Recipe, Stage};
use nix::sys::signal::{Signal, kill};

use crate::support::traced::{Injection, log_in};
use crate::support::{Ran, Room, Site, until};

/// When the power fails: the moment at which this is true of the watched commit.
type Moment = fn(&Site, &str) -> bool;

const MOMENTS: [Moment; 4] = [
    |_, _| true,
    |site, sha| site.status(sha).is_some(),
    |site, sha| site.status(sha).is_some_and(|status| status["phase"] == "building"),
    |site, sha| {
        site.force(sha, Stage::Active);
        site.status(sha).is_some_and(|status| status["verdict"] == "live")
    },
];

/// The power fails at each moment of a watch whose files lie on a disk of this kind; then the machine is started anew.
fn power_fails(make: &str, options: &str) {
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        let mut site = Site::unhooked();
        let state = site.layout().root().display().to_string();
        let image = site.root().join("disk").display().to_string();
        let config = fs::read_to_string(site.layout().config()).expect("a configuration");
        let mut room = Room::with_disks();
        room.tell(&format!("truncate -s 400M {image} && {make} {image} && mount -o loop{options} {image} {state}"));
        site.enter(&room);
        site.configure(&config);
        site.afterpush(&["install"]).ends(0);
        room.tell("sync");
        let sha = site.ship(Recipe::of([Stage::PendingBuild, Stage::Building]));
        until("the moment has come", || moment(&site, &sha).then_some(()));
        room.tell(&format!("xfs_io -x -c shutdown {state}"));
        for pid in site.processes() {
            // It may have given up by itself.
            let _ = kill(pid, Signal::SIGKILL);
        }
        site.quiet();
        let anew =
            format!("umount {state} 2>/dev/null && mount -o loop{options} {image} {state} && echo again || echo busy");
        until("the disk is there again", || (room.tell(&anew) == "again").then_some(()));
        site.force(&sha, Stage::Active);
        // What was written before the power failed is whole or not there.
        if let Ok(text) = fs::read(site.layout().status(&sha)) {
            assert!(serde_json::from_slice::<serde_json::Value>(&text).is_ok(), "{make}{options}, moment {number}");
        }
        let ran = site.afterpush(&["wait", "--timeout", "60s", &sha]);
        assert_eq!(ran.code(), Some(0), "{make}{options}, moment {number}: {ran}");
        let status = site.status(&sha).expect("a status");
        assert_eq!((&status["verdict"], &status["attempt"]), (&"live".into(), &1.into()), "{number}: {status:#}");
        site.afterpush(&["daemon", "stop"]);
        site.quiet();
    }
}

#[test]
#[ignore = "needs root, a loop device and minutes"]
fn after_the_power_failed_on_ext4_every_push_is_watched_once() {
    power_fails("mkfs.ext4 -q -F", "");
    power_fails("mkfs.ext4 -q -F", ",noauto_da_alloc,data=writeback");
}

#[test]
#[ignore = "needs root, a loop device and minutes"]
fn after_the_power_failed_on_xfs_every_push_is_watched_once() {
    power_fails("mkfs.xfs -q -f", "");
}

#[test]
fn without_a_home_a_push_is_watched_as_well() {
    let site = Site::new();
    let sha = site.commit("nobody's");
    let mut git = site.command("git");
    Ran::of(git.arg("push").env_remove("HOME").env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME")).ends(0);
    site.deploy(&sha, Recipe::live());
    site.decided(&sha, "live", "deployed_live");
    let mut status = site.calling(&["status", &sha]);
    Ran::of(status.env_remove("HOME").env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME")).ends(0);
}

#[test]
fn the_monitors_log_may_be_moved_or_removed_at_any_time() {
    let site = Site::new();
    site.building();
    let log = site.layout().monitor_log();
    let aside = log.with_extension("aside");
    fs::rename(&log, &aside).expect("there was one");
    let next = site.ship(Recipe::live());
    site.decided(&next, "live", "deployed_live");
    site.quiet();
    let told = fs::read_to_string(&log).expect("a new one");
    assert!(told.contains("the monitor ends"), "{told}");
    assert!(!fs::read_to_string(&aside).expect("the old one").contains("the monitor ends"));
}

#[test]
fn a_database_that_somebody_else_holds_delays_and_loses_nothing() {
    let site = Site::new();
    let sha = site.building();
    // As a tool that looks into the file does, or a backup.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let url = format!("sqlite://{}", site.layout().store().display());
    let mut holder = runtime.block_on(async {
        let mut holder = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.expect("a database");
        sqlx::query("BEGIN IMMEDIATE").execute(&mut holder).await.expect("it can be held");
        holder
    });
    site.force(&sha, Stage::Active);
    let next = site.commit("meanwhile");
    site.push(&[]).ends(0);
    site.deploy(&next, Recipe::live());
    until("the monitor has come upon it", || {
        let log = fs::read_to_string(site.layout().monitor_log()).unwrap_or_default();
        log.contains("locked").then_some(())
    });
    assert_ne!(site.status(&next).map(|status| status["done"].clone()), Some(true.into()));
    runtime.block_on(async { sqlx::query("ROLLBACK").execute(&mut holder).await.expect("it lets go") });
    drop(holder);
    for sha in [&sha, &next] {
        site.afterpush(&["wait", "--timeout", "60s", sha]).ends(0);
        assert_eq!(site.status(sha).expect("a status")["attempt"], 1);
    }
}

#[test]
#[ignore = "needs strace"]
fn where_locks_are_not_to_be_had_the_push_goes_on_and_it_is_said() {
    for error in ["error=ENOLCK", "error=EOPNOTSUPP"] {
        let mut site = Site::new();
        site.set("AFTERPUSH_SPAWN", "0");
        let sha = site.ship(Recipe::live());
        let log = log_in(site.root());
        let injection = Injection::always("flock", error);
        let words = injection.words(&log);
        let mut strace = site.command(&words[0]);
        let ran = Ran::of(strace.args(&words[1..]).args([env!("CARGO_BIN_EXE_afterpush"), "daemon"])).ends(1);
        assert!(injection.happened(&log), "the control: a lock was asked for");
        assert!(ran.err().contains("the monitor cannot work"), "{ran}");
        site.set("AFTERPUSH_SPAWN", "1");
        site.afterpush(&["wait", "--timeout", "60s", &sha]).ends(0);
    }
}

#[test]
#[ignore = "needs access lists (setfacl)"]
fn an_access_list_of_the_folder_opens_nothing_private() {
    let site = Site::unhooked();
    let git = site.work().join(".git");
    Ran::of(site.command("setfacl").args(["-R", "-d", "-m", "u:1234:rwx,g:1234:rwx,m::rwx"]).arg(&git)).ends(0);
    fs::remove_dir_all(site.layout().root()).expect("our own folder");
    site.configure(&site.configuration("", ""));
    site.afterpush(&["install"]).ends(0);
    let sha = site.ship(Recipe::failing_build(&["it broke"]));
    site.decided(&sha, "failed", "build_failed");
    site.quiet();
    let effective = |path: &Path| {
        Ran::of(site.command("getfacl").args(["--omit-header", "--absolute-names", "-e"]).arg(path)).ends(0).out()
    };
    let control = effective(&git);
    assert!(control.contains("default:user:1234:rwx"), "the control: {control}");
    let mut open = vec![site.layout().private().to_path_buf()];
    while let Some(path) = open.pop() {
        let list = effective(&path);
        let lets_in = |line: &str| {
            let names = line.starts_with("user:1234:") || line.starts_with("group:1234:") || line.starts_with("other:");
            let effective = line.split("#effective:").nth(1).or(line.rsplit(':').next()).unwrap_or_default().trim();
            names && effective != "---"
        };
        assert!(!list.lines().any(lets_in), "{}: {list}", path.display());
        if path.is_dir() {
            open.extend(fs::read_dir(&path).expect("our own").map(|entry| entry.expect("readable").path()));
        }
    }
}

#[test]
#[ignore = "needs minutes"]
fn a_hundred_thousand_old_status_files_hold_nobody_up() {
    let site = Site::new();
    let folder = site.layout().status_dir();
    let first = site.ship(Recipe::live());
    site.decided(&first, "live", "deployed_live");
    site.quiet();
    let old = SystemTime::now() - Duration::from_hours(24 * 30);
    let text = fs::read(site.layout().status(&first)).expect("a status");
    for number in 0..100_000 {
        let path = folder.join(format!("{number:040x}.json"));
        fs::write(&path, &text).expect("room on the disk");
        fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(old)).expect("our own file");
    }
    let second = site.ship(Recipe::live());
    site.decided(&second, "live", "deployed_live");
    site.quiet();
    site.afterpush(&["clean"]).ends(0);
    assert!(fs::read_dir(&folder).expect("a folder").count() < 20);
    assert!(site.status(&second).is_some());
}

#[test]
fn what_comes_to_life_while_old_files_are_cleared_away_stays() {
    let site = Site::new();
    let sha = site.ship(Recipe::live());
    site.decided(&sha, "live", "deployed_live");
    site.quiet();
    let status = site.layout().status(&sha);
    // So that it is the document by which the clearing is held up.
    fs::remove_file(site.layout().timeline(&sha)).expect("there was one");
    let old = SystemTime::now() - Duration::from_hours(24 * 30);
    fs::File::options().write(true).open(&status).and_then(|file| file.set_modified(old)).expect("our own file");
    let gate = site.root().join("gate");
    let mut clean = site.calling(&["clean"]);
    clean.env("AFTERPUSH_FAILPOINTS", format!("sweep_chosen=wait:{}", gate.display()));
    let mut clean = clean.spawn().expect("it starts");
    let reached = gate.with_added_extension("reached");
    until("the file is chosen", || reached.exists().then_some(()));
    // A rollback: the same commit once more.
    site.git(&["push", "--quiet", "--no-verify", "--force", "origin", "HEAD~1:main"]);
    site.push(&["--force"]).ends(0);
    site.deploy(&sha, Recipe::live());
    let again = site.until_status(&sha, "live again", |status| status["attempt"] == 2 && status["verdict"] == "live");
    fs::write(&gate, "").expect("our own file");
    assert_eq!(clean.wait().expect("it is ours").code(), Some(0));
    assert_eq!(site.status(&sha), Some(again));
    let folder = fs::read_dir(site.layout().status_dir()).expect("a folder");
    let names: Vec<_> = folder.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    assert!(names.iter().all(|name| !name.starts_with('.')), "{names:?}");
}
