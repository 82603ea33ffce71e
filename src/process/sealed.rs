//! Values handed to a program without a file, an argument or a variable: a sealed memory file, elsewhere a pipe.

use std::io::{self, Write};
use std::os::fd::OwnedFd;

/// What a pipe takes at once on every system, nearly.
const PIPE_ROOM: usize = 60 * 1024;

/// A descriptor from which `bytes` can be read once. They are NUL-terminated entries; where only a pipe is to be
/// had, the entries that do not fit stay out.
pub(super) fn sealed(bytes: &[u8]) -> io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    if let Ok(file) = memory(bytes) {
        return Ok(file);
    }
    pipe(bytes)
}

#[cfg(target_os = "linux")]
fn memory(bytes: &[u8]) -> io::Result<OwnedFd> {
    use std::fs::File;
    use std::io::Seek;

    use nix::fcntl::{FcntlArg, SealFlag, fcntl};
    use nix::sys::memfd::{MFdFlags, memfd_create};

    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let mut file = File::from(memfd_create("afterpush", flags)?);
    file.write_all(bytes)?;
    file.rewind()?;
    let seals = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(file.into())
}

fn pipe(bytes: &[u8]) -> io::Result<OwnedFd> {
    let room = &bytes[..bytes.len().min(PIPE_ROOM)];
    let whole = room.iter().rposition(|&byte| byte == 0).map_or(0, |end| end + 1);
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(&room[..whole])?;
    Ok(reader.into())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;

    use super::*;

    fn read(descriptor: OwnedFd) -> Vec<u8> {
        let mut content = Vec::new();
        File::from(descriptor).read_to_end(&mut content).expect("readable");
        content
    }

    #[test]
    fn what_goes_in_comes_out_and_cannot_be_changed() {
        let descriptor = sealed(b"A=1\0B=2\0").expect("a descriptor");
        let mut file = File::from(descriptor.try_clone().expect("a copy"));
        assert!(file.write_all(b"X").is_err());
        assert_eq!(read(descriptor), b"A=1\0B=2\0");
    }

    #[test]
    fn a_pipe_takes_whole_entries_only() {
        let long = [b"A=1\0".to_vec(), vec![b'x'; 2 * PIPE_ROOM], b"\0".to_vec()].concat();
        assert_eq!(read(pipe(&long).expect("a pipe")), b"A=1\0");
    }
}
