//! Whose a file is and who else may touch it: what has to hold before its content counts.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::geteuid;

use crate::base::text;

/// What a file has to be. A folder, a pipe or a device never is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// One of afterpush's own: the user's, with one name, nobody else may write it. No link is followed.
    Ours,
    /// The same, where whoever opens it puts its mode right.
    OursToMend,
    /// One that holds secrets: the user's, and nobody else may so much as read it. It may lie behind a link.
    Secret,
    /// One that is configured by: the user's or root's, nobody else may write it. It may lie behind a link.
    Settings,
    /// Somebody else's, such as one that came with a clone: anybody's, but no link is followed.
    Foreign,
}

/// Why a file's content does not count.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The system does not give it.
    #[error("{}", text::without_number(&.0.to_string()))]
    Io(#[source] io::Error),
    /// A symbolic link, where none is followed.
    #[error("it is a symbolic link")]
    Link,
    /// A folder, a pipe, a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// It belongs to another user.
    #[error("it belongs to somebody else")]
    Foreign,
    /// Others may write it, or read it where it holds secrets.
    #[error("others may write it")]
    Open,
    /// A hard link: who has the other name has the file.
    #[error("it has a second name")]
    SecondName,
    /// It is longer than any such file.
    #[error("it is larger than {} KiB", .0 >> 10)]
    TooLarge(u64),
}

impl Demand {
    /// Holds what is known of a file to it.
    pub fn check(self, found: &Metadata) -> Result<(), Unread> {
        self.check_for(found, geteuid().as_raw())
    }

    fn check_for(self, found: &Metadata, user: u32) -> Result<(), Unread> {
        let closed = match self {
            Self::Ours | Self::Settings => 0o022,
            Self::Secret => 0o077,
            Self::OursToMend | Self::Foreign => 0,
        };
        let is_theirs = found.uid() == user || self == Self::Foreign || self == Self::Settings && found.uid() == 0;
        if found.is_symlink() {
            Err(Unread::Link)
        } else if !found.is_file() {
            Err(Unread::NotAFile)
        } else if !is_theirs {
            Err(Unread::Foreign)
        } else if found.nlink() != 1 && matches!(self, Self::Ours | Self::OursToMend) {
            Err(Unread::SecondName)
        } else if found.mode() & closed != 0 {
            Err(Unread::Open)
        } else {
            Ok(())
        }
    }

    fn link(self) -> OFlag {
        if matches!(self, Self::Secret | Self::Settings) { OFlag::empty() } else { OFlag::O_NOFOLLOW }
    }
}

/// The content of `path`, relative to the folder `at` (`nix::fcntl::AT_FDCWD` for the current one), of at most `max`
/// bytes. Judged on the opened descriptor; a pipe is not waited for.
pub fn read_file(at: impl AsFd, path: &Path, demand: Demand, max: u64) -> Result<Vec<u8>, Unread> {
    let mut content = Vec::new();
    open_file(at, path, demand)?.take(max.saturating_add(1)).read_to_end(&mut content)?;
    if content.len() as u64 > max { Err(Unread::TooLarge(max)) } else { Ok(content) }
}

/// The whole lines at the end of a file, of at most `most` bytes together; else as [`read_file`].
pub fn read_last_lines(at: impl AsFd, path: &Path, demand: Demand, most: u64) -> Result<Vec<u8>, Unread> {
    let mut file = open_file(at, path, demand)?;
    let skipped = file.metadata()?.len().saturating_sub(most);
    file.seek(SeekFrom::Start(skipped))?;
    let mut content = Vec::new();
    file.take(most).read_to_end(&mut content)?;
    if skipped > 0 {
        let torn = content.iter().position(|&byte| byte == b'\n').map_or(content.len(), |end| end + 1);
        content.drain(..torn);
    }
    Ok(content)
}

fn open_file(at: impl AsFd, path: &Path, demand: Demand) -> Result<File, Unread> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | demand.link();
    let file = File::from(openat(at, path, flags, Mode::empty()).map_err(io::Error::from)?);
    demand.check(&file.metadata()?)?;
    Ok(file)
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        if error.raw_os_error() == Some(libc::ELOOP) { Self::Link } else { Self::Io(error) }
    }
}

impl Unread {
    /// There is no such file.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Io(why) if matches!(why.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use nix::fcntl::AT_FDCWD;
    use nix::unistd::mkfifo;

    use super::*;

    const ALL: [Demand; 5] = [Demand::Ours, Demand::OursToMend, Demand::Secret, Demand::Settings, Demand::Foreign];

    #[test]
    fn the_lines_at_the_end_are_whole_ones() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("log");
        let ends = |most| {
            let end = read_last_lines(AT_FDCWD, &path, Demand::Foreign, most).expect("our own file");
            String::from_utf8(end).expect("text")
        };
        fs::write(&path, "one\ntwo\nthree\n").expect("room on the disk");
        assert_eq!([100, 14, 13, 6, 5].map(ends), ["one\ntwo\nthree\n", "one\ntwo\nthree\n", "two\nthree\n", "", ""]);
        fs::write(&path, "one\ntwo").expect("room on the disk");
        assert_eq!([7, 6, 2].map(ends), ["one\ntwo", "two", ""]);
    }

    /// What each demand says of the file.
    fn told(path: &Path) -> [String; 5] {
        ALL.map(|demand| match read_file(AT_FDCWD, path, demand, 1024) {
            Ok(content) => String::from_utf8(content).expect("text"),
            Err(why) => why.to_string(),
        })
    }

    #[test]
    fn each_file_is_held_to_what_it_is_for() {
        let dir = tempfile::tempdir().expect("a folder");
        let (file, other) = (dir.path().join("file"), dir.path().join("other"));
        fs::write(&file, "words").expect("written");
        let mut seen = Vec::new();
        for mode in [0o600, 0o640, 0o620] {
            fs::set_permissions(&file, Permissions::from_mode(mode)).expect("own");
            seen.push((format!("{mode:o}"), told(&file)));
        }
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("own");
        fs::hard_link(&file, &other).expect("a second name");
        seen.push(("a second name".to_owned(), told(&file)));
        fs::remove_file(&other).expect("gone");
        symlink(&file, &other).expect("a link");
        seen.push(("a link".to_owned(), told(&other)));
        fs::remove_file(&other).expect("gone");
        mkfifo(&other, Mode::S_IRUSR | Mode::S_IWUSR).expect("a pipe");
        assert_eq!(told(&other), ALL.map(|_| "it is not a regular file"), "a pipe");
        fs::write(&file, "x".repeat(1025)).expect("written");
        assert_eq!(told(&file), ALL.map(|_| "it is larger than 1 KiB"));
        let lines: Vec<_> = seen.into_iter().map(|(what, told)| format!("{what}: {}", told.join(" | "))).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        600: words | words | words | words | words
        640: words | words | others may write it | words | words
        620: others may write it | words | others may write it | others may write it | words
        a second name: it has a second name | it has a second name | words | words | words
        a link: it is a symbolic link | it is a symbolic link | words | words | it is a symbolic link
        ");
    }

    #[test]
    fn anothers_file_counts_only_where_it_may_be_anybodys_or_roots() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let found = file.as_file().metadata().expect("its facts");
        let stranger = found.uid() + 1;
        let counts = |demand: &&Demand| demand.check_for(&found, stranger).is_ok();
        let counting: Vec<_> = ALL.iter().filter(counts).copied().collect();
        let may_be_roots = (found.uid() == 0).then_some(Demand::Settings);
        assert_eq!(counting, may_be_roots.into_iter().chain([Demand::Foreign]).collect::<Vec<_>>());
    }
}
