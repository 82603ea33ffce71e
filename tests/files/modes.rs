//! Modes are exact, whatever the umask, and widened as git widens them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use afterpush::base::Timestamp;
use afterpush::host::files::Folder;
use afterpush::host::sharing::Sharing;
use afterpush::store::Store;

use crate::support::{Ran, Sandbox};

/// Set for the copy of this program that writes under another umask: where to.
const PLACE: &str = "AFTERPUSH_TEST_PLACE";

fn bits(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).mode() & 0o7777
}

/// Not a test of its own: what the next one has a child do under its umask.
#[test]
fn writes_one_of_everything_where_it_is_told_to() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
    let private = Folder::private(&place.join("afterpush/u7")).expect("made");
    private.replace("replaced", b"x").expect("written");
    private.append("appended", b"x\n").expect("written");
    private.touch("touched", Timestamp::from_secs(1)).expect("touched");
    let shared = Folder::shared(&place.join("afterpush/status"), Sharing::Umask).expect("made");
    shared.replace("replaced", b"x").expect("written");
    shared.append("appended", b"x\n").expect("written");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(&place.join("afterpush/u7/state.sqlite3")).await.expect("a store");
        store.set_note("a", "b").await.expect("written");
    });
}

#[test]
fn modes_are_exact_whatever_the_umask() {
    for umask in ["000", "022", "027", "077", "777"] {
        let place = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new("sh");
        child.args(["-c", "umask \"$0\" && exec \"$@\"", umask]).arg(std::env::current_exe().expect("this program"));
        child.args(["--exact", "files::modes::writes_one_of_everything_where_it_is_told_to"]).env(PLACE, place.path());
        Ran::of(&mut child).ends(0);
        let mode = |name: &str| bits(&place.path().join("afterpush").join(name));
        assert_eq!([mode(""), mode("status"), mode("u7")], [0o755, 0o755, 0o700], "umask {umask}");
        for (name, wanted) in [
            ("status/replaced", 0o644),
            ("status/appended", 0o644),
            ("u7/replaced", 0o600),
            ("u7/appended", 0o600),
            ("u7/touched", 0o600),
            ("u7/state.sqlite3", 0o600),
        ] {
            assert_eq!(mode(name), wanted, "{name} under umask {umask}");
        }
    }
}

#[test]
fn a_shared_repository_is_widened_as_git_widens_it() {
    let sandbox = Sandbox::new();
    for value in ["umask", "group", "all", "everybody", "0640", "0600", "0660", "0664", "0666", "true", "false"] {
        let repo = sandbox.root().join(format!("shared-{value}"));
        let shared = format!("--shared={value}");
        // git itself starts from the umask, we from 0644 and 0755; under 022 that is the same.
        let mut init = sandbox.command("sh");
        init.args(["-c", "umask 022 && exec git init --quiet --bare \"$0\" \"$1\""]).arg(&shared).arg(&repo);
        Ran::of(&mut init).ends(0);
        let said = sandbox.command("git").args(["config", "core.sharedRepository"]).current_dir(&repo).output();
        let said = String::from_utf8(said.expect("git runs").stdout).expect("text");
        let sharing = Sharing::of(Some(said.trim()).filter(|said| !said.is_empty()));
        let folder = Folder::shared(&repo.join("afterpush/status"), sharing).expect("made");
        folder.replace("new", b"x").expect("written");
        folder.append("old", b"x\n").expect("written");
        let (file, dir) = (bits(&repo.join("HEAD")), bits(&repo.join("refs")));
        let own = |name: &str| bits(&repo.join("afterpush").join(name));
        assert_eq!([own("status/new"), own("status/old")], [file, file], "files, --shared={value}, config {said:?}");
        assert_eq!([own("status"), own("")], [dir, dir], "folders, --shared={value}, config {said:?}");
        let private = Folder::private(&repo.join("afterpush/u7")).expect("made");
        private.replace("secret", b"x").expect("written");
        assert_eq!([own("u7") & 0o777, own("u7/secret")], [0o700, 0o600], "private stays private, --shared={value}");
    }
}
