//! Lines of ours in a file of somebody else's, between two marks, so that they can be taken out byte for byte.
//!
//! The first mark also tells what else was made for them: the file, its folder, the end of the line before.

use super::shim;

const BEGIN: &str = "# >>> ";
const END: &str = "# <<< afterpush\n";
const NEW_FILE: &str = ", new file";
const NEW_FOLDER: &str = ", new folder";
const NEW_LINE: &str = ", after a new line";

/// What of a file was there before ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// The file.
    File,
    /// Only its folder.
    Folder,
    /// Neither.
    Nothing,
}

/// What is left of a file without our lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rest {
    /// The bytes before ours.
    pub(super) bytes: Vec<u8>,
    /// What else was there.
    pub(super) ground: Ground,
}

/// `before` with `lines` (each ended) in a block at its end.
pub(super) fn append(before: &[u8], ground: Ground, lines: &str) -> Vec<u8> {
    let is_torn = before.last().is_some_and(|&byte| byte != b'\n');
    let ground = match ground {
        Ground::File => "",
        Ground::Folder => NEW_FILE,
        Ground::Nothing => NEW_FOLDER,
    };
    let new_line = if is_torn { NEW_LINE } else { "" };
    let mark = format!("{BEGIN}{}{}{ground}{new_line}\n", shim::MARK, shim::version());
    let end = if is_torn { "\n" } else { "" };
    [before, end.as_bytes(), mark.as_bytes(), lines.as_bytes(), END.as_bytes()].concat()
}

/// Takes all blocks out; `None` if there is none, or none that ends.
pub(super) fn take_out(bytes: &[u8]) -> Option<Rest> {
    let mut rest = Rest { bytes: bytes.to_vec(), ground: Ground::File };
    let mut found = false;
    while let Some(block) = find(&rest.bytes) {
        found = true;
        let mark =
            String::from_utf8_lossy(&rest.bytes[block.start..block.end]).lines().next().unwrap_or_default().to_owned();
        if mark.contains(NEW_FOLDER) {
            rest.ground = Ground::Nothing;
        } else if mark.contains(NEW_FILE) {
            rest.ground = Ground::Folder;
        }
        let start = if mark.contains(NEW_LINE) { block.start.saturating_sub(1) } else { block.start };
        rest.bytes.drain(start..block.end);
    }
    found.then_some(rest)
}

fn find(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let begin = format!("{BEGIN}{}", shim::MARK);
    let start = lines(bytes).find(|(_, line)| line.starts_with(begin.as_bytes()))?.0;
    let (end, _) = lines(&bytes[start..]).find(|(_, line)| *line == END.as_bytes())?;
    Some(start..start + end + END.len())
}

/// The lines, each with where it starts.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    bytes.split_inclusive(|&byte| byte == b'\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_block_that_does_not_end_is_left_alone() {
        let whole = append(b"a\n", Ground::File, "x\n");
        let torn = &whole[..whole.len() - 3];
        assert_eq!(take_out(torn), None);
        assert_eq!(take_out(b"a\n# >>> something else\n"), None);
    }

    proptest! {
        #[test]
        fn what_was_there_comes_back_byte_for_byte(
            before in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'#'), Just(b'\r'), any::<u8>()], 0..40),
            ground in prop_oneof![Just(Ground::File), Just(Ground::Folder), Just(Ground::Nothing)],
        ) {
            let with = append(&before, ground, "one\ntwo\n");
            prop_assert_eq!(take_out(&with), Some(Rest { bytes: before, ground }));
        }
    }
}
