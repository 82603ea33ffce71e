//! What the program was called for.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use afterpush::base::text;
use afterpush::push::{RemoteName, without_userinfo};

const USAGE: &str = "afterpush-hook: called by git as `afterpush-hook pre-push REMOTE URL`, by other tools as \
                     `afterpush-hook post-push [REMOTE] [BRANCH]`\n";

/// The arguments, understood.
#[derive(Debug, PartialEq, Eq)]
pub enum Call {
    /// `--version`.
    Version,
    /// A hook's event.
    Hook {
        /// Which one.
        event: Event,
        /// `--if-configured`: where nothing is configured, do and say nothing. For a hook that runs in every
        /// repository of a user.
        if_configured: bool,
    },
}

/// A hook's event.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A push is about to happen; its refs are on stdin.
    PrePush {
        /// The remote's name, or its URL.
        remote: RemoteName,
        /// Where it goes.
        url: String,
    },
    /// A push of `HEAD` has happened.
    PostPush {
        /// The remote; the default is the branch's.
        remote: Option<RemoteName>,
        /// The branch on the remote; the default is the checked-out one.
        branch: Option<String>,
    },
}

impl Call {
    /// Reads the arguments. Users and passwords leave URLs here, before anything else sees them.
    pub fn read(arguments: impl Iterator<Item = OsString>) -> Result<Self, &'static str> {
        let mut arguments = arguments.map(|argument| text::readable(argument.as_bytes())).peekable();
        let if_configured = arguments.next_if(|first| first == "--if-configured").is_some();
        let event = arguments.next().ok_or(USAGE)?;
        let mut operand = || arguments.next().filter(|operand| !operand.is_empty());
        let event = match event.as_str() {
            "--version" => return Ok(Self::Version),
            "pre-push" => Event::PrePush {
                remote: RemoteName::new(without_userinfo(&operand().ok_or(USAGE)?)),
                url: without_userinfo(&operand().ok_or(USAGE)?),
            },
            "post-push" => Event::PostPush {
                remote: operand().map(|remote| RemoteName::new(without_userinfo(&remote))),
                branch: operand().map(|branch| branch.strip_prefix("refs/heads/").unwrap_or(&branch).to_owned()),
            },
            _ => return Err(USAGE),
        };
        Ok(Self::Hook { event, if_configured })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Call, &'static str> {
        Call::read(arguments.iter().map(OsString::from))
    }

    #[test]
    fn urls_lose_their_password_wherever_they_stand() {
        let url = "https://bob:s3cret@example.com/a.git";
        let event = Event::PrePush {
            remote: RemoteName::new("https://example.com/a.git"),
            url: "https://example.com/a.git".to_owned(),
        };
        assert_eq!(read(&["pre-push", url, url]), Ok(Call::Hook { event, if_configured: false }));
    }

    #[test]
    fn a_post_push_may_name_remote_and_branch_or_not() {
        let event = |remote: Option<&str>, branch: Option<&str>| Call::Hook {
            event: Event::PostPush { remote: remote.map(RemoteName::new), branch: branch.map(str::to_owned) },
            if_configured: true,
        };
        assert_eq!(read(&["--if-configured", "post-push"]), Ok(event(None, None)));
        assert_eq!(read(&["--if-configured", "post-push", "up", "refs/heads/x"]), Ok(event(Some("up"), Some("x"))));
    }

    #[test]
    fn anything_else_is_told_how_it_is_called() {
        for wrong in [&[][..], &["pre-push"], &["pre-push", "origin"], &["pre-commit"], &["--help"]] {
            assert_eq!(read(wrong), Err(USAGE));
        }
    }
}
