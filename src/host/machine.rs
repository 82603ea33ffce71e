//! What the machine has to offer: the room on its disks.

use std::io;
use std::path::Path;

use nix::sys::statvfs::{FsFlags, statvfs};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_tells_its_room() {
        let disk = disk(&std::env::temp_dir()).expect("the disk answers");
        assert!(disk.free_bytes > 0 && !disk.is_read_only);
    }
}
