//! Which git the tests push with, and a newer one for what needs it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The machine's `PATH`; the git that `AFTERPUSH_TEST_GIT` names comes before the machine's own.
pub fn search_path() -> OsString {
    let machine = std::env::var_os("PATH").expect("PATH is set");
    let Some(git) = std::env::var_os("AFTERPUSH_TEST_GIT") else { return machine };
    let git = PathBuf::from(git).canonicalize().expect("AFTERPUSH_TEST_GIT names a git program");
    in_front(git.parent().expect("a program lies in a folder"), &machine)
}

/// The same where its git is 2.`minor` or newer; else with the one that `tests/git.sh` has built.
#[track_caller]
pub fn search_path_since(minor: u32) -> OsString {
    let usual = search_path();
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/git/bin");
    let paths = [in_front(&built, &usual), usual];
    let path = paths.into_iter().rev().find(|path| version(path).is_some_and(|found| found >= (2, minor)));
    path.unwrap_or_else(|| {
        panic!("no git 2.{minor} is here: run `tests/git.sh 2.{minor}`, or name one by AFTERPUSH_TEST_GIT")
    })
}

/// A folder before all others.
pub fn in_front(folder: &Path, path: &OsStr) -> OsString {
    let folders = std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(path));
    std::env::join_paths(folders).expect("a PATH of folders")
}

/// The first two numbers of the version of the git on this path.
fn version(path: &OsStr) -> Option<(u32, u32)> {
    let git = std::env::split_paths(path).map(|folder| folder.join("git")).find(|git| git.is_file())?;
    let told = String::from_utf8(Command::new(git).arg("--version").output().ok()?.stdout).ok()?;
    let mut numbers = told.strip_prefix("git version ")?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
