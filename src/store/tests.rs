//! The story of a store, on a real file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::*;
use crate::base::{Boot, Span, Timestamp};
use crate::push::{RefName, RemoteName};
use crate::watch::{Ending, EventKind, Landing, Proof, Reason, Verdict};

/// A watch as the first version of the store wrote it. Never change this file: it has to be read for ever.
const FIRST: &str = include_str!("../../tests/fixtures/store/watch-1.json");
/// An event of that time.
const FIRST_EVENT: &str = include_str!("../../tests/fixtures/store/event-1.json");

struct Bed {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

impl Bed {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("state.sqlite3");
        Self { _dir: dir, path }
    }

    async fn open(&self) -> Store {
        Store::open(&self.path).await.expect("a store")
    }
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_790_000_000) + Span::from_secs(secs)
}

fn sha(digit: char) -> Sha {
    digit.to_string().repeat(40).parse().expect("an object id")
}

/// The watch of a push of the commit `dddd…` so many seconds into the story.
fn watch(digit: char, attempt: u32, secs: i64) -> Watch {
    let mut watch: Watch = serde_json::from_str(FIRST).expect("a watch");
    let id = format!("{:032x}.{}", secs, sha(digit));
    watch.id = RequestId::of_file_name(&id).expect("an id");
    watch.sha = sha(digit);
    watch.attempt = attempt;
    Arc::make_mut(&mut watch.push).at = at(secs);
    watch.next_look = at(secs + 5);
    watch
}

fn decided(mut watch: Watch, secs: i64) -> Watch {
    let message = "stopped".to_owned();
    watch.ending = Some(Ending { verdict: Verdict::Stopped, reason: Reason::StoppedByUser, message, at: at(secs) });
    watch.next_look = Timestamp::NEVER;
    watch.revision += 1;
    watch
}

fn event(message: &str) -> Event {
    Event { at: at(1), kind: EventKind::Phase, target: None, from: None, to: None, message: message.to_owned() }
}

/// It was news to the store.
async fn record(store: &Store, watch: &Watch, events: &[Event]) -> bool {
    let change = Change { watch: Arc::new(watch.clone()), events: events.to_vec() };
    store.record([&change]).await.expect("a database that takes it") == 1
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

fn main_branch() -> (RemoteName, RefName) {
    (RemoteName::new("origin"), RefName::of_branch("main"))
}

#[tokio::test]
async fn a_watch_is_recorded_once_and_found_again_after_a_restart() {
    let bed = Bed::new();
    let store = bed.open().await;
    assert!(store.is_fresh());
    let first = watch('a', 1, 10);
    assert!(record(&store, &first, &[event("pushed")]).await);
    assert!(!record(&store, &first, &[event("pushed")]).await);
    store.close().await;
    let store = bed.open().await;
    assert!(!store.is_fresh());
    assert_eq!(store.living().await.expect("read"), std::slice::from_ref(&first));
    assert_eq!(store.by_id(&first.id).await.expect("read"), Some(first.clone()));
    assert_eq!(store.events(&first.id).await.expect("read"), [event("pushed")]);
}

#[tokio::test]
async fn only_a_higher_revision_goes_in() {
    let bed = Bed::new();
    let store = bed.open().await;
    let first = watch('a', 1, 10);
    assert!(record(&store, &first, &[]).await);
    assert!(!record(&store, &first, &[event("again")]).await);
    let newer = decided(first.clone(), 20);
    assert!(record(&store, &newer, &[event("one"), event("two")]).await);
    assert!(!record(&store, &newer, &[event("two")]).await);
    assert_eq!(store.newest(&sha('a')).await.expect("read"), Some(newer));
    assert_eq!(store.events(&first.id).await.expect("read"), [event("one"), event("two")]);
}

#[tokio::test]
async fn many_changes_go_in_together_or_not_at_all() {
    let bed = Bed::new();
    let store = bed.open().await;
    let first = watch('a', 1, 10);
    let change = |watch: &Watch, events: &[Event]| Change { watch: Arc::new(watch.clone()), events: events.to_vec() };
    let known = change(&first, &[event("pushed")]);
    assert!(record(&store, &first, &known.events).await);
    let others = [known, change(&watch('b', 1, 20), &[]), change(&decided(first.clone(), 30), &[event("over")])];
    store.refuse(true).await;
    assert!(store.record(&others).await.is_err());
    store.refuse(false).await;
    assert_eq!(store.living().await.expect("read").len(), 1);
    assert_eq!(store.record(&others).await.expect("recorded"), 2, "one is known");
    assert_eq!(store.living().await.expect("read"), [watch('b', 1, 20)]);
    assert_eq!(store.events(&first.id).await.expect("read"), [event("pushed"), event("over")]);
}

#[tokio::test]
async fn living_watches_come_in_the_order_of_their_next_look() {
    let bed = Bed::new();
    let store = bed.open().await;
    for watch in [watch('c', 1, 30), watch('a', 1, 10), decided(watch('b', 1, 20), 21)] {
        assert!(record(&store, &watch, &[]).await);
    }
    let living = store.living().await.expect("read");
    assert_eq!(living.iter().map(|w| w.sha.clone()).collect::<Vec<_>>(), [sha('a'), sha('c')]);
    let mut commits = store.living_commits().await.expect("read");
    commits.sort();
    assert_eq!(commits, [sha('a'), sha('c')]);
    let recent = store.recent(2).await.expect("read");
    assert_eq!(recent.iter().map(|w| w.sha.clone()).collect::<Vec<_>>(), [sha('c'), sha('b')]);
}

#[tokio::test]
async fn all_attempts_are_kept_and_the_newest_answers() {
    let bed = Bed::new();
    let store = bed.open().await;
    assert!(record(&store, &decided(watch('a', 1, 10), 11), &[]).await);
    assert!(record(&store, &watch('a', 2, 20), &[]).await);
    let attempts = store.attempts(&sha('a')).await.expect("read");
    assert_eq!(attempts.iter().map(|w| w.attempt).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(store.newest(&sha('a')).await.expect("read").map(|w| w.attempt), Some(2));
    assert_eq!(store.newest(&sha('b')).await.expect("read"), None);
    let others = store.other_attempts([&watch('a', 1, 10), &watch('b', 1, 30)]).await.expect("read");
    assert_eq!(others.iter().map(|w| w.attempt).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn later_pushes_are_told_as_they_are_however_often_they_were_asked_for() {
    let bed = Bed::new();
    let store = bed.open().await;
    let (remote, main) = main_branch();
    let after = async |secs| {
        let pushes = store.pushes_after(&remote, &main, at(secs)).await.expect("read");
        pushes.after(at(secs)).to_vec()
    };
    let written = async |watch: &Watch| assert!(record(&store, watch, &[]).await);
    let mut second = watch('b', 1, 100);
    written(&watch('a', 1, 0)).await;
    written(&second).await;
    let both = [(sha('a'), at(0)), (sha('b'), at(100))];
    assert_eq!((after(-1).await, after(0).await, after(100).await), (both.to_vec(), both[1..].to_vec(), Vec::new()));
    second.landing = Landing::NotLanded;
    second.revision += 1;
    written(&second).await;
    assert_eq!(after(-1).await, both[..1], "it did not get there");
    second.landing = Landing::Landed { at: at(105), by: Proof::Remote };
    second.revision += 1;
    written(&second).await;
    assert_eq!(after(-1).await, both, "it did after all");
    written(&watch('c', 1, 50)).await;
    assert_eq!(after(-1).await.len(), 3, "a third one was noted");
    let known = store.pushes_after(&remote, &main, at(-1)).await.expect("read");
    assert_eq!(known.of(&sha('c').as_str()[..7]).collect::<Vec<_>>(), [&(sha('c'), at(50))]);
    assert_eq!(store.forget(at(i64::from(u32::MAX))).await.expect("forgotten").len(), 0, "all of them live");
}

#[tokio::test]
async fn the_journal_is_compared_with_what_is_known() {
    let bed = Bed::new();
    let store = bed.open().await;
    let (remote, main) = main_branch();
    assert!(record(&store, &watch('a', 1, 0), &[]).await);
    let mut rejected = watch('b', 1, 100);
    rejected.landing = Landing::NotLanded;
    assert!(record(&store, &rejected, &[]).await);
    store.ignore(&remote, &main, &sha('c'), at(200)).await.expect("ignored");
    store.ignore(&remote, &main, &sha('c'), at(200)).await.expect("ignored twice");
    let boot = Boot { id: "one".to_owned(), at: at(-500) };
    let knows = async |digit, secs| store.knows_push(&remote, &main, &sha(digit), at(secs), &boot).await.expect("read");
    assert!(knows('a', 5).await && knows('c', 205).await);
    assert!(!knows('b', 105).await, "a push that did not land is not the one the reflog tells of");
    assert!(!knows('a', 100_000).await, "a much later push of the same commit is another one");
    let other = RefName::of_branch("next");
    assert!(!store.knows_push(&remote, &other, &sha('a'), at(5), &boot).await.expect("read"));
    let mut slow = watch('d', 1, 0);
    slow.landing = Landing::Unproven { git_gone: false };
    assert!(record(&store, &slow, &[]).await);
    assert!(knows('d', 7_200).await, "a git that is at work for two hours");
    slow = decided(slow, 60);
    assert!(record(&store, &slow, &[]).await);
    assert!(knows('d', 7_200).await, "whatever the user said meanwhile");
    slow.landing = Landing::Landed { at: at(7_201), by: Proof::TrackingRef };
    slow.revision += 1;
    assert!(record(&store, &slow, &[]).await);
    assert!(knows('d', 7_200).await, "and has pushed");
    assert!(!knows('d', 7_300).await, "what was pushed after that is another push");
    slow.boot = Some(Boot { id: "one".to_owned(), at: at(-400) });
    slow.revision += 1;
    assert!(record(&store, &slow, &[]).await);
    assert!(knows('d', 7_300).await, "unless the clock was put back meanwhile");
}

#[tokio::test]
async fn what_sqlite_takes_back_by_itself_costs_no_later_change() {
    let bed = Bed::new();
    let store = bed.open().await;
    for digit in ['a', 'b'] {
        // So it does where the disk is full.
        let mut change = store.change().await.expect("begun");
        sqlx::query("ROLLBACK").execute(&mut *change).await.expect("taken back");
        assert!(change.commit().await.is_err());
        assert!(record(&store, &watch(digit, 1, 10), &[]).await);
    }
}

#[tokio::test]
async fn only_old_decided_watches_are_forgotten() {
    let bed = Bed::new();
    let store = bed.open().await;
    assert!(record(&store, &decided(watch('a', 1, 10), 11), &[event("x")]).await);
    assert!(record(&store, &decided(watch('b', 1, 10), 11), &[]).await);
    assert!(record(&store, &watch('b', 2, 20), &[]).await);
    assert!(record(&store, &decided(watch('c', 1, 50), 51), &[]).await);
    assert_eq!(store.forget(at(50)).await.expect("forgotten"), [sha('a')], "b is still watched");
    assert_eq!(store.attempts(&sha('b')).await.expect("read").len(), 1);
    assert!(store.newest(&sha('c')).await.expect("read").is_some());
    assert_eq!(store.events(&watch('a', 1, 10).id).await.expect("read"), []);
}

#[tokio::test]
async fn notes_are_replaced() {
    let store = Bed::new().open().await;
    assert_eq!(store.note("x").await.expect("read"), None);
    store.set_note("x", "1").await.expect("written");
    store.set_note("x", "2").await.expect("written");
    assert_eq!(store.note("x").await.expect("read").as_deref(), Some("2"));
}

#[tokio::test]
async fn all_its_files_are_private() {
    let bed = Bed::new();
    let store = bed.open().await;
    assert!(record(&store, &watch('a', 1, 10), &[]).await);
    for suffix in ["", "-wal", "-shm"] {
        let path = PathBuf::from(format!("{}{suffix}", bed.path.display()));
        assert_eq!(mode(&path), 0o600, "{suffix}");
    }
    store.close().await;
    fs::set_permissions(&bed.path, fs::Permissions::from_mode(0o644)).expect("opened");
    bed.open().await.close().await;
    assert_eq!(mode(&bed.path), 0o600);
}

#[tokio::test]
async fn garbage_is_called_corrupt_and_set_aside() {
    let bed = Bed::new();
    fs::write(&bed.path, "this is no database, and long enough to be looked at ".repeat(100)).expect("written");
    let error = Store::open(&bed.path).await.expect_err("garbage");
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    let aside = Store::set_aside(&bed.path, at(0)).expect("moved");
    assert!(aside.to_string_lossy().ends_with("state.sqlite3.corrupt-20260921T141320Z"), "{aside:?}");
    assert!(bed.open().await.is_fresh());
}

#[tokio::test]
async fn a_torn_page_is_called_corrupt() {
    let bed = Bed::new();
    let store = bed.open().await;
    for secs in 0..200 {
        assert!(record(&store, &watch('a', 1, secs), &[event("x")]).await);
    }
    store.close().await;
    let mut bytes = fs::read(&bed.path).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0xa5);
    fs::write(&bed.path, bytes).expect("written");
    let error = Store::open(&bed.path).await.expect_err("torn");
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let bed = Bed::new();
    let store = bed.open().await;
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&store.pool).await.expect("set");
    store.close().await;
    let before = fs::read(&bed.path).expect("read");
    let error = Store::open(&bed.path).await.expect_err("newer");
    assert!(matches!(error, StoreError::Newer { found: 99, known: 2 }), "{error:?}");
    assert!(matches!(Store::open_to_read(&bed.path).await, Err(StoreError::Newer { .. })));
    assert_eq!(fs::read(&bed.path).expect("read"), before);
}

#[tokio::test]
async fn one_unreadable_watch_does_not_take_the_others_with_it() {
    let bed = Bed::new();
    let store = bed.open().await;
    assert!(record(&store, &watch('a', 1, 10), &[]).await);
    assert!(record(&store, &watch('b', 1, 20), &[]).await);
    sqlx::raw_sql("UPDATE watch SET body = '{' WHERE attempt = 1 AND pushed_at = (SELECT MIN(pushed_at) FROM watch)")
        .execute(&store.pool)
        .await
        .expect("damaged");
    let living = store.living().await.expect("read");
    assert_eq!(living.iter().map(|w| w.sha.clone()).collect::<Vec<_>>(), [sha('b')]);
    assert_eq!(store.living_commits().await.expect("read").len(), 2, "its files are kept all the same");
}

#[tokio::test]
async fn a_planted_link_is_not_opened() {
    let bed = Bed::new();
    let victim = bed.path.with_file_name("victim");
    fs::write(&victim, "").expect("written");
    std::os::unix::fs::symlink(&victim, &bed.path).expect("planted");
    assert!(matches!(Store::open(&bed.path).await, Err(StoreError::Foreign(..))));
    assert_eq!(fs::read(&victim).expect("read"), b"");
}

#[tokio::test]
async fn a_file_that_has_a_second_name_is_not_opened() {
    for suffix in ["", "-wal", "-shm"] {
        let bed = Bed::new();
        let store = bed.open().await;
        assert!(record(&store, &watch('a', 1, 10), &[]).await);
        let mut name = bed.path.clone().into_os_string();
        name.push(suffix);
        let name = PathBuf::from(name);
        let other = bed.path.with_file_name("other");
        fs::hard_link(&name, &other).expect("it is there while the store is open");
        let refused = [Store::open(&bed.path).await.err(), Store::open_to_read(&bed.path).await.err()];
        let why = format!("the store's file {} is not used: it has a second name", name.display());
        assert_eq!(refused.map(|error| error.map(|error| error.to_string())), [Some(why.clone()), Some(why)]);
        fs::remove_file(&other).expect("the second name goes");
        assert!(Store::open_to_read(&bed.path).await.expect("it is opened").is_some());
        store.close().await;
    }
}

#[test]
fn commands_read_beside_the_writer_and_cannot_write() {
    let bed = Bed::new();
    let none = blocking::read(&bed.path, async |store| store.living().await).expect("asked");
    assert_eq!(none, None);
    assert!(!bed.path.exists());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let store = runtime.block_on(bed.open());
    assert!(runtime.block_on(record(&store, &watch('a', 1, 10), &[])));
    let commits = blocking::read(&bed.path, async |store| store.living_commits().await).expect("asked");
    assert_eq!(commits, Some(vec![sha('a')]));
    let refused = blocking::read(&bed.path, async |store| store.set_note("x", "y").await);
    assert!(matches!(refused, Err(StoreError::Database(_))), "{refused:?}");
    runtime.block_on(store.close());
}

#[test]
fn what_the_first_version_wrote_is_read_for_ever() {
    let watch: Watch = serde_json::from_str(FIRST).expect("the first version's watch");
    assert_eq!(watch.landing, Landing::Landed { at: at(2), by: Proof::TrackingRef });
    assert_eq!(watch.courses[0].target.name.as_str(), "web");
    assert_eq!(watch.push.url, None);
    let event: Event = serde_json::from_str(FIRST_EVENT).expect("the first version's event");
    assert_eq!(event.kind, EventKind::Phase);
}
