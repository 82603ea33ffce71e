//! What the user has allowed a repository's tracked file: an empty file in the user's own state for each set of
//! sensitive keys, named by it, in a folder named by the repository. Nothing else grants trust, no variable and no
//! CI runner.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::files::Folder;
use super::places::{Places, line_name};
use crate::config::Claims;

/// The user's word on one repository, whichever of its worktrees asks.
pub struct Trust {
    state_home: PathBuf,
    folder: PathBuf,
}

impl Trust {
    /// That on the repository with this git common dir.
    pub fn of(places: &Places, common_dir: &Path) -> Self {
        let folder = places.state_dir().join("trust").join(line_name(common_dir));
        Self { state_home: places.state_home().to_owned(), folder }
    }

    /// All of these were allowed, as they are.
    pub fn allows(&self, claims: &Claims) -> bool {
        let is_noted = || -> io::Result<bool> {
            let Some(_) = Folder::existing(&self.folder)? else { return Ok(false) };
            let record = Folder::private(&self.folder)?.about(claims.digest())?;
            Ok(record.is_some_and(|about| about.is_file && about.uid == nix::unistd::geteuid().as_raw()))
        };
        // Trust that cannot be read is none.
        !claims.is_empty() && is_noted().unwrap_or(false)
    }

    /// Allows them.
    pub fn allow(&self, claims: &Claims) -> io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.state_home)?;
        let folder = Folder::private(&self.folder)?;
        folder.replace(claims.digest(), b"")?;
        folder.sync()
    }

    /// Takes back whatever was allowed here; `false` if that was nothing.
    pub fn revoke(&self) -> io::Result<bool> {
        let Some(folder) = Folder::existing(&self.folder)? else { return Ok(false) };
        let names = folder.names()?;
        for name in &names {
            folder.remove(name)?;
        }
        Ok(!names.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::config::{Layer, LayerKind};

    fn claims(url: &str) -> Claims {
        let text = format!("[target.web]\nprovider = \"http\"\nurl = \"{url}\"\n");
        Claims::of(&Layer::new(LayerKind::Tracked, ".afterpush.toml", text)).expect("it can be read")
    }

    fn places(folder: &Path) -> Places {
        Places::new(&folder.join("config"), &folder.join("state"))
    }

    #[test]
    fn what_is_allowed_is_allowed_there_alone_until_it_is_taken_back() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let here = Trust::of(&places(folder.path()), Path::new("/a/.git"));
        let there = Trust::of(&places(folder.path()), Path::new("/a/.git2"));
        let (one, other) = (claims("https://one.example"), claims("https://other.example"));
        assert!(!here.allows(&one) && !here.revoke().expect("nothing to take back"));
        here.allow(&one).expect("it is noted");
        assert!(here.allows(&one) && !here.allows(&other) && !there.allows(&one));
        assert!(!there.revoke().expect("nothing there") && here.allows(&one));
        here.allow(&other).expect("it is noted");
        assert!(here.revoke().expect("both are taken back"));
        assert!(!here.allows(&one) && !here.allows(&other));
    }

    #[test]
    fn a_record_that_somebody_else_could_have_made_allows_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let trust = Trust::of(&places(folder.path()), Path::new("/a/.git"));
        let one = claims("https://one.example");
        trust.allow(&one).expect("it is noted");
        let record = trust.folder.join(one.digest());
        fs::rename(&record, folder.path().join("elsewhere")).expect("it is moved");
        symlink(folder.path().join("elsewhere"), &record).expect("a link");
        assert!(!trust.allows(&one), "a link");
        fs::remove_file(&record).expect("the link goes");
        fs::rename(&trust.folder, folder.path().join("foreign")).expect("the folder is moved");
        symlink(folder.path().join("foreign"), &trust.folder).expect("a link");
        fs::write(trust.folder.join(one.digest()), "").expect("a record elsewhere");
        assert!(!trust.allows(&one), "a folder behind a link");
    }
}
