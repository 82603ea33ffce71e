//! A room of its own for programs: other mounts, another set of processes, other limits, as only namespaces give.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Runs each line it is told and says when it is done.
const KEEPER: &str = "while read -r line; do eval \"$line\" 2>&1; echo \"=$?\"; done";

/// A namespace that a shell keeps open; it ends with this, and so does every process of a room that has its own.
pub struct Room {
    keeper: Child,
    told: Option<ChildStdin>,
    said: BufReader<ChildStdout>,
    kinds: Vec<String>,
    /// The shell's id outside.
    pid: u32,
}

impl Room {
    /// Mounts of its own, and these other kinds of namespace (`--pid`, `--net`). Needs no root.
    #[track_caller]
    pub fn new(kinds: &[&str]) -> Self {
        Self::open(&[&["--user", "--mount"], kinds].concat())
    }

    /// Mounts of its own, disks among them. Needs root.
    #[track_caller]
    pub fn with_disks() -> Self {
        Self::open(&["--mount"])
    }

    #[track_caller]
    fn open(kinds: &[&str]) -> Self {
        let mut unshare = Command::new("unshare");
        unshare.args(kinds);
        if kinds.contains(&"--user") {
            unshare.arg("--map-root-user");
        }
        let has_processes = kinds.contains(&"--pid");
        if has_processes {
            unshare.args(["--fork", "--kill-child", "--mount-proc"]);
        }
        let keeper = unshare.args(["sh", "-c", KEEPER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut keeper = keeper.expect("unshare runs (Debian's package util-linux)");
        let told = keeper.stdin.take();
        let said = BufReader::new(keeper.stdout.take().expect("a pipe"));
        let pid = keeper.id();
        let kinds = kinds.iter().map(|&kind| kind.to_owned()).collect();
        let mut room = Self { keeper, told, said, kinds, pid };
        // The first answer shows that the room is there.
        room.tell("true");
        if has_processes {
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("a process");
            room.pid = children.trim().parse().expect("one child");
        }
        room
    }

    /// Has the shell in the room run this line, holds it to success and returns what it printed.
    #[track_caller]
    pub fn tell(&mut self, line: &str) -> String {
        let told = self.told.as_mut().expect("it is told things until it ends");
        writeln!(told, "{line}").expect("the room is there; user namespaces have to be allowed");
        let mut said = String::new();
        loop {
            let mut next = String::new();
            let length = self.said.read_line(&mut next).expect("the room is there");
            assert!(length > 0, "the room is gone; are user namespaces allowed? It said: {said}");
            if let Some(code) = next.strip_prefix('=') {
                assert_eq!(code.trim(), "0", "{line}: {said}");
                return said.trim().to_owned();
            }
            said += &next;
        }
    }

    /// The words before a program's own that run it in the room, in this folder.
    pub fn entrance(&self, folder: &Path) -> Vec<String> {
        let keeps = self.kinds.iter().any(|kind| kind == "--user").then(|| "--preserve-credentials".to_owned());
        let enter = ["nsenter".to_owned(), "--target".to_owned(), self.pid.to_string()].into_iter();
        let enter = enter.chain(keeps).chain(self.kinds.iter().cloned());
        let there = ["sh", "-c", "cd \"$0\" && exec \"$@\""].map(str::to_owned);
        enter.chain(there).chain([folder.display().to_string()]).collect()
    }

    /// Where a path of the room is seen from outside.
    pub fn seen(&self, path: &Path) -> PathBuf {
        Path::new(&format!("/proc/{}/root", self.pid)).join(path.strip_prefix("/").unwrap_or(path))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        drop(self.told.take());
        // It ends with its input; who is gone already needs no burial.
        let _ = self.keeper.wait();
    }
}
