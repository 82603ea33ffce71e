//! Files that a test puts somewhere: programs in order to run them, and what only its owner may read.
//!
//! Who starts a program hands it, until it runs, whatever this process has open; and a file that anybody has open for
//! writing cannot be run. With tests side by side in one process, what is to be run is therefore written by another.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::process::Command;

use super::Ran;

/// Writes a script that can be run at once, and the folders above it.
#[track_caller]
pub fn write_program(path: &Path, script: &str) {
    let folder = path.parent().expect("a program lies in a folder");
    fs::create_dir_all(folder).expect("made");
    let draft = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(draft.path(), script).expect("written");
    copy_program(draft.path(), path);
}

/// Copies a program to where it can be run at once.
#[track_caller]
pub fn copy_program(from: &Path, to: &Path) {
    Ran::of(Command::new("install").args(["-m", "755"]).args([from, to])).ends(0);
}

/// Writes a file that only its owner may read, as credentials and configurations have to be, and such folders above it.
#[track_caller]
pub fn write_private(path: &Path, text: &str) {
    let folder = path.parent().expect("it lies in a folder");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).expect("a folder of our own");
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path).expect("our own file");
    file.write_all(text.as_bytes()).expect("room on the disk");
}
