//! The pushing git, found in the process tree: hook managers put up to three processes between it and the hook.

use afterpush::process::{arguments, pid_namespace, stat};
use afterpush::push::GitProcess;

/// Further up there is only the user's shell, or an editor.
const HIGHEST: usize = 8;

/// git's own options that take the next argument as their value.
const TOGETHER: &[&[u8]] = &[b"-c", b"-C", b"--git-dir", b"--work-tree", b"--namespace", b"--super-prefix"];
/// The same for `git push`.
const PUSH_TOGETHER: &[&[u8]] = &[b"-o", b"--push-option", b"--receive-pack", b"--exec", b"--repo"];

/// The first `git push` from this process upwards.
pub fn find(mut pid: i32) -> Option<GitProcess> {
    for _ in 0..HIGHEST {
        let found = stat(pid)?;
        if let Some(push) = arguments(pid).as_deref().and_then(push_arguments) {
            return Some(GitProcess {
                pid,
                start_ticks: found.start_ticks,
                pid_namespace: pid_namespace(),
                dry_run: is_dry_run(push),
            });
        }
        pid = found.parent;
        if pid <= 1 {
            break;
        }
    }
    None
}

/// What stands behind `push` in a command line of git's.
fn push_arguments(line: &[Vec<u8>]) -> Option<&[Vec<u8>]> {
    let (program, mut rest) = line.split_first()?;
    match program.rsplit(|&byte| byte == b'/').next()? {
        b"git-push" => return Some(rest),
        b"git" => {}
        _ => return None,
    }
    while let Some((first, others)) = rest.split_first() {
        rest = match first.as_slice() {
            b"push" => return Some(others),
            option if TOGETHER.contains(&option) => others.get(1..)?,
            option if option.starts_with(b"-") => others,
            _ => return None,
        };
    }
    None
}

fn is_dry_run(mut rest: &[Vec<u8>]) -> bool {
    let mut is_dry = false;
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        match first.as_slice() {
            b"--" => break,
            option if PUSH_TOGETHER.contains(&option) => rest = others.get(1..).unwrap_or_default(),
            b"--no-dry-run" => is_dry = false,
            // git takes any beginning that fits one option only.
            option if option.len() >= 4 && b"--dry-run".starts_with(option) => is_dry = true,
            option if option.starts_with(b"--") => {}
            // Of a cluster of short options, `-o` swallows what follows.
            [b'-', cluster @ ..] => is_dry |= cluster.iter().take_while(|&&c| c != b'o').any(|&c| c == b'n'),
            _ => {}
        }
    }
    is_dry
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Vec<Vec<u8>> {
        text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn a_push_is_told_from_everything_else() {
        for push in ["git push", "/usr/bin/git -c a=push -C push --no-pager push origin", "git-push origin"] {
            assert!(push_arguments(&line(push)).is_some(), "{push}");
        }
        for other in
            ["git fetch push", "sh -c git push", "git", "git -c push", "lefthook run pre-push", "git -C push x"]
        {
            assert!(push_arguments(&line(other)).is_none(), "{other}");
        }
    }

    #[test]
    fn a_dry_run_is_seen_in_all_its_spellings() {
        for dry in ["-n", "--dry-run", "--dry", "-fn origin", "origin main -n", "-o n -n"] {
            assert!(is_dry_run(&line(dry)), "{dry}");
        }
        for real in ["origin", "-f", "-on", "-o -n", "--no-verify", "--dry-run --no-dry-run", "-- -n", "--delete x"] {
            assert!(!is_dry_run(&line(real)), "{real}");
        }
    }
}
