//! The doorbell: called by git when a push is about to happen, it leaves a request in the repository's inbox, makes
//! sure that a monitor runs, and is gone.
//!
//! Two processes. The one git waits for reads its input, touches no disk, and is back within 300 ms whatever
//! happens; another one does the work. Both exit with 0 always: the worst a broken afterpush does to a push is one
//! line on stderr.

#![cfg_attr(all(target_os = "linux", target_env = "gnu", not(test)), no_main)]

mod call;
mod git_config;
mod input;
mod note;
mod pusher;
mod refs;
mod repository;

use std::io::{Write, stderr, stdout};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use afterpush::base::text;
use afterpush::process::{End, Told, in_background, limit};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use call::{Call, Event};
use note::{Notice, Wanted};

/// How long git waits for this program at most.
const LIMIT: Duration = Duration::from_millis(300);

const SLOW: &str = "afterpush: the disk is slow to answer; if this push is not noted, `afterpush status` finds it\n";
const BROKEN: &str =
    "afterpush: this push is not noted, the hook broke down; once it has landed, run `afterpush track`\n";

// Neither a panic's message nor its exit code may reach a push.
afterpush::process::bare_program!(run);

fn run() {
    let deadline = Instant::now() + limit("hook_limit", LIMIT);
    match Call::read(std::env::args_os().skip(1)) {
        Ok(Call::Version) => {
            let _ = writeln!(stdout(), "afterpush-hook {}", env!("CARGO_PKG_VERSION"));
        }
        Ok(Call::Hook { event, if_configured }) => ring(event, if_configured, deadline),
        Err(usage) => say(usage.as_bytes()),
    }
}

/// Does what the event asks for and says what there is to be said about it.
fn ring(event: Event, if_configured: bool, deadline: Instant) {
    let wanted = match event {
        Event::PostPush { remote, branch } => Wanted::Head { remote, branch },
        Event::PrePush { remote, url } => {
            let input = input::read();
            if input.garbage > 0 {
                say(input::complaint(input.garbage).as_bytes());
            }
            if input.updates.is_empty() && !input.is_cut {
                return;
            }
            Wanted::Push { remote, url, refs: input.updates, is_cut: input.is_cut }
        }
    };
    let is_ignored = std::env::var_os("AFTERPUSH").is_some_and(|value| value == "0");
    let caller = std::os::unix::process::parent_id();
    let notice = Notice { wanted, caller: i32::try_from(caller).unwrap_or(0), if_configured, is_ignored };
    let report = |told: &Told<'_>| {
        let instead = match told.end {
            End::Open if !is_ignored => SLOW,
            End::Broken if !is_ignored => BROKEN,
            _ => "",
        };
        say(if told.text.is_empty() { instead.as_bytes() } else { told.text });
    };
    let err = in_background(deadline, |told| note::leave(notice, told), report);
    let why = text::without_number(&err.to_string());
    say(format!("afterpush: this push is not noted: {why}\n").as_bytes());
}

/// Writes to stderr only what it takes at once: somebody may have stopped reading it. Asks for no memory.
fn say(text: &[u8]) {
    let stderr = stderr();
    let mut asked = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    let has_room = poll(&mut asked, PollTimeout::ZERO).is_ok()
        && asked[0].revents().is_some_and(|ready| ready.contains(PollFlags::POLLOUT));
    if has_room {
        // A pipe that is ready takes 4 KiB, and there is nothing to be done about one that nobody reads.
        let _ = nix::unistd::write(&stderr, &text[..text.len().min(4_096)]);
    }
}
