//! Readers beside a writer, and a disk that is full.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use afterpush::host::files::Folder;

use crate::support::Ran;

/// Set for the copy of this program that runs on a tiny disk: where that is mounted.
const DISK: &str = "AFTERPUSH_TEST_DISK";

#[test]
fn readers_see_the_old_content_or_the_new_never_half() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("afterpush/u7");
    let folder = Folder::private(&path).expect("made");
    let content = |letter: u8| vec![letter; 50_000];
    folder.replace("status.json", &content(b'a')).expect("written");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let read = || {
            let folder = Folder::existing(&path).expect("opened").expect("there");
            let mut seen = 0_u32;
            while !done.load(Ordering::Relaxed) || seen == 0 {
                let bytes = folder.read("status.json", 100_000).expect("read").expect("never missing");
                assert!(bytes.len() == 50_000 && bytes.iter().all(|byte| *byte == bytes[0]), "torn");
                seen += 1;
            }
        };
        let readers = [scope.spawn(read), scope.spawn(read), scope.spawn(read)];
        for turn in 0..200_u8 {
            folder.replace("status.json", &content(b'a' + turn % 26)).expect("written");
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().expect("a reader that saw only whole files");
        }
    });
    assert_eq!(folder.names().expect("listed"), ["status.json"]);
}

/// Not a test of its own: what the next one has a child do on its tiny disk.
#[test]
fn fills_a_disk_where_it_is_told_to() {
    let Some(disk) = std::env::var_os(DISK).map(PathBuf::from) else { return };
    let folder = Folder::private(&disk.join("afterpush/u7")).expect("made");
    folder.replace("a.json", b"old").expect("written");
    folder.append("a.log", b"first\n").expect("written");
    let error = folder.replace("a.json", &vec![b'x'; 1 << 20]).expect_err("there is no room");
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    assert!(error.to_string().starts_with("cannot write "), "{error}");
    assert!(folder.append("a.log", &vec![b'x'; 1 << 20]).is_err(), "there is no room");
    assert_eq!(folder.read("a.json", 99).expect("read").as_deref(), Some(b"old".as_slice()));
    assert_eq!(folder.read("a.log", 99).expect("read").as_deref(), Some(b"first\n".as_slice()));
    let mut names = folder.names().expect("listed");
    names.sort();
    assert_eq!(names, ["a.json", "a.log"], "no leftover");
    fs::write(disk.join("passed"), "").expect("room for a name");
}

#[test]
fn a_full_disk_leaves_the_old_content_and_no_leftover() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let script = "mount -t tmpfs -o size=64k tmpfs \"$0\" && \"$@\" && test -e \"$0/passed\"";
    let mut child = Command::new("unshare");
    child.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(place.path());
    child.arg(std::env::current_exe().expect("this program"));
    child.args(["--exact", "files::disk::fills_a_disk_where_it_is_told_to"]).env(DISK, place.path());
    // What it lacks (unshare, user namespaces) is in what the child said.
    Ran::of(&mut child).ends(0);
}
