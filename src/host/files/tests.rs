//! Against a real file system.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::*;

/// A name, and what puts something strange there.
type Plant<'a> = (&'a str, &'a dyn Fn(&Path));

fn sandbox() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let private = dir.path().join("afterpush/u0");
    (dir, private)
}

fn bits(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").mode() & 0o7777
}

#[test]
fn folders_and_files_get_their_exact_modes() {
    let (dir, path) = sandbox();
    let private = Folder::private(&path).expect("made");
    private.replace("a", b"1").expect("written");
    private.append("b", b"1\n").expect("written");
    private.touch("c", Timestamp::from_secs(1)).expect("touched");
    assert_eq!([bits(&path), bits(&path.join("a")), bits(&path.join("b"))], [0o700, 0o600, 0o600]);
    assert_eq!([bits(&path.join("c")), bits(&dir.path().join("afterpush"))], [0o600, 0o755]);
    let shared = Folder::shared(&dir.path().join("afterpush/status"), Sharing::Group).expect("made");
    shared.replace("a", b"1").expect("written");
    shared.append("b", b"1\n").expect("written");
    let path = dir.path().join("afterpush/status");
    assert_eq!([bits(&path), bits(&path.join("a")), bits(&path.join("b"))], [0o2775, 0o664, 0o664]);
    assert_eq!(bits(&dir.path().join("afterpush")), 0o2775);
}

#[test]
fn a_folder_that_stands_open_is_closed() {
    let (_dir, path) = sandbox();
    fs::create_dir_all(&path).expect("made");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).expect("opened");
    Folder::private(&path).expect("opened");
    assert_eq!(bits(&path), 0o700);
}

#[test]
fn a_replaced_file_is_read_back_and_nothing_else_is_left() {
    let (_dir, path) = sandbox();
    let folder = Folder::private(&path).expect("made");
    assert_eq!(folder.read("a", 10).expect("read"), None);
    folder.replace("a", b"one").expect("written");
    folder.replace("a", b"two").expect("written");
    folder.sync().expect("synced");
    assert_eq!(folder.read("a", 3).expect("read").as_deref(), Some(b"two".as_slice()));
    assert!(folder.read("a", 2).is_err(), "larger than allowed");
    assert_eq!(folder.names().expect("listed"), ["a"]);
    assert!(folder.remove("a").expect("removed") && !folder.remove("a").expect("looked"));
}

#[test]
fn a_link_in_the_way_down_is_refused() {
    let (dir, path) = sandbox();
    let elsewhere = dir.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    symlink(&elsewhere, dir.path().join("afterpush")).expect("planted");
    let error = Folder::private(&path).expect_err("a link").to_string();
    assert!(error.contains("it is a link or a file where a folder belongs"), "{error}");
    assert_eq!(fs::read_dir(&elsewhere).expect("listed").count(), 0);
}

#[test]
fn a_link_before_our_part_of_the_path_is_fine() {
    let (dir, _) = sandbox();
    fs::create_dir(dir.path().join("real")).expect("made");
    symlink(dir.path().join("real"), dir.path().join("home")).expect("linked");
    Folder::private(&dir.path().join("home/afterpush/u0")).expect("made");
    assert!(dir.path().join("real/afterpush/u0").is_dir());
}

#[test]
fn planted_links_pipes_and_folders_are_replaced_not_followed() {
    let (dir, path) = sandbox();
    let folder = Folder::private(&path).expect("made");
    let victim = dir.path().join("victim");
    fs::write(&victim, "mine").expect("written");
    symlink(&victim, path.join("link")).expect("planted");
    fs::hard_link(&victim, path.join("hard")).expect("planted");
    nix::unistd::mkfifo(&path.join("pipe"), Mode::from_bits_truncate(0o600)).expect("planted");
    fs::create_dir_all(path.join("folder/full")).expect("planted");
    for name in ["link", "hard", "pipe", "folder"] {
        folder.replace(name, b"new").expect(name);
        assert_eq!(folder.read(name, 10).expect(name).as_deref(), Some(b"new".as_slice()));
    }
    assert_eq!(fs::read_to_string(&victim).expect("read"), "mine");
    assert!(folder.names().expect("listed").iter().any(|name| name.starts_with("folder.aside-")));
}

#[test]
fn planted_things_are_neither_appended_to_nor_read() {
    let (dir, path) = sandbox();
    let folder = Folder::private(&path).expect("made");
    let victim = dir.path().join("victim");
    fs::write(&victim, "mine").expect("written");
    let plant: [Plant; 4] = [
        ("link", &|at| symlink(&victim, at).expect("planted")),
        ("hard", &|at| fs::hard_link(&victim, at).expect("planted")),
        ("pipe", &|at| nix::unistd::mkfifo(at, Mode::from_bits_truncate(0o600)).expect("planted")),
        ("folder", &|at| fs::create_dir(at).expect("planted")),
    ];
    for (name, put) in plant {
        put(&path.join(name));
        if name != "hard" {
            assert!(folder.read(name, 10).is_err(), "{name} was read");
        }
        folder.append(name, b"line\n").expect(name);
        assert_eq!(folder.read(name, 10).expect(name).as_deref(), Some(b"line\n".as_slice()));
    }
    assert_eq!(fs::read_to_string(&victim).expect("read"), "mine");
}

#[test]
fn a_line_torn_by_a_crash_is_ended_before_the_next() {
    let (_dir, path) = sandbox();
    let folder = Folder::private(&path).expect("made");
    folder.replace("log", b"whole\nto").expect("written");
    folder.append("log", b"next\n").expect("appended");
    assert_eq!(folder.read("log", 99).expect("read").as_deref(), Some(b"whole\nto\nnext\n".as_slice()));
}

#[test]
fn names_that_leave_the_folder_are_refused() {
    let (_dir, path) = sandbox();
    let folder = Folder::private(&path).expect("made");
    for name in ["", ".", "..", "../a", "a/b", "a\0b"] {
        assert!(folder.replace(name, b"x").is_err() && folder.read(name, 1).is_err(), "{name:?}");
    }
}
