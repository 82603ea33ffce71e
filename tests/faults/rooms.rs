//! Machines that lack something: room on the disk, `/proc`, observers, a process that buries the dead.

use std::fs;
use std::path::PathBuf;

use afterpush::process::MonitorFile;
use afterpush::standin::{Recipe, Stage};
use nix::sys::signal::{Signal, kill};

use crate::support::{Room, Site, until};

/// A site whose own files lie on a disk of their own, which takes this much.
fn on_a_small_disk(limit: &str) -> (Site, Room) {
    let mut site = Site::unhooked();
    fs::remove_dir_all(site.layout().root()).expect("our own folder");
    fs::create_dir(site.layout().root()).expect("a folder");
    let mut room = Room::new(&[]);
    room.tell(&format!("mount -t tmpfs -o mode=755,{limit} tmpfs {}", site.layout().root().display()));
    site.enter(&room);
    site.configure(&site.configuration("", ""));
    site.afterpush(&["install"]).ends(0);
    (site, room)
}

/// Fills a disk and returns what fills it.
fn fill(site: &Site, content: &[u8]) -> Vec<PathBuf> {
    let folder = site.layout().root().to_path_buf();
    let files = (0..100_000).map(|number| folder.join(format!("filler-{number}")));
    let mut made: Vec<_> = files.take_while(|path| fs::write(path, content).is_ok()).collect();
    // Half of one is there as well.
    made.push(folder.join(format!("filler-{}", made.len())));
    made
}

/// A disk that is full in the middle of a watch delays the verdict, and no push.
fn fills_up(limit: &str, content: &[u8]) {
    let (site, _room) = on_a_small_disk(limit);
    let first = site.building();
    let filled = fill(&site, content);
    assert!(filled.len() > 1, "the control: the disk had room");
    let second = site.commit("while the disk is full");
    let ran = site.push(&[]).ends(0);
    assert!(ran.err().contains("not noted"), "{ran}");
    site.force(&first, Stage::Active);
    site.deploy(&second, Recipe::live());
    site.afterpush(&["status", &first]).ends(8);
    for path in filled {
        // The last one may never have come to be.
        let _ = fs::remove_file(path);
    }
    site.afterpush(&["wait", "--timeout", "60s", &first]).ends(0);
    site.afterpush(&["wait", "--timeout", "60s", &second]).ends(0);
    for sha in [first, second] {
        let status = site.status(&sha).expect("a status");
        assert_eq!(status["attempt"], 1, "{status:#}");
    }
}

#[test]
#[ignore = "needs namespaces"]
fn a_disk_that_fills_up_in_the_middle_delays_a_verdict_and_no_push() {
    fills_up("size=1m", &[b'x'; 1000]);
}

#[test]
#[ignore = "needs namespaces"]
fn a_disk_that_takes_no_more_files_delays_a_verdict_and_no_push() {
    fills_up("nr_inodes=60", b"");
}

#[test]
#[ignore = "needs namespaces"]
fn a_disk_that_may_only_be_read_stops_no_push_and_is_told() {
    let (site, mut room) = on_a_small_disk("size=4m");
    let first = site.ship(Recipe::live());
    site.decided(&first, "live", "deployed_live");
    site.quiet();
    let disk = site.work().join(".git/afterpush").display().to_string();
    // Who has just ended may still hold a file.
    let closes = format!("for i in $(seq 1000); do mount -o remount,ro {disk} 2>/dev/null && break; sleep 0.02; done");
    room.tell(&closes);
    let second = site.commit("while nothing can be written");
    let ran = site.push(&[]).ends(0);
    assert!(ran.err().contains("not noted") && ran.err().contains("Read-only"), "{ran}");
    site.deploy(&second, Recipe::live());
    site.afterpush(&["status", &first]).ends(0);
    let ran = site.afterpush(&["status", &second]);
    assert!(![Some(0), Some(101)].contains(&ran.code()), "{ran}");
    let ran = site.afterpush(&["wait", "--timeout", "2s", &second]);
    assert!(![Some(0), Some(101)].contains(&ran.code()) && ran.err().contains("Read-only"), "{ran}");
    let ran = site.afterpush(&["doctor"]);
    assert!(format!("{}{}", ran.out(), ran.err()).contains("cannot be written"), "{ran}");
    room.tell(&format!("mount -o remount,rw {disk}"));
    site.afterpush(&["wait", "--timeout", "60s", &second]).ends(0);
}

/// Two pushes are watched by one monitor where nothing tells it of changes in a folder.
fn is_told_nothing(limit: &str) {
    let mut site = Site::new();
    let mut room = Room::new(&[]);
    room.tell(&format!("echo 0 > /proc/sys/user/{limit}"));
    site.enter(&room);
    let first = site.building();
    let second = site.ship(Recipe::live());
    site.decided(&second, "live", "deployed_live");
    site.until_status(&first, "live", |status| status["verdict"] == "live");
    let log = fs::read_to_string(site.layout().monitor_log()).expect("a log");
    assert!(log.contains("cannot be told of changes"), "the control: {log}");
}

#[test]
#[ignore = "needs namespaces"]
fn where_no_folder_may_be_observed_requests_are_found_all_the_same() {
    is_told_nothing("max_inotify_watches");
}

#[test]
#[ignore = "needs namespaces"]
fn where_no_observer_may_be_made_requests_are_found_all_the_same() {
    is_told_nothing("max_inotify_instances");
}

#[test]
#[ignore = "needs namespaces"]
fn without_proc_a_push_is_watched_as_well() {
    let mut site = Site::new();
    let mut room = Room::new(&[]);
    room.tell("mount -t tmpfs tmpfs /proc");
    site.enter(&room);
    let sha = site.building();
    site.afterpush(&["daemon", "status"]).ends(0);
    site.force(&sha, Stage::Active);
    site.decided(&sha, "live", "deployed_live");
}

#[test]
#[ignore = "needs namespaces"]
fn after_a_restart_of_the_machine_nobody_takes_another_process_for_the_monitor() {
    let mut site = Site::new();
    let sha = site.building();
    site.afterpush(&["daemon", "status"]).ends(0);
    let boot_id = site.root().join("boot_id");
    fs::write(&boot_id, "11111111-2222-3333-4444-555555555555\n").expect("room on the disk");
    let mut room = Room::new(&[]);
    room.tell(&format!("mount --bind {} /proc/sys/kernel/random/boot_id", boot_id.display()));
    site.enter(&room);
    // Its number and its start time are still those of a living process.
    site.afterpush(&["daemon", "status"]).ends(3);
    kill(site.processes()[0], Signal::SIGKILL).expect("it is ours");
    site.quiet();
    site.force(&sha, Stage::Active);
    site.afterpush(&["wait", "--timeout", "60s", &sha]).ends(0);
}

#[test]
#[ignore = "needs namespaces"]
fn a_dead_monitor_that_nobody_buries_is_dead() {
    let mut site = Site::new();
    let room = Room::new(&["--pid"]);
    site.enter(&room);
    let sha = site.building();
    let pid = site.processes()[0];
    kill(pid, Signal::SIGKILL).expect("it is ours");
    site.quiet();
    until("the control: it is a zombie", || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the control: it is still there");
        stat.contains(") Z ").then_some(())
    });
    until("all its threads are gone", || site.afterpush(&["daemon", "status"]).code().filter(|code| *code == 3));
    site.force(&sha, Stage::Active);
    site.afterpush(&["wait", "--timeout", "60s", &sha]).ends(0);
}

#[test]
#[ignore = "needs namespaces"]
fn a_stranger_with_the_monitors_number_is_neither_believed_nor_ended() {
    let mut site = Site::new();
    let mut room = Room::new(&["--pid"]);
    site.enter(&room);
    let sha = site.building();
    let number = until("a monitor has introduced itself", || MonitorFile::read(&site.layout())).identity.pid;
    kill(site.processes()[0], Signal::SIGKILL).expect("it is ours");
    site.quiet();
    // Running a program makes the shell bury what has ended; then the number is free.
    let buried = format!("/bin/true; [ ! -e /proc/{number} ] && echo gone || echo there");
    until("the monitor is buried", || (room.tell(&buried) == "gone").then_some(()));
    let last = room.tell(&format!("echo {} > /proc/sys/kernel/ns_last_pid; sleep 1000 & echo $!", number - 1));
    assert_eq!(last, number.to_string(), "the control: it has the number");
    site.afterpush(&["daemon", "status"]).ends(3);
    site.afterpush(&["daemon", "stop"]).ends(0);
    room.tell(&format!("kill -0 {number}"));
    site.force(&sha, Stage::Active);
    site.afterpush(&["wait", "--timeout", "60s", &sha]).ends(0);
    room.tell(&format!("kill {number}"));
}

#[test]
#[ignore = "needs namespaces"]
fn where_there_is_no_network_a_watch_ends_unobservable_and_its_monitor_when_it_is_told_to() {
    let mut site = Site::unhooked();
    let room = Room::new(&["--net"]);
    site.enter(&room);
    let away = |timeout: &str| {
        let watch = format!("[watch]\ntimeout = \"{timeout}\"\nregister_timeout = \"1s\"\n");
        format!("{watch}[target.web]\nprovider = \"digitalocean\"\napp = \"web\"\nbase_url = \"https://api.invalid\"\n")
    };
    site.configure(&away("3s"));
    site.afterpush(&["install"]).ends(0);
    let first = site.commit("to nowhere");
    site.push(&[]).ends(0);
    site.decided(&first, "unobservable", "network");
    site.configure(&away("1h"));
    let second = site.commit("to nowhere again");
    site.push(&[]).ends(0);
    let unheard = |status: &serde_json::Value| status["targets"][0]["observations"][0]["ok"] == false;
    site.until_status(&second, "that nobody answers", unheard);
    site.afterpush(&["daemon", "stop"]).ends(0);
    site.quiet();
}
