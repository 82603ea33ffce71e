//! Files written so that no reader ever sees half of one, whatever the umask and whatever somebody planted.
//!
//! A [`Folder`] is an open directory. It was reached without following a symbolic link below `afterpush/`, and
//! everything in it is named relative to the open descriptor, so nothing can be swapped in underneath. A file is
//! written under a new name (`O_EXCL`, 0600), given its exact mode, brought to the disk and renamed into place.
//! Each component is opened with `O_NOFOLLOW` instead of one `openat2`: the same guarantee, on every system.

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstatat, futimens};
use nix::sys::time::TimeSpec;
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::sharing::Sharing;
use crate::base::Timestamp;
use crate::process::{Demand, Unread, read_file, read_last_lines};

mod descend;

/// In a simulation there may be no room for the files of a folder.
#[cfg(test)]
pub(crate) mod room {
    use std::cell::RefCell;
    use std::path::{Path, PathBuf};

    thread_local!(static FULL: RefCell<Option<PathBuf>> = const { RefCell::new(None) });

    /// From now on, on this thread, there is none in this folder, or it is everywhere.
    pub(crate) fn take_from(folder: Option<PathBuf>) {
        FULL.set(folder);
    }

    pub(super) fn is_full(folder: &Path) -> bool {
        FULL.with_borrow(|full| full.as_deref() == Some(folder))
    }
}

/// An open directory whose files are read and replaced by plain names.
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
    path: PathBuf,
    file_mode: Mode,
}

/// What is known of an entry without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// Its owner's user id.
    pub uid: u32,
    /// When its content last changed.
    pub modified: Timestamp,
    /// Its size in bytes.
    pub bytes: u64,
    /// It is a regular file, not a link, folder, pipe or the like.
    pub is_file: bool,
}

impl Folder {
    /// A folder only its owner may touch (0700, its files 0600), made where it is missing. From the last component
    /// named `afterpush` on (else the last one) no component may be a symbolic link, and it must be the caller's
    /// own; a wrong mode is put right.
    pub fn private(path: &Path) -> io::Result<Self> {
        let fd = descend::private(path)?;
        Ok(Self { fd, path: path.to_owned(), file_mode: Mode::from_bits_truncate(0o600) })
    }

    /// A folder everybody may read (0755, its files 0644, both widened as `core.sharedRepository` says), made where
    /// it is missing. It may belong to somebody else only in a shared repository.
    pub fn shared(path: &Path, sharing: Sharing) -> io::Result<Self> {
        let fd = descend::shared(path, sharing)?;
        Ok(Self { fd, path: path.to_owned(), file_mode: mode(sharing.file(0o644)) })
    }

    /// A folder that is there already and stays as it is, for readers and for the worktree's root; files written
    /// there are 0644. `None` if there is none.
    pub fn existing(path: &Path) -> io::Result<Option<Self>> {
        let fd = descend::existing(path)?;
        Ok(fd.map(|fd| Self { fd, path: path.to_owned(), file_mode: mode(0o644) }))
    }

    /// Where it was when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces or makes a file in one step: a reader sees the old content or the new. The content is on the disk
    /// when this returns; call [`Folder::sync`] where the new name has to be, too.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.write_over(name, bytes, true)
    }

    /// The same for a file that is soon written again: its content need not be on the disk when this returns, so after a
    /// power cut the file may be empty.
    pub fn refresh(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.write_over(name, bytes, false)
    }

    /// Appends whole lines; `lines` ends with a line feed. After a failure nothing of it stays in the file, and a
    /// line an earlier crash left unfinished is ended first.
    pub fn append(&self, name: &str, lines: &[u8]) -> io::Result<()> {
        let name = plain(name)?;
        let append = || {
            let file = self.open_for_append(name)?;
            let length = file.metadata()?.len();
            let torn = length > 0 && !ends_with_line_feed(&file, length)?;
            let bytes = if torn { [b"\n", lines].concat() } else { lines.to_vec() };
            self.write_all(&file, &bytes).inspect_err(|_| drop(file.set_len(length)))
        };
        append().map_err(|error| self.explain("append to", name, &error))
    }

    /// The content of a regular file of at most `limit` bytes; `None` if there is no file. A link, a pipe or
    /// anything else that is no file is an error, and never waited for.
    pub fn read(&self, name: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        self.read_as(name, |name| read_file(&self.fd, name, Demand::Foreign, limit))
    }

    /// The whole lines at a file's end, of at most so many bytes together; `None` if there is no such file.
    pub fn read_last_lines(&self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        self.read_as(name, |name| read_last_lines(&self.fd, name, Demand::Foreign, most))
    }

    fn read_as(&self, name: &str, read: impl FnOnce(&Path) -> Result<Vec<u8>, Unread>) -> io::Result<Option<Vec<u8>>> {
        match read(Path::new(plain(name)?)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(why) if why.is_absent() => Ok(None),
            Err(why) => Err(self.explain("read", name, &io::Error::other(why))),
        }
    }

    /// Removes a file, or whatever else but a folder has its name; `false` if there was none.
    pub fn remove(&self, name: &str) -> io::Result<bool> {
        match unlinkat(&self.fd, plain(name)?, UnlinkatFlags::NoRemoveDir) {
            Ok(()) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(self.explain("remove", name, &errno.into())),
        }
    }

    /// Sets a file's time, making it if it is missing.
    pub fn touch(&self, name: &str, at: Timestamp) -> io::Result<()> {
        let at = TimeSpec::from_duration(at.since(Timestamp::default()).to_std());
        let touch = || {
            let file = self.open_for_append(plain(name)?)?;
            futimens(&file, &at, &at).map_err(io::Error::from)
        };
        touch().map_err(|error| self.explain("touch", name, &error))
    }

    /// Brings the folder's names to the disk.
    pub fn sync(&self) -> io::Result<()> {
        nix::unistd::fsync(&self.fd).map_err(io::Error::from)
    }

    /// What an entry is; `None` if there is none. Links are not followed.
    pub fn about(&self, name: &str) -> io::Result<Option<About>> {
        match fstatat(&self.fd, plain(name)?, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(About::of(&stat))),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(self.explain("look at", name, &errno.into())),
        }
    }

    /// The names in it, in no order. Names that are not UTF-8 are not ours and are left out.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut dir = Dir::openat(&self.fd, ".", flags, Mode::empty())?;
        let mut names = Vec::new();
        for entry in dir.iter() {
            match entry?.file_name().to_str() {
                Ok("." | "..") | Err(_) => {}
                Ok(name) => names.push(name.to_owned()),
            }
        }
        Ok(names)
    }

    fn write_over(&self, name: &str, bytes: &[u8], is_lasting: bool) -> io::Result<()> {
        let name = plain(name)?;
        let new = format!(".{name}.{}.{}", std::process::id(), uuid::Uuid::now_v7().simple());
        let written = self.write_new(&new, bytes, is_lasting).and_then(|()| self.rename_over(&new, name));
        if written.is_err() {
            let _ = unlinkat(&self.fd, new.as_str(), UnlinkatFlags::NoRemoveDir);
        }
        written.map_err(|error| self.explain("write", name, &error))
    }

    fn write_new(&self, name: &str, bytes: &[u8], is_lasting: bool) -> io::Result<()> {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = File::from(openat(&self.fd, name, flags, mode(0o600))?);
        self.write_all(&file, bytes)?;
        fchmod(&file, self.file_mode)?;
        if is_lasting { file.sync_all() } else { Ok(()) }
    }

    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "in a simulation it matters which folder is full"))]
    fn write_all(&self, mut file: &File, bytes: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        if room::is_full(&self.path) {
            file.write_all(&bytes[..bytes.len() / 2])?;
            return Err(Errno::ENOSPC.into());
        }
        file.write_all(bytes)
    }

    fn rename_over(&self, new: &str, name: &str) -> io::Result<()> {
        self.report_planted(name);
        match renameat(&self.fd, new, &self.fd, name) {
            Err(Errno::EISDIR | Errno::ENOTEMPTY | Errno::EEXIST) => {
                self.move_aside(name)?;
                renameat(&self.fd, new, &self.fd, name).map_err(io::Error::from)
            }
            done => done.map_err(io::Error::from),
        }
    }

    /// A rename replaces a link or a pipe without following it, so all there is to do is to tell.
    fn report_planted(&self, name: &str) {
        if let Ok(stat) = fstatat(&self.fd, name, AtFlags::AT_SYMLINK_NOFOLLOW)
            && let Some(what) = planted(&stat)
        {
            tracing::warn!("{} is {what}; afterpush did not put it there and replaces it", self.shown(name));
        }
    }

    fn open_for_append(&self, name: &str) -> io::Result<File> {
        let flags = OFlag::O_RDWR | OFlag::O_APPEND | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        match openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => {
                let file = File::from(fd);
                if self.is_usable(&file.metadata()?) {
                    return Ok(file);
                }
                self.move_aside(name)?;
            }
            Err(Errno::ENOENT) => {}
            Err(Errno::ELOOP | Errno::EISDIR | Errno::ENXIO) => self.move_aside(name)?,
            Err(errno) => return Err(errno.into()),
        }
        let file = File::from(openat(&self.fd, name, flags | OFlag::O_CREAT | OFlag::O_EXCL, mode(0o600))?);
        fchmod(&file, self.file_mode)?;
        Ok(file)
    }

    /// A plain file with one name; in a shared folder it may be another user's.
    fn is_usable(&self, about: &Metadata) -> bool {
        let is_private = !self.file_mode.intersects(Mode::S_IRWXG | Mode::S_IRWXO);
        let is_own = about.uid() == nix::unistd::geteuid().as_raw();
        about.is_file() && about.nlink() == 1 && (is_own || !is_private)
    }

    fn move_aside(&self, name: &str) -> io::Result<()> {
        let aside = format!("{name}.aside-{}", uuid::Uuid::now_v7().simple());
        renameat(&self.fd, name, &self.fd, aside.as_str())?;
        let (there, now) = (self.shown(name), self.shown(&aside));
        tracing::warn!("{there} was not a file of afterpush; it was moved to {now}");
        Ok(())
    }

    fn shown(&self, name: &str) -> String {
        crate::base::text::visible(&self.path.join(name).to_string_lossy())
    }

    fn explain(&self, what: &str, name: &str, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("cannot {what} {}: {error}", self.shown(name)))
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl About {
    fn of(stat: &FileStat) -> Self {
        let micros = stat.st_mtime.saturating_mul(1_000_000).saturating_add(stat.st_mtime_nsec / 1_000);
        Self {
            uid: stat.st_uid,
            modified: Timestamp::from_micros(micros),
            bytes: u64::try_from(stat.st_size).unwrap_or(0),
            is_file: kind(stat) == SFlag::S_IFREG,
        }
    }
}

/// What kind of entry it is.
pub fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits())
}

fn planted(stat: &FileStat) -> Option<&'static str> {
    match kind(stat) {
        SFlag::S_IFREG if stat.st_nlink <= 1 => None,
        SFlag::S_IFREG => Some("a hard link to another file"),
        other => Some(called(other)),
    }
}

/// What people call an entry of this kind.
pub fn called(kind: SFlag) -> &'static str {
    match kind {
        SFlag::S_IFREG => "a file",
        SFlag::S_IFLNK => "a symbolic link",
        SFlag::S_IFDIR => "a folder",
        SFlag::S_IFIFO => "a pipe",
        _ => "a device or socket",
    }
}

fn plain(name: &str) -> io::Result<&str> {
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
        let shown = crate::base::text::visible(name);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{shown}` is not a plain file name")));
    }
    Ok(name)
}

fn ends_with_line_feed(file: &File, length: u64) -> io::Result<bool> {
    let mut last = [0];
    file.read_exact_at(&mut last, length - 1)?;
    Ok(last == *b"\n")
}

fn mode(bits: u32) -> Mode {
    Mode::from_bits_truncate(bits)
}

#[cfg(test)]
mod tests;
