//! What the kernel tells about processes through `/proc`. Elsewhere nothing is known, and callers say so.

/// Where a process stands in the tree, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Its parent's pid.
    pub parent: i32,
    /// Its start in clock ticks since boot: with the boot id, what tells two owners of one pid apart.
    pub start_ticks: u64,
}

#[cfg(target_os = "linux")]
mod here {
    use std::fs::File;
    use std::io::Read;
    use std::os::unix::fs::MetadataExt;

    use super::Stat;

    /// The process with this pid; a zombie counts. `None` if there is none, or no `/proc`.
    pub fn stat(pid: i32) -> Option<Stat> {
        read_stat(&read(&format!("/proc/{pid}/stat"), 4_096)?)
    }

    /// The command may hold blanks and parentheses, so the fields count from the last one that closes.
    pub(super) fn read_stat(line: &[u8]) -> Option<Stat> {
        let command_end = line.iter().rposition(|&byte| byte == b')')?;
        let fields = std::str::from_utf8(line.get(command_end + 2..)?).ok()?;
        let field = |number: usize| fields.split(' ').nth(number - 3);
        Some(Stat { parent: field(4)?.parse().ok()?, start_ticks: field(22)?.parse().ok()? })
    }

    /// The arguments a process was started with, its name first; at most 64 KiB of them.
    pub fn arguments(pid: i32) -> Option<Vec<Vec<u8>>> {
        let mut line = read(&format!("/proc/{pid}/cmdline"), 65_536)?;
        line.pop_if(|last| *last == 0);
        Some(line.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect())
    }

    /// Names the time between two starts of the machine.
    pub fn boot_id() -> Option<String> {
        String::from_utf8(read("/proc/sys/kernel/random/boot_id", 64)?).ok().map(|id| id.trim().to_owned())
    }

    /// The inode of this process's pid namespace: containers share the boot id with their host.
    pub fn pid_namespace() -> Option<u64> {
        std::fs::metadata("/proc/self/ns/pid").ok().map(|namespace| namespace.ino())
    }

    fn read(path: &str, max: u64) -> Option<Vec<u8>> {
        // Room enough for most of these files, which are made anew with each read.
        let mut content = Vec::with_capacity(1_024);
        File::open(path).ok()?.take(max).read_to_end(&mut content).ok()?;
        Some(content)
    }
}

#[cfg(not(target_os = "linux"))]
mod here {
    use super::Stat;

    /// Not known here.
    pub fn stat(_pid: i32) -> Option<Stat> {
        None
    }

    /// Not known here.
    pub fn arguments(_pid: i32) -> Option<Vec<Vec<u8>>> {
        None
    }

    /// Not known here.
    pub fn boot_id() -> Option<String> {
        None
    }

    /// Not known here.
    pub fn pid_namespace() -> Option<u64> {
        None
    }
}

pub use here::{arguments, boot_id, pid_namespace, stat};

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_parentheses_and_blanks_does_not_shift_the_fields() {
        let line = b"77 (a) b (c) S 12 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 987654 1 2\n";
        assert_eq!(here::read_stat(line), Some(Stat { parent: 12, start_ticks: 987_654 }));
        for torn in [&b""[..], b"77 (a", b"77 (a)", b"77 (a) S x"] {
            assert_eq!(here::read_stat(torn), None);
        }
    }

    #[test]
    fn this_process_is_known() {
        let pid = i32::try_from(std::process::id()).expect("a pid");
        assert!(stat(pid).is_some_and(|found| found.start_ticks > 0));
        let first = arguments(pid).and_then(|all| all.into_iter().next()).expect("a name");
        assert!(!first.is_empty());
        assert!(boot_id().is_some_and(|id| id.len() == 36));
        assert!(pid_namespace().is_some());
    }
}
