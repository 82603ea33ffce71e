//! The way down to a folder: one component after the other, never through a symbolic link, made where missing.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{FchmodatFlags, Mode, fchmod, fchmodat, mkdirat};

use super::super::sharing::Sharing;

/// The folder everything of a repository lies below.
const ROOT: &str = "afterpush";

/// What a component on the way has to be.
#[derive(Clone, Copy)]
struct Rule {
    /// The mode it is made with.
    mode: u32,
    /// An existing one of ours gets the mode, too.
    mend: bool,
    /// It may belong to somebody else.
    foreign: bool,
}

/// Down to a folder of the caller's own. The `afterpush` on the way is only passed: in a shared repository it is
/// whoever came first who owns it.
pub(super) fn private(path: &Path) -> io::Result<OwnedFd> {
    let root = Rule { mode: 0o755, mend: false, foreign: true };
    let own = Rule { mode: 0o700, mend: true, foreign: false };
    down(path, |name| if name == ROOT { root } else { own })
}

/// Down to a folder everybody may read.
pub(super) fn shared(path: &Path, sharing: Sharing) -> io::Result<OwnedFd> {
    let rule = Rule { mode: sharing.folder(0o755), mend: true, foreign: sharing.is_shared() };
    down(path, |_| rule)
}

/// A folder that is there, however it is reached.
pub(super) fn existing(path: &Path) -> io::Result<Option<OwnedFd>> {
    match open(path, FLAGS, Mode::empty()) {
        Ok(fd) => Ok(Some(fd)),
        Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(None),
        Err(errno) => Err(told(path, &io::Error::from(errno).to_string(), io::Error::from(errno).kind())),
    }
}

const FLAGS: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);

fn down(path: &Path, rule: impl Fn(&OsStr) -> Rule) -> io::Result<OwnedFd> {
    let (mut reached, ours) = split(path);
    let mut fd = open(&reached, FLAGS, Mode::empty()).map_err(|errno| failed(&reached, errno))?;
    for name in ours {
        reached.push(&name);
        fd = enter(&fd, &name, rule(&name), &reached)?;
    }
    Ok(fd)
}

/// Splits at the last `afterpush`: what lies before belongs to git or the user and may be reached through links.
fn split(path: &Path) -> (PathBuf, Vec<std::ffi::OsString>) {
    let parts: Vec<_> = path.components().collect();
    let named = parts.iter().rposition(|part| part.as_os_str() == ROOT);
    let first = named.unwrap_or(parts.len().saturating_sub(1));
    let before: PathBuf = parts[..first].iter().collect();
    let before = if before.as_os_str().is_empty() { PathBuf::from(".") } else { before };
    (before, parts[first..].iter().map(|part| part.as_os_str().to_owned()).collect())
}

fn enter(parent: &OwnedFd, name: &OsStr, rule: Rule, shown: &Path) -> io::Result<OwnedFd> {
    let made = match mkdirat(parent, name, Mode::from_bits_truncate(rule.mode)) {
        Ok(()) => true,
        Err(Errno::EEXIST) => false,
        // A folder that is there in a place that cannot be written (read-only, other owner) is still a folder.
        Err(errno) => match open_one(parent, name) {
            Ok(_) => false,
            Err(_) => return Err(failed(shown, errno)),
        },
    };
    let fd = match open_one(parent, name) {
        // A umask that takes the owner's own bits leaves a new folder its maker cannot open.
        Err(Errno::EACCES) if made => {
            fchmodat(parent, name, Mode::from_bits_truncate(rule.mode), FchmodatFlags::NoFollowSymlink)?;
            open_one(parent, name)
        }
        opened => opened,
    };
    let fd = fd.map_err(|errno| failed(shown, errno))?;
    check(fd, made, rule, shown)
}

fn open_one(parent: &OwnedFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    openat(parent, name, FLAGS | OFlag::O_NOFOLLOW, Mode::empty())
}

fn check(fd: OwnedFd, made: bool, rule: Rule, shown: &Path) -> io::Result<OwnedFd> {
    let folder = File::from(fd);
    let about = folder.metadata()?;
    let own = about.uid() == nix::unistd::geteuid().as_raw();
    if !own && !rule.foreign {
        let why = format!("it belongs to the user with the id {}, so it is not used", about.uid());
        return Err(told(shown, &why, io::ErrorKind::PermissionDenied));
    }
    if own && (made || rule.mend) && about.mode() & 0o7777 != rule.mode {
        match fchmod(&folder, Mode::from_bits_truncate(rule.mode)) {
            Ok(()) | Err(Errno::EROFS) => {}
            Err(errno) => return Err(failed(shown, errno)),
        }
    }
    Ok(folder.into())
}

fn failed(shown: &Path, errno: Errno) -> io::Error {
    let error = io::Error::from(errno);
    match errno {
        Errno::ELOOP | Errno::ENOTDIR => {
            told(shown, "it is a link or a file where a folder belongs; move it away", error.kind())
        }
        _ => told(shown, &error.to_string(), error.kind()),
    }
}

fn told(shown: &Path, why: &str, kind: io::ErrorKind) -> io::Error {
    let shown = crate::base::text::visible(&shown.to_string_lossy());
    io::Error::new(kind, format!("cannot use the folder {shown}: {why}"))
}
