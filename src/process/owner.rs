//! Whose repository it is. Root is a guest in another user's: what it left there that user could not remove.

use std::io;
use std::os::unix::fs::MetadataExt;

use nix::unistd::geteuid;

use crate::base::Layout;

/// Fails where root would leave its files in another user's repository. Nobody else gets that far: who may not write
/// there is stopped by the system, and in a shared repository every user has a folder and leaves it as it is.
pub fn refuse_guest_root(layout: &Layout) -> io::Result<()> {
    refuse(layout.common_dir().metadata()?.uid(), geteuid().as_raw())
}

fn refuse(owner: u32, user: u32) -> io::Result<()> {
    if user != 0 || owner == 0 {
        return Ok(());
    }
    let why = format!(
        "the repository belongs to the user with the id {owner}, who could not remove what root leaves in it; \
         do this as that user, for example with sudo -u '#{owner}'"
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_is_refused_and_only_where_another_user_lives() {
        for (owner, user, is_refused) in [(0, 0, false), (7, 7, false), (7, 8, false), (0, 7, false), (7, 0, true)] {
            assert_eq!(refuse(owner, user).is_err(), is_refused, "{user} in a repository of {owner}");
        }
    }
}
