//! The folders the inbox lies in: the user's own, whatever the umask, and no symlink on the way.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::{Mode, fchmod, fstat, mkdirat};
use nix::unistd::geteuid;

use crate::base::Layout;

/// What only its owner may enter.
const PRIVATE: Mode = Mode::S_IRWXU;
const ALL: Mode = Mode::S_IRWXU.union(Mode::S_IRWXG).union(Mode::S_IRWXO);
const FOLDER: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC).union(OFlag::O_NOFOLLOW);

/// Makes the private folder and the inbox in it where they are missing, and the modes right.
///
/// Fails if one of them is a symlink or belongs to somebody else.
pub fn prepare(layout: &Layout) -> io::Result<()> {
    let root = open_root(layout)?;
    let private = make(&root, name_of(layout.private()))?;
    let inbox = make(&private, name_of(&layout.inbox()))?;
    for folder in ["tmp", "new", "bad"] {
        make(&inbox, Path::new(folder))?;
    }
    Ok(())
}

/// The inbox, if it is there and the user's own.
pub(super) fn open_inbox(layout: &Layout) -> io::Result<OwnedFd> {
    let private = openat(AT_FDCWD, layout.private(), FOLDER, Mode::empty())?;
    check_owner(&private)?;
    open(&private, name_of(&layout.inbox()))
}

/// A folder below one that is known to be the user's own.
pub(super) fn open(parent: &OwnedFd, name: &Path) -> io::Result<OwnedFd> {
    Ok(openat(parent, name, FOLDER, Mode::empty())?)
}

/// The folder all users of the repository share is as open as the repository itself, so that in a shared one each
/// of them can make a folder there.
fn open_root(layout: &Layout) -> io::Result<OwnedFd> {
    let common = OwnedFd::from(File::open(layout.common_dir())?);
    let mode = Mode::from_bits_truncate(fstat(&common)?.st_mode) & ALL | PRIVATE;
    let attempt = mkdirat(&common, name_of(layout.root()), mode);
    let root = match attempt {
        Ok(()) | Err(Errno::EEXIST) => open(&common, name_of(layout.root()))?,
        Err(err) => return Err(err.into()),
    };
    if attempt.is_ok() {
        set_mode(&root, mode)?;
    }
    Ok(root)
}

/// Opens a folder of the user's, made if it is missing.
fn make(parent: &OwnedFd, name: &Path) -> io::Result<OwnedFd> {
    match mkdirat(parent, name, PRIVATE) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(err) => return Err(err.into()),
    }
    let folder = open(parent, name)?;
    check_owner(&folder)?;
    set_mode(&folder, PRIVATE)?;
    Ok(folder)
}

fn check_owner(folder: &OwnedFd) -> io::Result<()> {
    let owner = fstat(folder)?.st_uid;
    if owner == geteuid().as_raw() { Ok(()) } else { Err(io::Error::other("the folder belongs to somebody else")) }
}

/// `mkdir` is subject to the umask, and what an older umask left is mended.
fn set_mode(folder: &OwnedFd, mode: Mode) -> io::Result<()> {
    let found = Mode::from_bits_truncate(fstat(folder)?.st_mode);
    // A set-group-id bit that was inherited stays: it is how shared repositories keep their group.
    if found & ALL != mode {
        fchmod(folder, mode | found & Mode::S_ISGID)?;
    }
    Ok(())
}

fn name_of(path: &Path) -> &Path {
    path.file_name().map_or(path, Path::new)
}
