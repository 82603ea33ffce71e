//! `afterpush clean`: what is old goes, what lives stays, what is not ours is not touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use afterpush::base::Timestamp;
use afterpush::push::RequestId;
use afterpush::store::{Change, Store};
use afterpush::watch::Watch;

use crate::support::{Ran, Sandbox};

const WATCH: &str = include_str!("../fixtures/store/watch-1.json");

fn age(path: &Path, days: u64) {
    let then = SystemTime::now() - Duration::from_secs(days * 86_400 + 60);
    fs::File::options().write(true).open(path).and_then(|file| file.set_modified(then)).expect("made older");
}

fn old_file(path: PathBuf) -> PathBuf {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(&path, "x").expect("written");
    age(&path, 8);
    path
}

/// Records the watch of a commit, running or stopped.
fn record(sandbox: &Sandbox, sha: &str, is_over: bool) {
    let mut watch: serde_json::Value = serde_json::from_str(WATCH).expect("JSON");
    watch["sha"] = sha.into();
    if is_over {
        let ending = serde_json::json!({"verdict": "stopped", "reason": "stopped_by_user", "message": "x", "at": Timestamp::from_secs(0)});
        watch["ending"] = ending;
    }
    let mut watch: Watch = serde_json::from_value(watch).expect("a watch");
    watch.id = RequestId::of_file_name(&format!("{}.{sha}", "0".repeat(32))).expect("an id");
    let path = sandbox.layout().store();
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(&path).await.expect("a store");
        store.record([&Change { watch: Arc::new(watch), events: Vec::new() }]).await.expect("recorded");
        store.close().await;
    });
}

fn clean(sandbox: &Sandbox, args: &[&str]) -> Ran {
    sandbox.afterpush(&[&["clean"], args].concat())
}

#[test]
fn old_files_go_and_what_lives_or_is_foreign_stays() {
    let sandbox = Sandbox::new();
    let layout = sandbox.layout();
    let (dead, living) = ("a".repeat(40), "b".repeat(40));
    record(&sandbox, &living, false);
    let gone = [
        old_file(layout.status(&dead)),
        old_file(layout.timeline(&dead)),
        old_file(layout.log(&dead, "web")),
        old_file(layout.status_dir().join(format!(".{dead}.json.4711.{}", "0".repeat(32)))),
        old_file(sandbox.work().join(".deployment-status-aaaaaaa.log")),
        old_file(sandbox.work().join(".deployment-monitor-aaaaaaa.pid")),
    ];
    let young = old_file(layout.status(&"c".repeat(40)));
    age(&young, 6);
    let victim = old_file(sandbox.root().join("victim"));
    let link = layout.status(&"d".repeat(40));
    std::os::unix::fs::symlink(&victim, &link).expect("planted");
    let stays = [
        young,
        victim,
        link,
        old_file(layout.status(&living)),
        old_file(layout.log(&living, "web")),
        old_file(layout.latest()),
        old_file(layout.status_dir().join("notes.txt")),
        old_file(sandbox.work().join(".deployment-status-bbbbbbb.log")),
        old_file(sandbox.work().join("README.md")),
    ];
    let told = clean(&sandbox, &["--dry-run"]).ends(0).out();
    let mut told: Vec<_> = told.lines().map(PathBuf::from).collect();
    told.sort();
    let mut expected = gone.to_vec();
    expected.sort();
    assert_eq!(told, expected);
    assert!(gone.iter().all(|path| path.exists()), "a dry run removes nothing");
    clean(&sandbox, &[]).ends(0);
    assert_eq!(gone.iter().filter(|path| path.exists()).collect::<Vec<_>>(), Vec::<&PathBuf>::new());
    let missing = stays.iter().filter(|path| path.symlink_metadata().is_err());
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&PathBuf>::new());
}

#[test]
fn a_decided_commit_goes_by_the_age_of_its_file() {
    let sandbox = Sandbox::new();
    let decided = "a".repeat(40);
    record(&sandbox, &decided, true);
    let file = old_file(sandbox.layout().status(&decided));
    clean(&sandbox, &["--older-than", "9d"]).ends(0);
    assert!(file.exists());
    let told = clean(&sandbox, &["--json"]).ends(0).out();
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((&told["schema"], &told["count"]), (&"afterpush.clean/1".into(), &1.into()));
    assert!(!file.exists());
}

#[test]
fn a_store_that_cannot_be_read_holds_everything() {
    let sandbox = Sandbox::new();
    let file = old_file(sandbox.layout().status(&"a".repeat(40)));
    fs::create_dir_all(sandbox.layout().private()).expect("made");
    fs::write(sandbox.layout().store(), "no database at all, and long enough to be read as one ".repeat(50))
        .expect("written");
    let said = clean(&sandbox, &[]).ends(1).err();
    assert!(said.contains("nothing was removed, because it cannot be told which commits are still watched"), "{said}");
    assert!(file.exists());
}

#[test]
fn without_a_store_and_without_files_there_is_nothing_to_do() {
    let sandbox = Sandbox::new();
    assert!(clean(&sandbox, &[]).ends(0).err().contains("nothing is old enough to go"));
    let outside = Ran::of(sandbox.command(env!("CARGO_BIN_EXE_afterpush")).arg("clean").current_dir(sandbox.root()));
    outside.ends(2);
}
