//! The inbox against a real folder.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;
use crate::push::{Asked, StopNote};

struct World {
    _dir: tempfile::TempDir,
    layout: Layout,
}

fn world() -> World {
    let dir = tempfile::tempdir().expect("a folder");
    let layout = Layout::new(dir.path(), nix::unistd::geteuid().as_raw());
    prepare(&layout).expect("prepared");
    World { _dir: dir, layout }
}

fn sha(digit: &str) -> Sha {
    digit.repeat(40).parse().expect("an id")
}

fn request(number: u128, asked: Asked) -> Request {
    Request::new(uuid::Uuid::from_u128(number), Timestamp::from_secs(1_790_000_000), asked)
}

fn scanned(layout: &Layout) -> Vec<Found> {
    scan(layout).expect("scanned").collect()
}

impl World {
    fn folder(&self, name: &str) -> PathBuf {
        self.layout.inbox().join(name)
    }

    fn plant(&self, name: &str, content: &str, mode: u32) {
        let path = self.folder("new").join(name);
        fs::write(&path, content).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
    }

    fn only_broken(&self) -> (OsString, Option<Sha>, String) {
        match scanned(&self.layout).pop().expect("one") {
            Found::Broken { name, about, why } => (name, about, why),
            found => panic!("not broken: {found:?}"),
        }
    }
}

#[test]
fn what_is_dropped_is_found_in_order_and_gone_when_done() {
    let world = world();
    for number in [3, 1, 2] {
        drop_request(&world.layout, &request(number, Asked::Leave)).expect("dropped");
    }
    let found = scanned(&world.layout);
    let wanted: Vec<_> = [1, 2, 3]
        .map(|number| request(number, Asked::Leave))
        .map(|request| Found::Request {
            path: world.folder("new").join(request.id.as_str()),
            request: Box::new(request),
        })
        .into();
    assert_eq!(found, wanted);
    let first = request(1, Asked::Leave).id;
    sync(&world.layout, [&first]).expect("synced");
    done(&world.layout, &first).expect("done");
    done(&world.layout, &first).expect("done twice is once");
    assert_eq!(scanned(&world.layout).len(), 2);
    assert_eq!(fs::read_dir(world.folder("tmp")).expect("a folder").count(), 0);
}

#[test]
fn modes_hold_whatever_the_repository_and_leave_nobody_in() {
    let world = world();
    drop_request(&world.layout, &request(1, Asked::Leave)).expect("dropped");
    let mode = |path: &Path| fs::metadata(path).expect("there").mode() & 0o777;
    fs::set_permissions(world.layout.private(), fs::Permissions::from_mode(0o755)).expect("set");
    prepare(&world.layout).expect("prepared");
    for folder in ["tmp", "new", "bad"].map(|name| world.folder(name)) {
        assert_eq!(mode(&folder), 0o700);
    }
    assert_eq!(mode(world.layout.private()), 0o700);
    let file = fs::read_dir(world.folder("new")).expect("a folder").next().expect("one").expect("readable");
    assert_eq!(mode(&file.path()), 0o600);
}

#[test]
fn no_inbox_is_an_empty_one() {
    let dir = tempfile::tempdir().expect("a folder");
    assert_eq!(scanned(&Layout::new(dir.path(), 1)), []);
}

#[test]
fn a_symlink_in_a_folders_place_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let elsewhere = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("afterpush")).expect("a symlink");
    let layout = Layout::new(dir.path(), nix::unistd::geteuid().as_raw());
    assert!(drop_request(&layout, &request(1, Asked::Leave)).is_err());
    assert_eq!(fs::read_dir(elsewhere.path()).expect("a folder").count(), 0);
}

#[test]
fn what_is_broken_says_why_and_which_push_it_was() {
    let name = request(1, Asked::Stop(StopNote { sha: Some(sha("a")) })).id;
    let other = serde_json::to_string(&request(2, Asked::Leave)).expect("serializable");
    for (content, mode, why) in [
        ("", 0o600, "it is empty, as a power cut leaves files"),
        ("\0\0\0", 0o600, "expected value"),
        ("{\"proto\":1}", 0o600, "missing field"),
        ("{\"proto\":1,\"kind\":\"dance\"}", 0o600, "missing field"),
        (&other, 0o600, "it carries another request's name"),
        ("{}", 0o622, "others may write it"),
        (&"x".repeat(70_000), 0o600, "it is larger than 64 KiB"),
    ] {
        let world = world();
        world.plant(name.as_str(), content, mode);
        let (found, about, said) = world.only_broken();
        assert_eq!((found.to_str(), about), (Some(name.as_str()), Some(sha("a"))));
        assert!(said.contains(why), "{said}");
        set_aside(&world.layout, &found, &said).expect("set aside");
        assert_eq!(scanned(&world.layout), []);
        let reason = fs::read_to_string(world.folder("bad").join(format!("{name}.why"))).expect("a reason");
        assert!(reason.contains(why));
    }
}

#[test]
fn strange_things_in_the_inbox_are_set_aside_not_followed() {
    let world = world();
    world.plant("hello", "{}", 0o600);
    fs::create_dir(world.folder("new").join("folder")).expect("made");
    nix::unistd::mkfifo(&world.folder("new").join("fifo"), Mode::from_bits_truncate(0o600)).expect("made");
    std::os::unix::fs::symlink("/etc/passwd", world.folder("new").join("link")).expect("made");
    let found = scanned(&world.layout);
    assert_eq!(found.len(), 4);
    for found in found {
        let Found::Broken { name, about: None, why } = found else { panic!("not broken: {found:?}") };
        set_aside(&world.layout, &name, &why).expect("set aside");
    }
    assert_eq!(scanned(&world.layout), []);
}

#[test]
fn a_newer_programs_request_stays() {
    let world = world();
    let id = request(1, Asked::Leave).id;
    world.plant(id.as_str(), "{\"proto\":2,\"kind\":\"dance\"}", 0o600);
    assert_eq!(scanned(&world.layout), [Found::Newer { proto: 2, id }]);
}

#[test]
fn attempts_are_counted_until_it_is_done_or_forgiven() {
    let world = world();
    let id = request(1, Asked::Leave).id;
    for end in [done, forgive] {
        for count in 1..=MAX_ATTEMPTS + 1 {
            assert_eq!(begin(&world.layout, &id).expect("counted"), count);
        }
        end(&world.layout, &id).expect("no attempt is left");
    }
    assert_eq!(begin(&world.layout, &id).expect("counted"), 1);
}

#[test]
fn leftovers_are_what_lies_about_since_long() {
    let world = world();
    fs::write(world.folder("tmp").join("old"), "").expect("written");
    fs::write(world.folder("new").join("new"), "").expect("written");
    let touched = fs::metadata(world.folder("tmp").join("old")).expect("there").mtime();
    assert_eq!(leftovers(&world.layout, Timestamp::from_secs(touched)), [""; 0].map(PathBuf::from));
    assert_eq!(leftovers(&world.layout, Timestamp::from_secs(touched + 1)), [world.folder("tmp").join("old")]);
}

#[test]
fn in_a_shared_repository_others_get_folders_of_their_own_beside_a_private_one() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o2775)).expect("set");
    let layout = Layout::new(dir.path(), nix::unistd::geteuid().as_raw());
    drop_request(&layout, &request(1, Asked::Leave)).expect("dropped");
    let mode = |path: &Path| fs::metadata(path).expect("there").mode() & 0o7777;
    assert_eq!(mode(layout.root()), 0o2775);
    assert_eq!(mode(layout.private()) & 0o777, 0o700);
}
