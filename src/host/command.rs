//! The one place where a program is run for what it prints: providers' commands and those that hold credentials.
//!
//! No shell, no standard input, a small environment. What it prints is bounded, and if it takes too long it is ended
//! together with the processes it has started.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::clock::Machine;
use crate::base::{Clock, Span, text};
use crate::process;
use crate::wire::{Answer, CommandAsk, NoAnswer};

/// As much of the end of standard error is kept.
const COMPLAINT: usize = 500;

/// What lies in its pipes when a program has ended is read within this time.
const REST: Duration = Duration::from_millis(200);

/// Runs the program in this folder to its end. Any exit code is an answer.
pub async fn perform(ask: &CommandAsk, folder: &Path) -> Result<Answer, NoAnswer> {
    let started = Instant::now();
    let name = text::visible(ask.words.first().map_or("", String::as_str));
    let wrong = |what: String| NoAnswer::Command { program: name.clone(), what };
    let broken = |error: std::io::Error| text::without_number(&error.to_string());
    let mut child = command(ask, folder).spawn().map_err(|error| wrong(format!("cannot be run: {}", broken(error))))?;
    let mut group = Group::of(&child);
    let ended = tokio::time::timeout(ask.limit.to_std(), output(&mut child, ask.max_bytes)).await;
    let ended = ended.map_err(|_| wrong(format!("did not end within {}", ask.limit)));
    let output = ended?.map_err(|error| wrong(format!("failed: {}", broken(error))))?;
    if output.left_nothing {
        group.is_gone();
    }
    if output.printed.len() > ask.max_bytes {
        return Err(wrong(format!("prints more than {} bytes", ask.max_bytes)));
    }
    Ok(Answer {
        status: code(output.status),
        headers: Vec::new(),
        body: output.printed,
        complaint: lines(&output.complaint),
        at: Machine.now(),
        latency: Span::from_std(started.elapsed()),
    })
}

fn command(ask: &CommandAsk, folder: &Path) -> Command {
    let (program, arguments) = ask.words.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let mut command = Command::new(program);
    // Also a command that fetches a token has to do with this: what it needs more is for its words to say.
    command.args(arguments).env_clear().envs(process::for_children());
    command.envs(ask.variables.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.current_dir(folder).process_group(0).kill_on_drop(true);
    command
}

/// What a program has said.
struct Output {
    printed: Vec<u8>,
    complaint: Vec<u8>,
    status: ExitStatus,
    /// No process that it has started holds its output open.
    left_nothing: bool,
}

/// Reads one byte more than is allowed at most. A program that has ended is not waited for because of what it left
/// behind with its output open.
async fn output(child: &mut Child, max_bytes: usize) -> std::io::Result<Output> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let most = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
    let (mut printed, mut complaint) = (Vec::new(), Vec::new());
    let (status, left_nothing) = {
        let mut reading =
            pin!(async { tokio::try_join!(all(stdout, most, &mut printed), end(stderr, &mut complaint)).map(|_| ()) });
        tokio::select! {
            read = &mut reading => { read?; (child.wait().await?, true) }
            status = child.wait() => (status?, tokio::time::timeout(REST, &mut reading).await.is_ok()),
        }
    };
    Ok(Output { printed, complaint, status, left_nothing })
}

async fn all(pipe: Option<impl AsyncRead + Unpin>, most: u64, into: &mut Vec<u8>) -> std::io::Result<()> {
    let Some(pipe) = pipe else { return Ok(()) };
    pipe.take(most).read_to_end(into).await.map(|_| ())
}

/// The last bytes of all that comes.
async fn end(pipe: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> std::io::Result<()> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let mut part = [0; 4096];
    loop {
        let read = pipe.read(&mut part).await?;
        if read == 0 {
            return Ok(());
        }
        into.extend_from_slice(&part[..read]);
        into.drain(..into.len().saturating_sub(COMPLAINT));
    }
}

fn lines(bytes: &[u8]) -> String {
    bytes.split(|&byte| byte == b'\n').map(text::visible_bytes).collect::<Vec<_>>().join("\n")
}

/// The exit code, or 128 and the signal's number as a shell has it.
fn code(status: ExitStatus) -> u16 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(255);
    u16::try_from(code).unwrap_or(255)
}

/// A program and the processes it has started: all of them end with this value.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw))
    }

    /// Nobody is left of it, and its number may be another's by now.
    fn is_gone(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // None of it may be left; that is as good.
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(script: &str) -> CommandAsk {
        CommandAsk {
            words: ["sh", "-c", script].map(str::to_owned).into(),
            variables: vec![("AFTERPUSH_SHA".to_owned(), "abc".to_owned())],
            limit: Span::from_secs(60),
            max_bytes: 1000,
        }
    }

    async fn run(ask: CommandAsk) -> Result<Answer, NoAnswer> {
        perform(&ask, Path::new("/")).await
    }

    fn is_running(line: &[u8]) -> bool {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes.map(|entry| entry.path().join("cmdline")).any(|path| std::fs::read(path).is_ok_and(|own| own == line))
    }

    #[tokio::test]
    async fn any_exit_code_is_an_answer_with_the_end_of_the_complaint() {
        let answer = run(ask("pwd; echo $AFTERPUSH_SHA; seq 500 >&2; printf '\\033[1mno' >&2; exit 3")).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (3, &b"/\nabc\n"[..]));
        assert!(answer.complaint.ends_with("500\n\\u{1b}[1mno"), "{}", answer.complaint);
        assert!(answer.complaint.len() < 2 * COMPLAINT);
        assert_eq!(run(ask("kill -9 $$")).await.unwrap().status, 137);
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_ended_with_its_children() {
        let hanging = CommandAsk { limit: Span::from_millis(200), ..ask("sleep 98765 & sleep 98765") };
        assert_eq!(run(hanging).await.unwrap_err().to_string(), "the command sh did not end within 200ms");
        while is_running(b"sleep\x0098765\0") {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_it_leaves_behind_is_not_waited_for_and_ended() {
        assert_eq!(run(ask("sleep 98764 & echo done")).await.unwrap().body, b"done\n");
        while is_running(b"sleep\x0098764\0") {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn too_much_and_nothing_to_run_are_told() {
        let words = run(ask("yes")).await.unwrap_err().to_string();
        assert_eq!(words, "the command sh prints more than 1000 bytes");
        for words in [vec!["/nonexistent/kamal".to_owned()], Vec::new()] {
            let words = run(CommandAsk { words, ..ask("") }).await.unwrap_err().to_string();
            assert!(words.contains("cannot be run: "), "{words}");
        }
    }
}
