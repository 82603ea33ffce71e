//! Variables that only the user's login shell sets: a git client that was started from a desktop has none of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::database::trimmed;
use crate::base::Span;
use crate::host::command;
use crate::wire::{CommandAsk, NoAnswer, Secret};

/// How long the shell may take with all its start-up files.
const LIMIT: Span = Span::from_secs(5);

/// More than the variables and what start-up files print.
const MAX_BYTES: usize = 256 << 10;

/// The user's login shell: the one the environment names, else the one of the user's account.
pub fn login_shell(named: Option<&str>) -> PathBuf {
    let account = || nix::unistd::User::from_uid(nix::unistd::geteuid()).ok()?.map(|user| user.shell);
    let named = named.map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(account).filter(|path| path.is_absolute()).unwrap_or_else(|| PathBuf::from("/bin/sh"))
}

/// Those of the variables that the shell sets.
pub(super) async fn variables(shell: &Path, names: &[&str]) -> Result<BTreeMap<String, Secret>, String> {
    let shown = shell.display();
    let words = [shell.to_string_lossy().into_owned(), "-l".to_owned(), "-c".to_owned(), script(names)];
    let ask = CommandAsk { words: words.into(), variables: Vec::new(), limit: LIMIT, max_bytes: MAX_BYTES };
    let answer = command::perform(&ask, Path::new("/")).await.map_err(|why| match why {
        NoAnswer::Command { what, .. } => format!("the login shell {shown} {what}"),
        other => other.to_string(),
    })?;
    // What start-up files print stands before the first zero byte.
    let mut parts = answer.body.split(|&byte| byte == 0);
    let heard: Vec<_> = parts.by_ref().skip(1).filter_map(|part| std::str::from_utf8(part).ok()).collect();
    if heard.is_empty() {
        return Err(format!("the login shell {shown} does not answer; try {shown} -l -c env"));
    }
    let values = heard.iter().filter_map(|part| part.split_once('='));
    let set = values.filter(|(name, value)| names.contains(name) && !value.trim().is_empty());
    Ok(set.map(|(name, value)| (name.to_owned(), trimmed(name, value))).collect())
}

/// What any shell understands, also one that is not like `sh`: the rest is left to `sh` itself, which inherits what
/// is exported. The names are letters, digits and underscores.
fn script(names: &[&str]) -> String {
    let pairs: Vec<_> = names.iter().map(|name| format!("\"{name}=${name}\"")).collect();
    format!(r#"exec /bin/sh -c 'printf "\0%s\0" {}'"#, pairs.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_variables_are_printed() {
        assert_eq!(script(&["A", "B_2"]), r#"exec /bin/sh -c 'printf "\0%s\0" "A=$A" "B_2=$B_2"'"#);
    }

    #[test]
    fn a_shell_is_named_by_its_whole_path() {
        assert_eq!(login_shell(Some("/bin/zsh")), Path::new("/bin/zsh"));
        for odd in [None, Some("zsh"), Some("")] {
            assert!(login_shell(odd).is_absolute());
        }
    }
}
