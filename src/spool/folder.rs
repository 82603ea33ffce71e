//! The folders the inbox lies in: the user's own, whatever the umask, and no symlink on the way.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::{Mode, fchmod, mkdirat};
use nix::unistd::geteuid;

use crate::base::Layout;

/// What only its owner may enter.
const PRIVATE: u32 = 0o700;
const FOLDER: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC).union(OFlag::O_NOFOLLOW);

/// Makes the private folder and the inbox in it where they are missing, and the modes right.
///
/// Fails if one of them is a symlink or belongs to somebody else.
pub fn prepare(layout: &Layout) -> io::Result<()> {
    let root = open_root(layout)?;
    let private = make(&root, name_of(layout.private()), PRIVATE)?;
    let inbox = make(&private, name_of(&layout.inbox()), PRIVATE)?;
    for folder in ["tmp", "new", "bad"] {
        make(&inbox, Path::new(folder), PRIVATE)?;
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
    let common = File::open(layout.common_dir())?;
    let mode = common.metadata()?.mode() & 0o777 | PRIVATE;
    match mkdirat(&common, name_of(layout.root()), Mode::from_bits_truncate(mode_bits(mode))) {
        Ok(()) => {
            let root = open(&common.into(), name_of(layout.root()))?;
            set_mode(&root, mode)?;
            Ok(root)
        }
        Err(Errno::EEXIST) => open(&common.into(), name_of(layout.root())),
        Err(err) => Err(err.into()),
    }
}

/// Opens a folder of the user's, made if it is missing.
fn make(parent: &OwnedFd, name: &Path, mode: u32) -> io::Result<OwnedFd> {
    match mkdirat(parent, name, Mode::from_bits_truncate(mode_bits(mode))) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(err) => return Err(err.into()),
    }
    let folder = open(parent, name)?;
    check_owner(&folder)?;
    set_mode(&folder, mode)?;
    Ok(folder)
}

fn check_owner(folder: &OwnedFd) -> io::Result<()> {
    let owner = File::from(folder.try_clone()?).metadata()?.uid();
    if owner == geteuid().as_raw() { Ok(()) } else { Err(io::Error::other("the folder belongs to somebody else")) }
}

/// `mkdir` is subject to the umask, and what an older umask left is mended.
fn set_mode(folder: &OwnedFd, mode: u32) -> io::Result<()> {
    let found = File::from(folder.try_clone()?).metadata()?.mode() & 0o7777;
    // A set-group-id bit that was inherited stays: it is how shared repositories keep their group.
    if found & 0o777 != mode {
        fchmod(folder, Mode::from_bits_truncate(mode_bits(mode | found & 0o2000)))?;
    }
    Ok(())
}

/// `mode_t` is narrower than `u32` on some systems; permission bits fit into both.
fn mode_bits(mode: u32) -> libc::mode_t {
    libc::mode_t::try_from(mode).unwrap_or(0o700)
}

fn name_of(path: &Path) -> &Path {
    path.file_name().map_or(path, Path::new)
}
