//! Credentials in files: the file must be the user's own and nobody else's to read.

use std::path::Path;

use nix::fcntl::AT_FDCWD;

use crate::process::{Demand, Unread, read_file};
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
    let content = read_file(AT_FDCWD, path, Demand::Secret, MAX_BYTES).map_err(|why| match why {
        Unread::Foreign => format!("the credential file {shown} belongs to somebody else; it must be your own"),
        Unread::Open => format!("the credential file {shown} is open to others; run chmod 600 {shown}"),
        why => format!("the credential file {shown} cannot be read: {why}"),
    })?;
    String::from_utf8(content).map_err(|_| format!("the credential file {shown} is not UTF-8 text"))
}
