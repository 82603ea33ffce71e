//! Very many watches at once.

use std::fmt::Write as _;
use std::fs;
use std::process::Stdio;

use afterpush::base::Span;
use afterpush::standin::{Recipe, Stage};

use crate::support::{Site, until};

/// So many commits that landed one after the other, all asked for before a monitor runs; the provider deploys the newest.
/// `tests/bench/run.sh apps` has ten thousand, with the program as it is released: a debug build takes its time.
const COUNT: usize = 300;

#[test]
fn many_watches_share_their_questions_and_each_gets_its_verdict() {
    let site = Site::new();
    let commits = add_commits(&site);
    site.push(&["--no-verify"]).ends(0);
    for (commit, number) in commits.iter().zip(0..) {
        site.ask_to_track(commit, Span::from_millis(number));
    }
    let newest = site.ship(Recipe::of([Stage::PendingBuild, Stage::Building]));
    for commit in &commits {
        until("it is watched", || site.status(commit));
    }
    site.until_status(&newest, "building", |status| status["phase"] == "building");

    let monitor = site.processes()[0];
    let opened = fs::read_dir(format!("/proc/{monitor}/fd")).expect("it lives").count();
    assert!(opened < 100, "{opened} files and connections are open");
    let status = fs::read_to_string(format!("/proc/{monitor}/status")).expect("it lives");
    let memory = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("the kernel tells it");
    let memory: usize = memory.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(memory < 200 << 10, "{memory} KiB of memory");

    site.force(&newest, Stage::Active);
    site.decided(&newest, "live", "deployed_live");
    for commit in &commits {
        let status = until("it is done", || site.status(commit).filter(|status| status["done"] == true));
        assert_eq!((&status["verdict"], &status["attempt"]), (&"live".into(), &1.into()), "{status:#}");
    }
    let heard = site.provider().heard();
    let looks = heard.iter().filter(|heard| heard.path.contains("/deployments?")).count();
    assert!(0 < looks && looks < COUNT, "{looks} questions for the deployments of {COUNT} commits");
}

/// Puts the commits on the branch `main` and returns them, the oldest first.
fn add_commits(site: &Site) -> Vec<String> {
    let mut stream = String::new();
    for number in 0..COUNT {
        let from = if number == 0 { "from refs/heads/main^0\n" } else { "" };
        let head = "commit refs/heads/main\ncommitter Ada <ada@example.com> 1767225600 +0000";
        let _ = write!(stream, "{head}\ndata 6\n{number:06}\n{from}");
    }
    let file = site.root().join("commits");
    fs::write(&file, stream).expect("room on the disk");
    let mut import = site.command("git");
    let input = fs::File::open(&file).expect("our own file");
    let status = import.args(["fast-import", "--quiet"]).stdin(Stdio::from(input)).status().expect("git");
    assert!(status.success());
    let list = site.git(&["rev-list", "--reverse", &format!("-{COUNT}"), "main"]);
    list.lines().map(str::to_owned).collect()
}
