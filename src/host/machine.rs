//! What the machine has to offer: room on the disk, a way to be told of changed files.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::{FsFlags, statvfs};
use notify::{RecursiveMode, Watcher};

/// The room on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Bytes the user may still write.
    pub free_bytes: u64,
    /// Files the user may still make; `None` where the file system does not count them.
    pub free_files: Option<u64>,
    /// Nothing can be written at all.
    pub is_read_only: bool,
}

/// The disk a path lies on.
pub fn disk(path: &Path) -> io::Result<Disk> {
    let facts = statvfs(path)?;
    let free_bytes = facts.blocks_available().saturating_mul(facts.fragment_size());
    let free_files = (facts.files() > 0).then(|| facts.files_available());
    Ok(Disk { free_bytes, free_files, is_read_only: facts.flags().contains(FsFlags::ST_RDONLY) })
}

/// Whether the system still has a file watch to give; the error says why not.
pub fn can_watch(path: &Path) -> Result<(), String> {
    let mut watcher = notify::recommended_watcher(|_| {}).map_err(|why| why.to_string())?;
    watcher.watch(path, RecursiveMode::NonRecursive).map_err(|why| why.to_string())
}

/// How others get at what is private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// It belongs to another user.
    Foreign,
    /// Others may write it.
    Writable,
    /// The folder lets others in; what lies in a closed one may be as readable as it likes.
    Open,
}

/// What in the user's private folder, and the folder itself, others get at. Looks no deeper than a monitor writes,
/// and follows no link. `None` where there is no such folder.
pub fn exposed(private: &Path, uid: u32) -> Option<Vec<(PathBuf, Exposure)>> {
    let facts = fs::symlink_metadata(private).ok()?;
    let mut found = Vec::new();
    if facts.uid() == uid && facts.mode() & 0o077 != 0 {
        found.push((private.to_owned(), Exposure::Open));
    }
    collect_exposed(private, uid, 3, &mut found);
    found.dedup_by(|later, earlier| later.0 == earlier.0);
    Some(found)
}

fn collect_exposed(path: &Path, uid: u32, depth: usize, found: &mut Vec<(PathBuf, Exposure)>) {
    let Ok(facts) = fs::symlink_metadata(path) else { return };
    if facts.uid() != uid {
        found.push((path.to_owned(), Exposure::Foreign));
    } else if facts.mode() & 0o022 != 0 && !facts.is_symlink() {
        found.push((path.to_owned(), Exposure::Writable));
    }
    if depth > 0 && facts.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.for_each(|entry| collect_exposed(&entry.path(), uid, depth - 1, found));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_others_could_touch_is_found() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (private, uid) = (folder.path().join("u1"), nix::unistd::getuid().as_raw());
        assert_eq!(exposed(&private, uid), None);
        fs::create_dir_all(private.join("inbox")).expect("folders");
        fs::write(private.join("inbox/open"), "").expect("a file");
        let modes = [(private.clone(), 0o700), (private.join("inbox"), 0o700), (private.join("inbox/open"), 0o644)];
        for (path, mode) in modes {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
        }
        assert_eq!(exposed(&private, uid), Some(Vec::new()), "nobody gets to what a closed folder holds");
        let open = private.join("inbox/open");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o620)).expect("a mode");
        assert_eq!(exposed(&private, uid), Some(vec![(open, Exposure::Writable)]));
        fs::set_permissions(&private, fs::Permissions::from_mode(0o750)).expect("a mode");
        assert_eq!(exposed(&private, uid).expect("it is there")[0], (private.clone(), Exposure::Open));
        assert_eq!(exposed(&private, uid + 1).map(|found| found.len()), Some(3));
    }

    #[test]
    fn the_disk_tells_its_room() {
        let disk = disk(&std::env::temp_dir()).expect("the disk answers");
        assert!(disk.free_bytes > 0 && !disk.is_read_only);
    }
}
