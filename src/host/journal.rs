//! The monitor's own log: one file that is renamed away when it has grown, so that the disk never fills.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::base::text;
use crate::process::{Demand, Unread};

/// A log of at most `limit` bytes in each of `kept` files: `name`, `name.1` (the one before), and so on.
///
/// Writing never fails: a log that cannot be written must not stop what it tells about. The file is opened anew
/// when somebody removed or renamed it. Wrap it in a `Mutex` to hand it to `tracing_subscriber`.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    limit: u64,
    kept: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    written: u64,
}

impl Journal {
    /// The size at which a file is renamed away, and how many files are kept.
    const LIMITS: (u64, u32) = (10 << 20, 3);

    /// A log at `path` with the usual limits; opened at the first line.
    pub fn new(path: &Path) -> Self {
        Self::with_limits(path, Self::LIMITS)
    }

    fn with_limits(path: &Path, (limit, kept): (u64, u32)) -> Self {
        Self { path: path.to_owned(), limit, kept, open: None }
    }

    fn line(&mut self, bytes: &[u8]) -> Result<(), Unread> {
        if self.open.as_ref().is_some_and(|open| !self.is_in_place(&open.file)) {
            self.open = None;
        }
        if self.open.as_ref().is_some_and(|open| open.written >= self.limit) {
            self.open = None;
            self.rotate();
        }
        let open = match self.open.take() {
            Some(open) => open,
            None => open_log(&self.path).or_else(|why| self.make_room(why))?,
        };
        let open = self.open.insert(open);
        open.file.write_all(bytes)?;
        open.written += bytes.len() as u64;
        Ok(())
    }

    /// What is not ours is treated as one that has grown too long. A system that refuses would do so again.
    fn make_room(&self, why: Unread) -> Result<Open, Unread> {
        if matches!(why, Unread::Io(_)) {
            return Err(why);
        }
        self.rotate();
        open_log(&self.path)
    }

    fn is_in_place(&self, file: &File) -> bool {
        let (Ok(open), Ok(there)) = (file.metadata(), fs::symlink_metadata(&self.path)) else { return false };
        (open.dev(), open.ino()) == (there.dev(), there.ino())
    }

    /// The oldest goes, the others move up by one. What cannot be moved is written over in the end.
    fn rotate(&self) {
        for older in (1..self.kept).rev() {
            let from = if older == 1 { self.path.clone() } else { self.numbered(older - 1) };
            let _ = fs::rename(from, self.numbered(older));
        }
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

fn open_log(path: &Path) -> Result<Open, Unread> {
    // To be read, too: a pipe that nobody reads could not be opened and told as one.
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options.open(path)?;
    let about = file.metadata()?;
    Demand::OursToMend.check(&about)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(Open { written: about.len(), file })
}

/// One record is one line, whatever it tells of.
fn record(bytes: &[u8]) -> Vec<u8> {
    let mut line = text::visible_bytes(bytes.trim_ascii_end()).into_bytes();
    line.push(b'\n');
    line
}

/// Each write is a whole record, as `tracing_subscriber` has it.
impl Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.line(&record(bytes)).is_err() {
            self.open = None;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn it_rotates_by_size_and_keeps_so_many() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("monitor.log");
        let mut journal = Journal::with_limits(&path, (8, 3));
        for number in 0..8 {
            journal.write_all(format!("line {number}\n").as_bytes()).expect("never fails");
        }
        assert_eq!(lines(&path), "line 6\nline 7\n");
        assert_eq!(lines(&dir.path().join("monitor.log.1")), "line 4\nline 5\n");
        assert_eq!(lines(&dir.path().join("monitor.log.2")), "line 2\nline 3\n");
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 3);
        assert_eq!(fs::metadata(&path).expect("a file").mode() & 0o777, 0o600);
    }

    #[test]
    fn a_record_is_one_inert_line() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("monitor.log");
        let mut journal = Journal::new(&path);
        journal.write_all(b"why\x1b[2J\n{\"level\":\"FAKE\"}\xff\xc2\x9b ghp_0123456789abcdef\n").expect("never fails");
        assert_eq!(lines(&path), "why\\u{1b}[2J\\u{a}{\"level\":\"FAKE\"}\\xFF\\u{9b} [redacted]\n");
    }

    #[test]
    fn a_removed_log_is_opened_anew_and_a_missing_folder_is_no_error() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("monitor.log");
        let mut journal = Journal::new(&path);
        journal.write_all(b"one\n").expect("never fails");
        fs::rename(&path, dir.path().join("moved")).expect("renamed");
        journal.write_all(b"two\n").expect("never fails");
        assert_eq!(lines(&path), "two\n");
        drop(dir);
        journal.write_all(b"three\n").expect("never fails");
    }

    #[test]
    fn what_was_planted_is_moved_away_and_not_written_through() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (path, victim) = (dir.path().join("monitor.log"), dir.path().join("victim"));
        fs::write(&victim, "mine").expect("written");
        let plant: [fn(&Path, &Path); 3] = [
            |victim, path| std::os::unix::fs::symlink(victim, path).expect("planted"),
            |victim, path| fs::hard_link(victim, path).expect("planted"),
            |_, path| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).expect("planted"),
        ];
        for plant in plant {
            let _ = fs::remove_file(&path);
            plant(&victim, &path);
            Journal::new(&path).write_all(b"line\n").expect("never fails");
            assert_eq!((lines(&victim), lines(&path)), ("mine".to_owned(), "line\n".to_owned()));
        }
    }
}
