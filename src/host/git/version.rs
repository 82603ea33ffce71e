//! Which git this is.

use super::GitError;
use super::program::Call;

/// A version of git; what comes after the second number changes nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 2 in 2.54.0.
    pub major: u32,
    /// 54 in 2.54.0.
    pub minor: u32,
}

impl Version {
    /// Hooks may be defined in configuration files: git 2.54 and newer.
    pub fn has_config_hooks(self) -> bool {
        self >= Self { major: 2, minor: 54 }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Asks the git program for its version.
pub fn version() -> Result<Version, GitError> {
    let answer = Call::git().args(["--version"]).run()?;
    let line = answer.line().ok_or_else(|| answer.refusal())?;
    read(&line).ok_or_else(|| GitError::Refused(format!("`{line}` names no version of git")))
}

fn read(line: &str) -> Option<Version> {
    let mut numbers = line.strip_prefix("git version ")?.split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?;
    let digits = minor.find(|c: char| !c.is_ascii_digit()).unwrap_or(minor.len());
    Some(Version { major, minor: minor[..digits].parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn versions_of_every_maker_are_read() {
        for (line, minor, config_hooks) in [
            ("git version 2.39.5", 39, false),
            ("git version 2.39.5 (Apple Git-154)", 39, false),
            ("git version 2.53.0.windows.1", 53, false),
            ("git version 2.54.0", 54, true),
            ("git version 2.55.0-rc1", 55, true),
            ("git version 2.55-rc0", 55, true),
            ("git version 2.55.GIT", 55, true),
            ("git version 3.0.0", 0, true),
        ] {
            let version = read(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((version.minor, version.has_config_hooks()), (minor, config_hooks), "{line}");
        }
        assert!(read("tig version 2.5").is_none() && read("git version x.y").is_none());
    }
}
