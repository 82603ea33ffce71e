//! Dropping, finding and disposing of requests.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::{UnlinkatFlags, fsync, unlinkat};
use serde::Deserialize;

use super::folder::{open, open_inbox, prepare};
use crate::base::{Layout, Timestamp};
use crate::process::{Demand, failpoint, read_file};
use crate::push::{PROTO, Request, RequestId, Sha};

/// Longer files are not requests.
const LONGEST: u64 = 64 * 1024;
/// What one scan returns at most; the next one returns the rest.
const BATCH: usize = 10_000;
/// What only its owner may read and write.
const OWN: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR);
/// A request that was begun this often and never done crashes whoever works on it, and is to be set aside.
pub const MAX_ATTEMPTS: u64 = 5;

/// What lies in the inbox.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// A request.
    Request {
        /// What it asks.
        request: Box<Request>,
        /// Where it lies.
        path: PathBuf,
    },
    /// A request of a newer program; it stays until a monitor that understands it has taken over.
    Newer {
        /// The protocol it needs.
        proto: u32,
        /// Its name.
        id: RequestId,
    },
    /// A file that is no request.
    Broken {
        /// Its name.
        name: OsString,
        /// The commit its name tells of.
        about: Option<Sha>,
        /// What is wrong with it.
        why: String,
    },
}

/// Puts a request into the inbox, making the inbox where it is missing. Once this returns the request counts, and
/// whoever calls it then makes sure that a monitor runs.
pub fn drop_request(layout: &Layout, request: &Request) -> io::Result<()> {
    let content = serde_json::to_vec(request)?;
    if content.len() as u64 > LONGEST {
        return Err(io::Error::other("the request is too long"));
    }
    let (tmp, new) = open_both(layout).or_else(|_| {
        prepare(layout)?;
        open_both(layout)
    })?;
    let name = request.id.as_str();
    let written = write(&tmp, name, &content).and_then(|()| {
        failpoint("drop_written");
        Ok(renameat(&tmp, name, &new, name)?)
    });
    if written.is_err() {
        // What a full disk left of it; nobody would ever look at it again.
        let _ = unlinkat(&tmp, name, UnlinkatFlags::NoRemoveDir);
    }
    failpoint("drop_renamed");
    written
}

fn open_both(layout: &Layout) -> io::Result<(OwnedFd, OwnedFd)> {
    let inbox = open_inbox(layout)?;
    Ok((open(&inbox, Path::new("tmp"))?, open(&inbox, Path::new("new"))?))
}

fn write(folder: &OwnedFd, name: &str, content: &[u8]) -> io::Result<()> {
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
    let mut file = File::from(openat(folder, name, flags, OWN)?);
    // Whatever the umask took.
    fchmod(&file, OWN)?;
    file.write_all(content)
}

/// All that lies in the inbox, oldest first, at most 10 000 files, each read when it is asked for; nothing if there is
/// no inbox.
pub fn scan(layout: &Layout) -> io::Result<impl Iterator<Item = Found> + use<>> {
    let new = match open_inbox(layout).and_then(|inbox| open(&inbox, Path::new("new"))) {
        Ok(new) => Some(new),
        Err(err) if err.kind() == io::ErrorKind::NotFound => None,
        Err(err) => return Err(err),
    };
    let mut names = new.as_ref().map_or_else(|| Ok(Vec::new()), names)?;
    names.sort();
    names.truncate(BATCH);
    let folder = layout.inbox().join("new");
    Ok(names.into_iter().filter_map(move |name| find(new.as_ref()?, &folder, name)))
}

fn names(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::from_fd(open(folder, Path::new("."))?)?.iter() {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(OsStr::from_bytes(&name).to_owned());
        }
    }
    Ok(names)
}

/// `None` if the file vanished meanwhile.
fn find(new: &OwnedFd, folder: &Path, name: OsString) -> Option<Found> {
    let id = name.to_str().and_then(RequestId::of_file_name);
    let about = id.as_ref().and_then(RequestId::about);
    let read = read_file(new, Path::new(&name), Demand::Ours, LONGEST);
    let understood = match (id, read) {
        (_, Err(err)) if err.is_absent() => return None,
        (None, _) => Err("its name is not a request's".to_owned()),
        (_, Err(err)) => Err(err.to_string()),
        (Some(id), Ok(content)) => understand(&content, id, folder),
    };
    Some(understood.unwrap_or_else(|why| Found::Broken { name, about, why }))
}

/// What can be read whatever the version.
#[derive(Deserialize)]
struct Envelope {
    proto: u32,
}

fn understand(content: &[u8], id: RequestId, folder: &Path) -> Result<Found, String> {
    if content.is_empty() {
        return Err("it is empty, as a power cut leaves files".to_owned());
    }
    let envelope: Envelope = serde_json::from_slice(content).map_err(|err| err.to_string())?;
    if envelope.proto > PROTO {
        return Ok(Found::Newer { proto: envelope.proto, id });
    }
    let request: Request = serde_json::from_slice(content).map_err(|err| err.to_string())?;
    if request.id != id {
        return Err("it carries another request's name".to_owned());
    }
    let path = folder.join(id.as_str());
    Ok(Found::Request { request: Box::new(request), path })
}

/// Makes requests survive a power cut: to be called before acting on them in a way the outside sees. One that cannot
/// be brought to the disk keeps no other from it.
pub fn sync<'i>(layout: &Layout, ids: impl IntoIterator<Item = &'i RequestId>) -> io::Result<()> {
    let new = open(&open_inbox(layout)?, Path::new("new"))?;
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let bring = |id: &RequestId| fsync(openat(&new, id.as_str(), flags, Mode::empty())?);
    let brought = ids.into_iter().map(bring).fold(Ok(()), Result::and);
    fsync(&new)?;
    Ok(brought?)
}

/// Counts one more attempt to work on a request and says how many there were, this one included. What is never
/// [`done`] after [`MAX_ATTEMPTS`] crashes its monitor each time and must not do so for ever.
pub fn begin(layout: &Layout, id: &RequestId) -> io::Result<u64> {
    let tmp = open(&open_inbox(layout)?, Path::new("tmp"))?;
    let flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    let mut tally = File::from(openat(&tmp, tally_of(id.as_str()).as_str(), flags, OWN)?);
    tally.write_all(b"|")?;
    Ok(tally.metadata()?.len())
}

/// Removes a request whose matter is durable elsewhere. One that is gone already is fine.
pub fn done(layout: &Layout, id: &RequestId) -> io::Result<()> {
    let inbox = open_inbox(layout)?;
    remove(open(&inbox, Path::new("new"))?, id.as_str())?;
    remove(open(&inbox, Path::new("tmp"))?, &tally_of(id.as_str()))
}

/// Forgets the attempts to work on a request that has ended nobody, and waits for something else.
pub fn forgive(layout: &Layout, id: &RequestId) -> io::Result<()> {
    remove(open(&open_inbox(layout)?, Path::new("tmp"))?, &tally_of(id.as_str()))
}

/// Moves what is broken out of the way, into `bad/`, with the reason beside it.
pub fn set_aside(layout: &Layout, name: &OsStr, why: &str) -> io::Result<()> {
    let inbox = open_inbox(layout)?;
    let (new, bad) = (open(&inbox, Path::new("new"))?, open(&inbox, Path::new("bad"))?);
    let mut reason_name = name.to_owned();
    reason_name.push(".why");
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    match openat(&bad, reason_name.as_os_str(), flags, OWN) {
        Ok(file) => File::from(file).write_all(format!("{why}\n").as_bytes())?,
        // A name as long as names can be has no room for the ending; the file itself matters more.
        Err(Errno::ENAMETOOLONG) => {}
        Err(err) => return Err(err.into()),
    }
    renameat(&new, name, &bad, name)?;
    name.to_str().map_or(Ok(()), |name| remove(open(&inbox, Path::new("tmp"))?, &tally_of(name)))
}

/// The files in `tmp/` and `bad/` that nobody has touched since `before`.
pub fn leftovers(layout: &Layout, before: Timestamp) -> Vec<PathBuf> {
    let folders = ["tmp", "bad"].map(|folder| layout.inbox().join(folder));
    let files = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let cutoff = UNIX_EPOCH + Duration::from_micros(u64::try_from(before.as_micros()).unwrap_or(0));
    let is_old = |file: &std::fs::DirEntry| {
        file.metadata().and_then(|found| found.modified()).is_ok_and(|touched| touched < cutoff)
    };
    files.filter(is_old).map(|file| file.path()).collect()
}

fn tally_of(name: &str) -> String {
    format!("{name}.attempts")
}

fn remove(folder: impl AsFd, name: &str) -> io::Result<()> {
    match unlinkat(folder, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(err) => Err(err.into()),
    }
}

#[cfg(test)]
mod tests;
