//! `wait`, `watch`, `track`, `stop` with a monitor at work and a stand-in for the provider.

use std::fs::{File, FileTimes};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::SystemTime;

use afterpush::process::MonitorFile;
use afterpush::standin::{Pace, Recipe, Stage, Trouble};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::support::{Ran, Sandbox, Site, until};

#[test]
fn a_push_without_the_hook_is_waited_for_to_its_verdict() {
    let site = Site::new();
    let sha = site.commit("past the hook");
    site.push(&["--no-verify"]).ends(0);
    site.deploy(&sha, Recipe::live());
    let ran = site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
    assert!(ran.out().starts_with(&format!("{}\tlive\tmain\tweb\t", &sha[..7])), "{ran}");
    assert!(ran.err().contains("without the hook"), "{ran}");
    let json = site.afterpush(&["status", "--json"]).ends(0).json();
    assert_eq!(
        (&json["verdict"], &json["push"]["confirmed"], &json["attempt"]),
        (&json!("live"), &json!(true), &json!(1))
    );
}

#[test]
fn where_the_hook_was_taken_out_no_push_is_picked_up() {
    let site = Site::new();
    site.afterpush(&["uninstall"]).ends(0);
    let sha = site.ship(Recipe::live());
    site.afterpush(&["status"]).ends(7);
    assert!(site.processes().is_empty() && site.status(&sha).is_none());
}

#[test]
fn a_failure_is_told_with_its_log() {
    let site = Site::unhooked();
    let sha = site.ship(Recipe::failing_build(&["> tsc -p .", "src/cart.ts: error TS2322", "exit 2"]));
    let ran = site.afterpush(&["wait", "--timeout", "60s"]).ends(1);
    assert!(ran.out().contains("\tfailed\t") && ran.err().contains("error TS2322"), "{ran}");
    let json = site.afterpush(&["wait", "--json"]).ends(1).json();
    let summary = json["failure"]["summary"].as_str().expect("a sentence");
    assert_eq!(ran.err().matches(summary).count(), 1, "said once: {ran}");
    assert_eq!(json["failure"]["code"], "build_failed", "{json}");
    let log = site.afterpush(&["logs", &sha]).ends(0).out();
    assert!(log.contains("> tsc -p ."), "{log}");
}

#[test]
fn a_monitor_that_stands_still_is_told_and_how_it_is_ended() {
    let site = Site::new();
    site.building();
    let pid = MonitorFile::read(&site.layout()).expect("one is at work").identity.pid;
    kill(Pid::from_raw(pid), Signal::SIGSTOP).expect("our own monitor");
    // Long ago, instead of waiting until it is.
    let times = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH);
    let alive = File::options().write(true).open(site.layout().alive()).expect("its heart has beaten");
    alive.set_times(times).expect("our own file");
    let words = format!("the monitor (pid {pid}) does not respond; `afterpush daemon stop` ends it");
    for args in [&["status"][..], &["wait", "--timeout", "5s"], &["watch", "--timeout", "5s"]] {
        let code = if args[0] == "status" { 8 } else { 124 };
        let ran = site.afterpush(args).ends(code);
        assert_eq!(format!("{}{}", ran.out(), ran.err()).matches(&words).count(), 1, "{ran}");
        assert!(!ran.err().contains("the monitor goes on"), "{ran}");
    }
    let told = site.afterpush(&["status", "--json"]).ends(8).json();
    assert_eq!(told["warnings"][0]["code"], "monitor_silent", "{told:#}");
    kill(Pid::from_raw(pid), Signal::SIGCONT).expect("our own monitor");
}

#[test]
fn where_no_monitor_is_started_status_and_list_tell_of_the_push_all_the_same() {
    let mut site = Site::new();
    site.set("AFTERPUSH_SPAWN", "0");
    let sha = site.commit("for nobody");
    site.push(&[]).ends(0);
    let ran = site.afterpush(&["status"]).ends(8);
    assert!(ran.err().contains("no monitor is started here") && ran.err().contains("`afterpush wait`"), "{ran}");
    let listed = site.afterpush(&["list"]).ends(0);
    assert!(listed.out().contains(&sha[..7]) && listed.out().contains("pushing"), "{listed}");
    assert!(!listed.err().contains("no push is known"), "{listed}");
}

#[test]
fn a_stage_or_a_limit_ends_the_waiting_and_the_monitor_goes_on() {
    let site = Site::unhooked();
    site.pace(Pace::ByHand);
    let sha = site.ship(Recipe::live());
    let ran = site.afterpush(&["wait", "--for", "registered", "--timeout", "60s", "--json"]).ends(0);
    assert_eq!((&ran.json()["done"], &ran.json()["exit_code"]), (&json!(false), &json!(0)), "{ran}");
    let ran = site.afterpush(&["wait", "--timeout", "300ms"]).ends(124);
    assert!(ran.err().contains("the monitor goes on"), "{ran}");
    assert_eq!(ran.err().matches("afterpush wait").count(), 1, "said once: {ran}");
    site.afterpush(&["daemon", "status"]).ends(0);
    site.force(&sha, Stage::Active);
    site.afterpush(&["wait", "--timeout", "60s", "-q"]).ends(0);
}

#[test]
fn a_stream_ends_with_exactly_one_line_that_says_so() {
    let site = Site::unhooked();
    site.ship(Recipe::live());
    let lines = site.afterpush(&["watch", "--timeout", "60s"]).ends(0).out();
    assert_eq!(lines.matches(" DONE ").count(), 1, "{lines}");
    let last = lines.lines().last().expect("a line");
    assert!(last.contains("DONE live") && last.contains("exit=0"), "{lines}");
    let events = site.afterpush(&["watch", "--jsonl"]).ends(0).out();
    let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let kinds: Vec<_> = events.iter().filter(|event| event["type"] == "verdict").collect();
    assert_eq!(kinds.len(), 1, "{events:?}");
    assert_eq!((&events.last().expect("one")["to"], &events[0]["seq"]), (&json!("live"), &json!(1)));
}

#[test]
fn a_limit_ends_a_stream_with_its_one_line_too() {
    let site = Site::unhooked();
    site.pace(Pace::ByHand);
    site.ship(Recipe::live());
    let lines = site.afterpush(&["watch", "--timeout", "2s"]).ends(124).out();
    assert_eq!(lines.matches(" DONE timeout ").count(), 1, "{lines}");
    let events = site.afterpush(&["watch", "--timeout", "1s", "--jsonl"]).ends(124).out();
    let told: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let is_sentence = |event: &Value| event["message"].as_str().is_some_and(|message| message.contains(' '));
    assert!(told.iter().all(is_sentence), "sentences, not codes: {events}");
    let last = told.last().expect("a line");
    assert_eq!((&last["type"], &last["to"]), (&json!("verdict"), &json!("timeout")), "{events}");
}

#[test]
fn a_stream_ends_with_its_reader_as_any_program_in_a_pipe_does() {
    let site = Site::unhooked();
    site.pace(Pace::ByHand);
    site.ship(Recipe::live());
    let mut watch = site.calling(&["watch"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("started");
    drop(watch.stdout.take());
    site.pace(Pace::Polls);
    assert_eq!(watch.wait().expect("ended").code(), Some(141));
}

#[test]
fn an_interrupt_leaves_the_view_and_not_the_monitor() {
    let site = Site::unhooked();
    site.pace(Pace::ByHand);
    site.ship(Recipe::live());
    let mut watch = site.calling(&["watch"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("started");
    let mut lines = BufReader::new(watch.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    lines.find(|line| line.contains("target=web")).expect("a line about the target");
    kill(Pid::from_raw(i32::try_from(watch.id()).expect("a pid")), Signal::SIGINT).expect("sent");
    let rest: Vec<_> = lines.collect();
    assert_eq!(rest.iter().filter(|line| line.contains("DONE interrupted")).count(), 1, "{rest:?}");
    assert_eq!(watch.wait().expect("ended").code(), Some(130));
    site.afterpush(&["daemon", "status"]).ends(0);
}

#[test]
fn on_a_terminal_the_view_is_redrawn_and_its_end_stays() {
    let site = Site::unhooked();
    site.ship(Recipe::live());
    let watch = format!("{} watch --timeout 60s", env!("CARGO_BIN_EXE_afterpush"));
    let mut terminal = site.command("script");
    terminal.args(["-qec", &watch, "/dev/null"]);
    let ran = Ran::of(terminal.env("TERM", "xterm").env("LC_ALL", "C.UTF-8").env("COLUMNS", "80")).ends(0);
    let screen = ran.out();
    assert!(!screen.contains("\u{1b}[?1049h"), "no alternate screen: {screen}");
    let (redrawn, end) = screen.rsplit_once("Ctrl-C leaves the monitor running").expect("it was drawn");
    assert!(redrawn.contains("registered") && end.contains("✓") && end.contains("live"), "{screen}");
}

#[test]
fn a_refused_token_is_told_at_once_and_a_mended_one_is_tried() {
    let site = Site::unhooked();
    site.ship(Recipe::live());
    let ran = Ran::of(site.calling(&["wait", "--timeout", "60s"]).env("DIGITALOCEAN_TOKEN", "dop_v1_wrong")).ends(4);
    assert!(ran.out().contains("credentials_refused"), "{ran}");
    site.afterpush(&["status"]).ends(4);
    site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
}

#[test]
fn a_refresh_with_a_mended_token_is_not_answered_by_what_was_refused_just_before() {
    let site = Site::unhooked();
    for _ in 0..3 {
        site.ship(Recipe::live());
        Ran::of(site.calling(&["wait", "--timeout", "60s"]).env("DIGITALOCEAN_TOKEN", "dop_v1_wrong")).ends(4);
        let ran = site.afterpush(&["status", "--refresh"]);
        assert!(!ran.out().contains("credentials_refused") && ran.code() != Some(4), "{ran}");
    }
}

#[test]
fn a_dead_monitor_is_started_again() {
    let site = Site::unhooked();
    site.pace(Pace::ByHand);
    let sha = site.ship(Recipe::live());
    site.afterpush(&["wait", "--for", "registered", "--timeout", "60s"]).ends(0);
    for pid in site.processes() {
        kill(pid, Signal::SIGKILL).expect("our own");
    }
    until("the monitor is gone", || site.afterpush(&["daemon", "status"]).code().filter(|code| *code == 3));
    site.force(&sha, Stage::Active);
    site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
}

#[test]
fn where_no_process_may_stay_behind_the_work_is_done_in_the_command() {
    let site = Site::unhooked();
    site.ship(Recipe::live());
    Ran::of(site.calling(&["wait", "--timeout", "60s"]).env("GITHUB_ACTIONS", "true")).ends(0);
    assert_eq!(site.processes(), [], "nothing was left behind");
    site.afterpush(&["logs", "--monitor"]).ends(0);
    site.afterpush(&["status", "-q"]).ends(0);
}

#[test]
fn a_stopped_watch_says_so_and_the_monitor_leaves() {
    let site = Site::unhooked();
    site.pace(Pace::ByHand);
    site.ship(Recipe::live());
    site.afterpush(&["wait", "--for", "registered", "--timeout", "60s"]).ends(0);
    site.afterpush(&["stop"]).ends(0);
    assert_eq!(site.afterpush(&["status", "-q"]).ends(5).out(), "stopped");
    site.afterpush(&["track"]).ends(0);
    site.afterpush(&["wait", "--for", "registered", "--timeout", "60s"]).ends(0);
    assert_eq!(site.afterpush(&["status", "--json"]).ends(8).json()["attempt"], 2);
    site.afterpush(&["stop", "--all"]).ends(0);
    site.afterpush(&["daemon", "status"]).ends(3);
    site.afterpush(&["status"]).ends(5);
}

#[test]
fn a_monitor_that_cannot_work_ends_the_waiting_with_its_own_reason() {
    let site = Site::unhooked();
    let store = site.layout().store();
    nix::unistd::mkfifo(&store, nix::sys::stat::Mode::S_IRWXU).expect("a pipe in its place");
    site.ship(Recipe::live());
    let file = store.display();
    let why = format!("the monitor cannot work: the store's file {file} is not used: it is not a regular file");
    for variable in ["NOTHING", "GITHUB_ACTIONS"] {
        let ran = Ran::of(site.calling(&["wait", "--timeout", "90s"]).env(variable, "true")).ends(5);
        assert!(ran.err().contains(&why) && ran.err().contains("`afterpush doctor` shows what is wrong"), "{ran}");
    }
    let ran = site.afterpush(&["watch", "--timeout", "90s"]).ends(5);
    let last = ran.out().lines().last().map(str::to_owned).expect("a line");
    assert!(last.contains(" DONE unknown ") && last.contains(" exit=5") && ran.err().contains(&why), "{ran}");
    std::fs::remove_file(&store).expect("the pipe goes");
    site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
}

#[test]
fn where_no_monitor_can_work_none_is_said_to_go_on() {
    // One that writes no log cannot say why, either.
    let site = Site::hooked(Sandbox::with(&[("AFTERPUSH_LOG", "off")]), "");
    std::os::unix::fs::symlink(site.root(), site.layout().status_dir()).expect("a link in its place");
    site.ship(Recipe::live());
    // One that has just been started is there for a moment.
    until("the monitor is said to be gone", || {
        let ran = site.afterpush(&["wait", "--timeout", "1s"]).ends(124);
        ran.err().contains("no monitor stays at work here; `afterpush logs --monitor` tells why").then_some(())
    });
}

#[test]
fn a_stopped_monitor_leaves_its_watches_to_the_next() {
    let site = Site::unhooked();
    site.pace(Pace::ByHand);
    let sha = site.ship(Recipe::live());
    site.afterpush(&["wait", "--for", "registered", "--timeout", "60s"]).ends(0);
    site.afterpush(&["daemon", "stop"]).ends(0);
    site.afterpush(&["daemon", "status"]).ends(3);
    site.afterpush(&["status", "-q"]).ends(8);
    site.force(&sha, Stage::Active);
    site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
}

#[test]
fn a_refresh_asks_the_sources_now() {
    let site = Site::unhooked();
    site.pace(Pace::ByHand);
    let sha = site.ship(Recipe::live());
    site.afterpush(&["wait", "--for", "registered", "--timeout", "60s"]).ends(0);
    site.force(&sha, Stage::Active);
    let word = until("the refreshed status is live", || {
        let ran = site.afterpush(&["status", "--refresh", "-q"]);
        (ran.out() == "live").then(|| ran.out())
    });
    assert_eq!(word, "live");
}

#[test]
fn a_refresh_of_a_decided_commit_is_answered_as_well() {
    let site = Site::unhooked();
    site.ship(Recipe::live());
    site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
    // By then the answer that decided it is some seconds old.
    site.quiet();
    let ran = site.afterpush(&["status", "--refresh", "-q"]).ends(0);
    assert!(ran.out() == "live" && ran.err().is_empty(), "{ran}");
}

#[test]
fn a_damaged_status_file_is_written_anew() {
    let site = Site::unhooked();
    let sha = site.ship(Recipe::live());
    site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
    std::fs::write(site.layout().status(&sha), "{").expect("written");
    site.afterpush(&["status"]).ends(5);
    site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
    site.afterpush(&["status"]).ends(0);
}

#[test]
fn a_push_that_is_to_be_ignored_is_left_alone() {
    let site = Site::unhooked();
    site.provider().trouble(Trouble::Down, 0);
    let sha = site.ship(Recipe::live());
    let request = json!({"schema": "afterpush.request/1", "proto": 1, "id": format!("{}.{sha}", "0".repeat(32)),
        "at": "2026-11-20T15:02:11Z", "kind": "ignore", "remote": "origin",
        "refs": [{"ref": "refs/heads/main", "old": null, "new": sha}]});
    let new = site.layout().inbox().join("new");
    std::fs::create_dir_all(&new).expect("folders");
    let request: afterpush::push::Request = serde_json::from_value(request).expect("a request");
    afterpush::spool::drop_request(&site.layout(), &request).expect("dropped");
    site.afterpush(&["status"]).ends(7);
    assert_eq!(site.processes(), []);
}
