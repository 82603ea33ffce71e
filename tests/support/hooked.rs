//! A sandbox whose clone has the hook, with a program of the test's choice in the monitor's place.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use afterpush::push::{Asked, PushNote, Request};
use afterpush::spool::{Found, scan};

use super::{Ran, Sandbox, copy_program, until, write_program};

/// What stands in for `afterpush` unless a test says otherwise.
const NOTHING: &str = "#!/bin/sh\n";

/// Limits that no test is to run into by chance.
const PATIENT: &str = "hook_limit=60s,input_limit=60s";

/// A sandbox with the hook's shim installed the way the installer does it.
pub struct Hooked {
    /// Clone and remote.
    pub sandbox: Sandbox,
}

impl Hooked {
    /// A clone with the hook.
    pub fn new() -> Self {
        let hooked = Self { sandbox: Sandbox::new() };
        fs::create_dir(hooked.bin()).expect("a folder");
        let built = Path::new(env!("CARGO_BIN_EXE_afterpush-hook"));
        if fs::hard_link(built, hooked.hook()).is_err() {
            copy_program(built, &hooked.hook());
        }
        hooked.stand_in(NOTHING);
        hooked.install(&hooked.sandbox.work().join(".git"), "pre-push");
        hooked
    }

    /// Where the programs lie.
    pub fn bin(&self) -> PathBuf {
        self.sandbox.root().join("bin")
    }

    /// The hook's program.
    pub fn hook(&self) -> PathBuf {
        self.bin().join("afterpush-hook")
    }

    /// Puts the shim of an event into a repository and says where.
    pub fn install(&self, git_dir: &Path, event: &str) -> PathBuf {
        let shim = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks").join(event);
        let shim =
            fs::read_to_string(shim).expect("a shim").replace("@AFTERPUSH_HOOK@", &self.hook().to_string_lossy());
        let place = git_dir.join("hooks").join(event);
        fs::create_dir_all(git_dir.join("hooks")).expect("a folder");
        write_program(&place, &shim);
        place
    }

    /// Puts this script in the place of `afterpush`.
    pub fn stand_in(&self, script: &str) {
        write_program(&self.bin().join("afterpush"), script);
    }

    /// Puts this in the place of the hook's program.
    pub fn replace_hook(&self, content: &str) {
        fs::remove_file(self.hook()).expect("there was one");
        write_program(&self.hook(), content);
    }

    /// A program run in the clone, with a hook that takes the time it needs on a busy machine.
    pub fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(program);
        command.args(args).env("AFTERPUSH_FAILPOINTS", PATIENT);
        command
    }

    /// `git push` with these arguments, held to success.
    #[track_caller]
    pub fn push(&self, args: &[&str]) -> Ran {
        Ran::of(self.command("git", &["push"]).args(args)).ends(0)
    }

    /// The same, but something happens to the hook at a named place.
    #[track_caller]
    pub fn push_with_fault(&self, fault: &str) -> Ran {
        let faults = format!("{PATIENT},{fault}");
        Ran::of(self.command("git", &["push", "--quiet"]).env("AFTERPUSH_FAILPOINTS", faults)).ends(0)
    }

    /// What lies in the clone's inbox.
    pub fn requests(&self) -> Vec<Request> {
        requests(&self.sandbox.layout())
    }

    /// The one push that was noted.
    #[track_caller]
    pub fn only_push(&self) -> PushNote {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        match requests.remove(0).asked {
            Asked::Push(push) => push,
            asked => panic!("not a push: {asked:?}"),
        }
    }

    /// Waits until a stand-in has written this file in the folder of the programs.
    #[track_caller]
    pub fn written(&self, name: &str) -> String {
        let path = self.bin().join(name);
        until(&format!("{name} is written"), || fs::read_to_string(&path).ok().filter(|text| text.ends_with('\n')))
    }
}

/// The requests in the inbox of a repository.
#[track_caller]
pub fn requests(layout: &afterpush::base::Layout) -> Vec<Request> {
    let found = scan(layout).expect("an inbox that can be read");
    let request = |found| match found {
        Found::Request { request, .. } => *request,
        other => panic!("not a request: {other:?}"),
    };
    found.into_iter().map(request).collect()
}

/// The refs of a push as `name new`.
pub fn refs(push: &PushNote) -> Vec<String> {
    push.refs.iter().map(|update| format!("{} {}", update.name, update.new)).collect()
}
