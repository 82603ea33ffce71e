//! `core.sharedRepository`: which modes git gives the files of a shared repository.
//!
//! Source: git-config(1), `core.sharedRepository`; the arithmetic is that of git's `calc_shared_perm`.

/// How modes are widened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sharing {
    bits: u32,
    exact: bool,
}

impl Sharing {
    /// The mode git would give a file or directory that otherwise had `mode`.
    pub fn widen(self, mode: u32) -> u32 {
        let mut bits = self.bits;
        if mode & 0o200 == 0 {
            bits &= !0o222;
        }
        if mode & 0o100 != 0 {
            bits |= (bits & 0o444) >> 2;
        }
        if self.exact { (mode & !0o777) | bits } else { mode | bits }
    }
}

/// Reads the setting's value; `None` for the default (the umask decides) and for what git would not take.
pub(super) fn read(value: &str) -> Option<Sharing> {
    const GROUP: Sharing = Sharing { bits: 0o660, exact: false };
    const EVERYBODY: Sharing = Sharing { bits: 0o664, exact: false };
    match value.to_ascii_lowercase().as_str() {
        "group" | "true" | "yes" | "on" | "1" | "" => Some(GROUP),
        "all" | "world" | "everybody" | "2" => Some(EVERYBODY),
        octal => {
            let bits = u32::from_str_radix(octal, 8).ok()?;
            (bits & 0o600 == 0o600).then_some(Sharing { bits: bits & 0o666, exact: true })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn modes_are_widened_as_git_does() {
        let widened = |value: &str, mode: u32| read(value).map(|sharing| sharing.widen(mode));
        for (value, mode, expected) in [
            ("group", 0o644, Some(0o664)),
            ("true", 0o600, Some(0o660)),
            ("group", 0o755, Some(0o775)),
            ("world", 0o600, Some(0o664)),
            ("all", 0o700, Some(0o775)),
            ("0640", 0o644, Some(0o640)),
            ("0660", 0o755, Some(0o770)),
            ("0444", 0o644, None),
            ("umask", 0o644, None),
            ("false", 0o644, None),
            ("0", 0o644, None),
        ] {
            assert_eq!(widened(value, mode), expected, "{value} {mode:o}");
        }
    }
}
