//! Credentials a command prints: `pass show …`, `op read …`. Run without a shell, with a small environment.

use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use crate::base::{Span, text};
use crate::wire::Secret;

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(10);

/// More than any credential has.
const MAX_BYTES: u64 = 64 << 10;

/// What credential programs need to find their agents and stores; nothing else of ours reaches them.
const KEPT: [&str; 11] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "GNUPGHOME",
    "PASSWORD_STORE_DIR",
    "SSH_AUTH_SOCK",
];

/// The one credential the command prints.
pub(super) async fn output(words: &[String]) -> Result<Secret, String> {
    within(words, LIMIT).await
}

fn said(error: &std::io::Error) -> String {
    text::without_number(&error.to_string())
}

async fn within(words: &[String], limit: Duration) -> Result<Secret, String> {
    let (program, arguments) = words.split_first().ok_or("the configured token command is empty")?;
    let mut child = command(program, arguments)
        .spawn()
        .map_err(|error| format!("the token command {program} cannot be run: {}", said(&error)))?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let Ok(result) = tokio::time::timeout(limit, printed(&mut child)).await else {
        // Its own children, too: a hung prompt would stay for ever.
        if let Some(group) = group {
            let _ = killpg(group, Signal::SIGKILL);
        }
        let _ = child.wait().await;
        return Err(format!("the token command {program} did not end within {}", Span::from_std(limit)));
    };
    let (text, ok) = result.map_err(|error| format!("the token command {program} failed: {}", said(&error)))?;
    if ok { Ok(Secret::new(&text)) } else { Err(format!("the token command {program} failed; try it in a terminal")) }
}

fn command(program: &str, arguments: &[String]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.current_dir("/").process_group(0).kill_on_drop(true);
    command
}

async fn printed(child: &mut Child) -> std::io::Result<(String, bool)> {
    let mut text = String::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MAX_BYTES).read_to_string(&mut text).await?;
    }
    Ok((text, child.wait().await?.success()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_that_hangs_is_ended_with_its_children() {
        let words = ["sh", "-c", "sleep 98765 & sleep 98765"].map(str::to_owned);
        let refusal = within(&words, Duration::from_millis(200)).await.unwrap_err();
        assert_eq!(refusal, "the token command sh did not end within 200ms");
        while is_running(b"sleep\x0098765\0") {
            tokio::task::yield_now().await;
        }
    }

    fn is_running(line: &[u8]) -> bool {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes.map(|entry| entry.path().join("cmdline")).any(|path| std::fs::read(path).is_ok_and(|own| own == line))
    }
}
