//! A repository that deploys: a sandbox, a stand-in for the provider, and afterpush between them.

use std::fs;
use std::ops::{Deref, DerefMut};

use afterpush::base::{Clock, Span};
use afterpush::host::clock::Machine;
use afterpush::push::{Asked, ReflogPush, RemoteName, Request, TrackNote};
use afterpush::spool;
use afterpush::standin::{Order, Pace, Recipe, Stage, StandIn, World};
use serde_json::Value;

use super::{Sandbox, try_until, until};

/// The app's name.
const APP: &str = "web";

/// A sandbox whose branch `main` deploys to the app `web` of a stand-in, with the hook installed. It looks fifty
/// times as often as usual.
pub struct Site {
    sandbox: Sandbox,
    // Ends after the sandbox, so that no monitor ever meets a provider that is gone.
    provider: StandIn,
}

impl Site {
    /// One with the usual limits.
    pub fn new() -> Self {
        Self::with("")
    }

    /// One with these lines in its local configuration, the first of them in its part `[watch]`.
    pub fn with(lines: &str) -> Self {
        Self::hooked(Sandbox::new(), lines)
    }

    /// The same in this sandbox.
    pub fn hooked(sandbox: Sandbox, lines: &str) -> Self {
        let site = Self::bare(sandbox, lines);
        site.afterpush(&["install"]).ends(0);
        site
    }

    /// One without the hook.
    pub fn unhooked() -> Self {
        Self::bare(Sandbox::new(), "")
    }

    fn bare(mut sandbox: Sandbox, lines: &str) -> Self {
        let provider = StandIn::start().expect("two free ports");
        provider.world().add_app(APP, "main");
        sandbox.set("DIGITALOCEAN_TOKEN", &provider.world().token());
        sandbox.set("AFTERPUSH_PACE", "20");
        let site = Self { sandbox, provider };
        site.configure(&site.configuration(lines, ""));
        site
    }

    /// The local configuration: these lines in its part `[watch]`, and these below the target.
    pub fn configuration(&self, watch: &str, rest: &str) -> String {
        format!(
            "[watch]\n{watch}\n[target.web]\nprovider = \"digitalocean\"\napp = \"web\"\nbase_url = \"{}\"\n{rest}\n",
            self.provider.url()
        )
    }

    /// Host and port of the provider's API.
    pub fn authority(&self) -> String {
        self.provider.url().trim_start_matches("http://").to_owned()
    }

    /// What happens at the provider.
    pub fn provider(&self) -> &World {
        self.provider.world()
    }

    /// Tells the provider what to do.
    #[track_caller]
    pub fn order(&self, order: Order) {
        self.provider().obey(order).expect("the stand-in knows the app and the commit");
    }

    /// Commits, pushes, and lets this become of it at the provider; returns the commit.
    #[track_caller]
    pub fn ship(&self, recipe: Recipe) -> String {
        let sha = self.commit("a change");
        self.push(&[]).ends(0);
        self.deploy(&sha, recipe);
        sha
    }

    /// A commit that is being built, and stays so until the stand-in is told otherwise.
    #[track_caller]
    pub fn building(&self) -> String {
        let sha = self.ship(Recipe::of([Stage::PendingBuild, Stage::Building]));
        self.until_status(&sha, "building", |status| status["phase"] == "building");
        sha
    }

    /// Leaves a request to watch a commit that landed just now, and so much later; wakes nobody.
    pub fn ask_to_track(&self, sha: &str, later: Span) {
        let at = Machine.now() + later;
        let note = TrackNote {
            sha: sha.parse().expect("git names commits"),
            remote: Some(RemoteName::new("origin")),
            branch: Some("main".to_owned()),
            target: None,
            pushed: Some(ReflogPush { at, old: None }),
            worktree: None,
        };
        let request = Request::new(uuid::Uuid::now_v7(), at, Asked::Track(note));
        spool::drop_request(&self.layout(), &request).expect("an inbox");
    }

    /// The provider hears of a commit.
    #[track_caller]
    pub fn deploy(&self, sha: &str, recipe: Recipe) {
        self.order(Order::Push { app: APP.to_owned(), sha: sha.to_owned(), recipe });
    }

    /// When the app goes on by one stage.
    #[track_caller]
    pub fn pace(&self, pace: Pace) {
        self.order(Order::Pace { app: APP.to_owned(), pace });
    }

    /// The newest deployment of a commit is in this stage from now on.
    #[track_caller]
    pub fn force(&self, sha: &str, stage: Stage) {
        self.order(Order::Force { app: APP.to_owned(), sha: sha.to_owned(), stage });
    }

    /// Waits until the commit's status document satisfies `seems` and returns it.
    #[track_caller]
    pub fn until_status(&self, sha: &str, what: &str, seems: impl Fn(&Value) -> bool) -> Value {
        assert_eq!(self.exposed(), Vec::<String>::new());
        try_until(|| self.status(sha).filter(&seems)).unwrap_or_else(|| {
            let status = self.status(sha).unwrap_or_default();
            let log = fs::read_to_string(self.layout().monitor_log()).unwrap_or_default();
            panic!("the status of {sha} never says {what}, but {status:#}\nThe monitor's log:\n{log}")
        })
    }

    /// Waits until the commit is decided with this verdict for this reason.
    #[track_caller]
    pub fn decided(&self, sha: &str, verdict: &str, reason: &str) -> Value {
        let status = self.until_status(sha, "that it is done", |status| status["done"] == true);
        assert_eq!((&status["verdict"], &status["reason"]), (&verdict.into(), &reason.into()), "{status:#}");
        status
    }

    /// Waits until no monitor is left.
    #[track_caller]
    pub fn quiet(&self) {
        until("the monitor has left", || self.processes().is_empty().then_some(()));
    }
}

impl Deref for Site {
    type Target = Sandbox;
    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl DerefMut for Site {
    fn deref_mut(&mut self) -> &mut Sandbox {
        &mut self.sandbox
    }
}
