//! `core.sharedRepository`: how wide git opens what it writes, for the files other users of a repository may read.
//!
//! Source: git's `git_config_perm` (setup.c) and `calc_shared_perm`, `adjust_shared_perm` (path.c).

/// The setting, as git understands it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// `umask`, `false`, `0` or not set: modes stay as they are.
    #[default]
    Umask,
    /// `group`, `true`, `1`: the group may read and write, too.
    Group,
    /// `all`, `world`, `everybody`, `2`: like `group`, and everybody may read.
    Everybody,
    /// An octal mode: exactly this for files.
    Exactly(u32),
}

impl Sharing {
    /// Reads the value of the setting; `None` is a setting that is absent. What git itself would refuse is read as
    /// not set, so that nothing is ever opened wider by mistake.
    pub fn of(value: Option<&str>) -> Self {
        let Some(value) = value else { return Self::Umask };
        match value.to_ascii_lowercase().as_str() {
            "group" | "true" | "yes" | "on" => Self::Group,
            "all" | "world" | "everybody" => Self::Everybody,
            octal => match u32::from_str_radix(octal, 8) {
                Ok(1) => Self::Group,
                Ok(2) => Self::Everybody,
                Ok(mode) if mode & 0o600 == 0o600 => Self::Exactly(mode & 0o666),
                _ => Self::Umask,
            },
        }
    }

    /// The mode of a file that would have `mode`.
    pub const fn file(self, mode: u32) -> u32 {
        let tweak = match self {
            Self::Umask => return mode,
            Self::Group => 0o660,
            Self::Everybody => 0o664,
            Self::Exactly(exact) => exact,
        };
        let tweak = if mode & 0o200 == 0 { tweak & !0o222 } else { tweak };
        let tweak = if mode & 0o100 == 0 { tweak } else { tweak | (tweak & 0o444) >> 2 };
        match self {
            Self::Exactly(_) => (mode & !0o777) | tweak,
            _ => mode | tweak,
        }
    }

    /// The mode of a folder that would have `mode`: who may read may enter, and where the group gets anything, what
    /// is made inside belongs to the group.
    pub const fn folder(self, mode: u32) -> u32 {
        if matches!(self, Self::Umask) {
            return mode;
        }
        let wide = self.file(mode);
        let wide = wide | (wide & 0o444) >> 2;
        if wide & 0o060 == 0 { wide } else { wide | 0o2000 }
    }

    /// Other users may write beside us.
    pub const fn is_shared(self) -> bool {
        !matches!(self, Self::Umask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_and_numbers_of_git_are_understood() {
        for (value, sharing) in [
            ("umask", Sharing::Umask),
            ("false", Sharing::Umask),
            ("0", Sharing::Umask),
            ("group", Sharing::Group),
            ("TRUE", Sharing::Group),
            ("1", Sharing::Group),
            ("everybody", Sharing::Everybody),
            ("2", Sharing::Everybody),
            ("0640", Sharing::Exactly(0o640)),
            ("0777", Sharing::Exactly(0o666)),
            ("0440", Sharing::Umask),
            ("nonsense", Sharing::Umask),
        ] {
            assert_eq!(Sharing::of(Some(value)), sharing, "{value}");
        }
        assert_eq!(Sharing::of(None), Sharing::Umask);
    }

    #[test]
    fn modes_widen_as_git_widens_them() {
        for (sharing, file, folder) in [
            (Sharing::Umask, 0o644, 0o755),
            (Sharing::Group, 0o664, 0o2775),
            (Sharing::Everybody, 0o664, 0o2775),
            (Sharing::Exactly(0o640), 0o640, 0o2750),
            (Sharing::Exactly(0o600), 0o600, 0o700),
        ] {
            assert_eq!((sharing.file(0o644), sharing.folder(0o755)), (file, folder), "{sharing:?}");
        }
    }
}
