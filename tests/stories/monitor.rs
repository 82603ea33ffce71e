//! The monitor outlives its terminal, comes back from a kill, and leaves when nothing is left.

use std::fs;
use std::process::Stdio;

use afterpush::standin::{Pace, Recipe, Stage};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::support::{Ran, Site, until};

fn finish(site: &Site, sha: &str) {
    site.force(sha, Stage::Active);
}

fn monitor(site: &Site) -> Pid {
    let found = site.processes();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0]
}

#[test]
fn a_killed_monitor_costs_time_and_nothing_else() {
    let site = Site::new();
    let sha = site.building();
    kill(monitor(&site), Signal::SIGKILL).expect("it is ours");
    site.quiet();
    // What the monitor had started may hold its lock a moment longer.
    until("doctor tells that nobody attends to it", || {
        let ran = site.afterpush(&["doctor", "--offline", "--exit-code"]);
        (ran.code() == Some(1) && ran.out().contains("not decided yet") && ran.out().contains("fix: afterpush wait"))
            .then_some(())
    });
    finish(&site, &sha);
    let ran = site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
    assert!(ran.out().contains("live"), "{ran}");
}

#[test]
fn the_end_of_the_terminal_is_not_the_end_of_the_monitor() {
    let site = Site::new();
    let sha = site.commit("from a terminal");
    let mut command = site.command("script");
    let ran = Ran::of(command.args(["--quiet", "--return", "--command", "git push; kill -HUP 0", "/dev/null"]));
    assert_eq!(site.git(&["ls-remote", "origin", "main"]).split_whitespace().next(), Some(sha.as_str()), "{ran}");
    site.deploy(&sha, Recipe::live());
    site.decided(&sha, "live", "deployed_live");
}

#[test]
fn a_signal_to_the_pushing_shells_group_spares_the_monitor() {
    use std::os::unix::process::CommandExt;
    let site = Site::new();
    let sha = site.commit("from a job");
    let mut shell = site.command("sh");
    let shell = shell.args(["-c", "git push && touch pushed; sleep 1000"]).process_group(0);
    let mut shell = shell.stderr(Stdio::null()).spawn().expect("a shell");
    until("the push is made", || site.work().join("pushed").exists().then_some(()));
    killpg(Pid::from_raw(i32::try_from(shell.id()).expect("a pid")), Signal::SIGKILL).expect("it is ours");
    shell.wait().expect("it is ours");
    site.deploy(&sha, Recipe::live());
    site.decided(&sha, "live", "deployed_live");
}

#[test]
fn captured_output_ends_when_the_push_ends() {
    let site = Site::new();
    site.commit("captured");
    // The end of the output is the end of the last process that holds it; the monitor must not be one.
    let ran = Ran::of(site.command("sh").args(["-c", "out=$(git push 2>&1); echo \"$out\""])).ends(0);
    assert!(ran.out().contains("noted"), "{ran}");
    assert_eq!(site.processes().len(), 1);
}

#[test]
fn twenty_pushes_at_once_have_one_monitor_and_twenty_verdicts() {
    let site = Site::with("branches = [\"*\"]");
    site.pace(Pace::ByHand);
    let commits: Vec<_> = (0..20)
        .map(|number| {
            site.git(&["switch", "--quiet", "--create", &format!("branch-{number}"), "main"]);
            site.commit(&format!("number {number}"))
        })
        .collect();
    let pushes: Vec<_> = (0..20)
        .map(|number| {
            let mut push = site.command("git");
            push.args(["push", "--quiet", "origin", &format!("branch-{number}")]).stderr(Stdio::null());
            push.spawn().expect("git runs")
        })
        .collect();
    for mut push in pushes {
        assert!(push.wait().expect("git was started").success());
    }
    for sha in &commits {
        site.until_status(sha, "that it is watched", |status| status["push"]["confirmed"] == true);
    }
    assert_eq!(site.processes().len(), 1);
}

#[test]
fn worktrees_share_one_monitor() {
    let site = Site::with("branches = [\"*\"]");
    let mut commits = vec![site.building()];
    for name in ["left", "right"] {
        let there = site.root().join(name).display().to_string();
        site.git(&["worktree", "add", "--quiet", "-b", name, &there]);
        site.git(&["-C", &there, "commit", "--quiet", "--allow-empty", "--message", name]);
        site.git(&["-C", &there, "push", "--quiet", "origin", name]);
        commits.push(site.git(&["-C", &there, "rev-parse", "HEAD"]));
    }
    for sha in &commits {
        site.until_status(sha, "that it is watched", |status| status["push"]["confirmed"] == true);
    }
    assert_eq!(site.processes().len(), 1);
}

#[test]
fn the_monitor_leaves_when_nothing_is_left() {
    let site = Site::new();
    let sha = site.ship(Recipe::live());
    site.decided(&sha, "live", "deployed_live");
    // A process that ends has lost its arguments a moment before it is gone.
    until("the monitor is gone", || site.afterpush(&["daemon", "status"]).code().filter(|code| *code == 3));
    assert_eq!(site.processes(), []);
    site.afterpush(&["status"]).ends(0);
}

#[test]
fn stop_ends_the_watch_and_the_monitor() {
    let site = Site::new();
    let sha = site.building();
    site.afterpush(&["stop"]).ends(0);
    site.decided(&sha, "stopped", "stopped_by_user");
    site.afterpush(&["status"]).ends(5);
    site.quiet();
    finish(&site, &sha);
    site.afterpush(&["track"]).ends(0);
    site.afterpush(&["wait"]).ends(0);
}

#[test]
fn a_corrupt_database_is_set_aside_and_the_watch_goes_on() {
    let site = Site::new();
    let sha = site.building();
    kill(monitor(&site), Signal::SIGKILL).expect("it is ours");
    site.quiet();
    for name in ["state.sqlite3-wal", "state.sqlite3-shm"] {
        // Not every journal mode leaves them.
        let _ = fs::remove_file(site.layout().private().join(name));
    }
    fs::write(site.layout().store(), "this is no database").expect("our own file");
    finish(&site, &sha);
    site.afterpush(&["wait"]).ends(0);
    let kept = fs::read_dir(site.layout().private()).expect("our own folder").filter_map(Result::ok);
    let kept: Vec<_> = kept.map(|entry| entry.file_name()).collect();
    let aside = kept.iter().filter(|name| name.to_string_lossy().starts_with("state.sqlite3"));
    assert!(aside.count() >= 2, "{kept:?}");
}

#[test]
fn garbage_in_the_inbox_is_set_aside() {
    let site = Site::new();
    site.building();
    fs::write(site.layout().inbox().join("new/garbage"), "not a request").expect("our own folder");
    until("it is set aside", || site.layout().inbox().join("bad/garbage").exists().then_some(()));
    let sha = site.ship(Recipe::live());
    site.decided(&sha, "live", "deployed_live");
}
