//! A clone that is set up to deploy to a stand-in, with the hook's work done by hand.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use afterpush::standin::{Recipe, StandIn};

use crate::support::{Ran, Sandbox};

/// A sandbox, a stand-in with the app `shop`, and a configuration that leads from one to the other.
pub struct Stage {
    /// The clone and its remote.
    pub sandbox: Sandbox,
    /// The provider.
    pub provider: StandIn,
}

impl Stage {
    /// Nothing is pushed to the provider yet.
    pub fn new() -> Self {
        let (sandbox, provider) = (Sandbox::new(), StandIn::start().expect("a server on loopback"));
        provider.world().add_app("shop", "main");
        let layout = sandbox.layout();
        fs::create_dir_all(layout.private()).expect("a folder");
        fs::set_permissions(layout.private(), fs::Permissions::from_mode(0o700)).expect("our own");
        let config = format!(
            "[target.web]\nprovider = \"digitalocean\"\napp = \"shop\"\nbranches = [\"main\"]\nbase_url = \"{}\"\n",
            provider.url()
        );
        fs::write(layout.config(), config).expect("written");
        fs::set_permissions(layout.config(), fs::Permissions::from_mode(0o600)).expect("our own");
        Self { sandbox, provider }
    }

    /// Commits, pushes past any hook, and has the provider do this about it. The commit's id.
    pub fn push(&self, message: &str, recipe: Recipe) -> String {
        let sha = self.sandbox.commit(message);
        self.sandbox.push(&["origin", "main"]).ends(0);
        self.provider.world().push("shop", &sha, recipe).expect("an app");
        sha
    }

    /// `afterpush`, with the provider's token in its environment.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.sandbox.command(env!("CARGO_BIN_EXE_afterpush"));
        command.args(words).env("DIGITALOCEAN_TOKEN", self.provider.world().token()).env("AFTERPUSH_PACE", "20");
        command
    }

    /// The same, run to its end.
    #[track_caller]
    pub fn run(&self, words: &[&str]) -> Ran {
        Ran::of(&mut self.command(words))
    }
}
