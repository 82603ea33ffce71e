//! Credentials in files: the file must be the user's own and nobody else's to read.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::base::text as foreign;
use crate::wire::Secret;

/// More than any credential or tool's file has.
const MAX_BYTES: u64 = 256 << 10;

/// The whole file as one credential.
pub(super) fn secret(path: &Path) -> Result<Secret, String> {
    text(path).map(|text| Secret::new(&text))
}

/// The text of a file that may hold credentials.
pub(super) fn text(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let words = |error: io::Error| foreign::without_number(&error.to_string());
    let unreadable = |error| format!("the credential file {shown} cannot be read: {}", words(error));
    let file = open(path).map_err(unreadable)?;
    let facts = file.metadata().map_err(unreadable)?;
    if !facts.is_file() {
        return Err(format!("the credential file {shown} is not a regular file"));
    }
    if facts.uid() != nix::unistd::geteuid().as_raw() {
        return Err(format!("the credential file {shown} belongs to somebody else; it must be your own"));
    }
    if facts.mode() & 0o077 != 0 {
        return Err(format!("the credential file {shown} is open to others; run chmod 600 {shown}"));
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// Opens without waiting, should a pipe lie there.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC).open(path)
}
