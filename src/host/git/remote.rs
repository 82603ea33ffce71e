//! One question to a remote: what is this ref at? Never prompts, and ends in time.

use std::env;
use std::path::Path;

use super::GitError;
use super::program::Call;
use crate::base::Span;
use crate::push::{RefName, Sha};

/// What the remote has at `name`; `Ok(None)` where it says it has no such ref. `remote` is a remote's name or a
/// URL; where that is a path, it begins at `from`, as it did for the push that was made there. An error means it could
/// not be asked, in git's own words.
pub fn ls_remote(
    common_dir: &Path,
    from: &Path,
    remote: &str,
    name: &RefName,
    limit: Span,
) -> Result<Option<Sha>, GitError> {
    if remote.is_empty() || remote.starts_with('-') {
        return Err(GitError::Refused(format!("`{}` is not a remote", crate::base::text::visible(remote))));
    }
    let ssh = ssh_command(common_dir);
    let mut call = Call::git()
        .quietly()
        .without_prompts()
        .args(["-c", "protocol.ext.allow=never"])
        .git_dir(common_dir)
        .directory(from)
        .limit(limit.to_std());
    if let Some(ssh) = ssh {
        call = call.variable("GIT_SSH_COMMAND", ssh);
    }
    let answer = call.args(["ls-remote", "--end-of-options", remote, name.as_str()]).run()?;
    if !answer.status.success() {
        return Err(answer.refusal());
    }
    // A pattern also fits refs that end in it; only the whole name counts.
    let found = answer.lines().find_map(|line| {
        let (id, found) = line.split_once('\t')?;
        (found == name.as_str()).then(|| id.parse().ok())?
    });
    Ok(found)
}

/// The user's own way to call ssh, told never to ask; `None` where it is no ssh we know the switch of.
fn ssh_command(common_dir: &Path) -> Option<String> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let configured = || {
        let call = Call::git().git_dir(common_dir).args(["config", "--get", "core.sshCommand"]);
        call.run().ok()?.line()
    };
    let plain = || set("GIT_SSH").map(|program| shell_words::quote(&program).into_owned());
    let command = set("GIT_SSH_COMMAND").or_else(configured).or_else(plain).unwrap_or_else(|| "ssh".to_owned());
    quiet_ssh(&command)
}

fn quiet_ssh(command: &str) -> Option<String> {
    let words = shell_words::split(command).ok()?;
    let program = Path::new(words.iter().find(|word| !word.contains('='))?).file_name()?.to_str()?;
    match program {
        "ssh" | "ssh.exe" => Some(format!("{command} -o BatchMode=yes")),
        "plink" | "plink.exe" => Some(format!("{command} -batch")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::quiet_ssh;

    #[test]
    fn ssh_is_told_never_to_ask_and_an_unknown_one_is_left_alone() {
        for (command, quiet) in [
            ("ssh", Some("ssh -o BatchMode=yes")),
            ("/usr/bin/ssh -i 'a key'", Some("/usr/bin/ssh -i 'a key' -o BatchMode=yes")),
            ("LANG=C ssh -v", Some("LANG=C ssh -v -o BatchMode=yes")),
            ("plink", Some("plink -batch")),
            ("my-ssh-wrapper", None),
            ("ssh 'torn", None),
        ] {
            assert_eq!(quiet_ssh(command).as_deref(), quiet, "{command}");
        }
    }
}
