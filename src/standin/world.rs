//! The state of a stand-in and the handle to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::app::{App, Overlap, Pace};
use super::order::{Order, Trouble};
use super::recipe::{Recipe, STEPS, Stage};
use crate::base::{Span, Timestamp};

/// A handle to what happens in a stand-in; all handles are to the same.
#[derive(Clone, Debug)]
pub struct World(Arc<Mutex<State>>);

/// A question that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its path and query.
    pub path: String,
    /// It had an `Authorization` header.
    pub has_credential: bool,
}

/// A deployment as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Its commit.
    pub sha: String,
    /// How far it is.
    pub stage: Stage,
    /// It serves traffic, or did.
    pub was_live: bool,
    /// When it was made, by the stand-in's clock.
    pub created_at: Timestamp,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) token: String,
    pub(super) apps: Vec<App>,
    pub(super) heard: Vec<Heard>,
    /// The questions to the server of the logs.
    pub(super) heard_by_logs: Vec<Heard>,
    pub(super) logs_url: String,
    trouble: Option<(Trouble, u32)>,
    skew: Span,
    /// Where its clock stands, if it does not go by the machine's.
    stands_at: Option<Timestamp>,
}

impl World {
    pub(super) fn new(logs_url: String) -> Self {
        let token = format!("stand-in-{}", uuid::Uuid::now_v7().simple());
        Self(Arc::new(Mutex::new(State {
            token,
            apps: Vec::new(),
            heard: Vec::new(),
            heard_by_logs: Vec::new(),
            logs_url,
            trouble: None,
            skew: Span::ZERO,
            stands_at: None,
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done where a panic can happen.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token it accepts.
    pub fn token(&self) -> String {
        self.state().token.clone()
    }

    /// Does as it is told; the error says what it does not know.
    pub fn obey(&self, order: Order) -> Result<(), String> {
        self.state().obey(order)
    }

    /// Adds an app that deploys a branch.
    pub fn add_app(&self, app: &str, branch: &str) {
        self.state().apps_add(app, branch);
    }

    /// A commit reached the app's branch.
    pub fn push(&self, app: &str, sha: &str, recipe: Recipe) -> Result<(), String> {
        self.obey(Order::Push { app: app.to_owned(), sha: sha.to_owned(), recipe })
    }

    /// Everything in the app goes on by one stage.
    pub fn step(&self, app: &str) -> Result<(), String> {
        self.obey(Order::Step { app: app.to_owned() })
    }

    /// The newest deployment of a commit is in this stage from now on.
    pub fn force(&self, app: &str, sha: &str, stage: Stage) -> Result<(), String> {
        self.obey(Order::Force { app: app.to_owned(), sha: sha.to_owned(), stage })
    }

    /// When the app takes its steps.
    pub fn pace(&self, app: &str, pace: Pace) -> Result<(), String> {
        self.obey(Order::Pace { app: app.to_owned(), pace })
    }

    /// What a new deployment does to older ones.
    pub fn overlap(&self, app: &str, overlap: Overlap) -> Result<(), String> {
        self.obey(Order::Overlap { app: app.to_owned(), overlap })
    }

    /// The next so many questions end in trouble.
    pub fn trouble(&self, trouble: Trouble, times: u32) {
        self.state().trouble = (times > 0).then_some((trouble, times));
    }

    /// From now on its clock stands at this time, until it is set again.
    pub fn set_clock(&self, at: Timestamp) {
        self.state().stands_at = Some(at);
    }

    /// All deployments of an app, the oldest first.
    pub fn deployments(&self, app: &str) -> Vec<Deployed> {
        let state = self.state();
        let deployments = state.apps.iter().filter(|known| known.name == app).flat_map(|app| &app.deployments);
        let told = deployments.map(|deployment| Deployed {
            sha: deployment.made.sha.clone(),
            stage: deployment.stage.clone(),
            was_live: deployment.steps_done == STEPS,
            created_at: deployment.created_at,
        });
        told.collect()
    }

    /// The questions to the API so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.state().heard.clone()
    }

    /// The questions to the server of the logs so far.
    pub fn heard_by_logs(&self) -> Vec<Heard> {
        self.state().heard_by_logs.clone()
    }

    /// The phase of a commit's newest deployment, in the provider's word.
    pub fn phase(&self, app: &str, sha: &str) -> Option<String> {
        let state = self.state();
        let app = state.apps.iter().find(|known| known.name == app)?;
        let newest = app.deployments.iter().rev().find(|deployment| deployment.made.sha == sha)?;
        Some(newest.stage.phase().to_owned())
    }

    /// Takes the steps of apps that move by the clock, given the time since the last call.
    pub(super) fn tick(&self, total: Duration, since: Duration) {
        let mut state = self.state();
        let now = state.now();
        for app in &mut state.apps {
            let Pace::EveryMillis(every) = app.pace else { continue };
            let steps = |at: Duration| at.as_millis() / u128::from(every.max(1));
            for _ in steps(total.saturating_sub(since))..steps(total) {
                app.step(now);
            }
        }
    }
}

impl State {
    /// The stand-in's clock.
    pub(super) fn now(&self) -> Timestamp {
        if let Some(at) = self.stands_at {
            return at + self.skew;
        }
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::default() + Span::from_std(since) + self.skew
    }

    /// The trouble of the next question.
    pub(super) fn next_trouble(&mut self) -> Option<Trouble> {
        let (trouble, times) = self.trouble.take()?;
        self.trouble = (times > 1).then(|| (trouble.clone(), times - 1));
        Some(trouble)
    }

    fn apps_add(&mut self, app: &str, branch: &str) {
        self.apps.push(App::new(self.apps.len() + 1, app, branch));
    }

    fn app(&mut self, name: &str) -> Result<&mut App, String> {
        self.apps.iter_mut().find(|app| app.name == name).ok_or_else(|| format!("there is no app {name}"))
    }

    fn obey(&mut self, order: Order) -> Result<(), String> {
        let now = self.now();
        match order {
            Order::AddApp { app, branch } => self.apps_add(&app, &branch),
            Order::Push { app, sha, recipe } => self.app(&app)?.push(&sha, recipe, now),
            Order::RollBack { app, sha } => self.app(&app)?.roll_back(&sha, now),
            Order::Force { app, sha, stage } => {
                if !self.app(&app)?.force(&sha, stage, now) {
                    return Err(format!("there is no deployment of {sha}"));
                }
            }
            Order::Step { app } => self.app(&app)?.step(now),
            Order::Pace { app, pace } => self.app(&app)?.pace = pace,
            Order::Overlap { app, overlap } => self.app(&app)?.overlap = overlap,
            Order::Pin { app, pinned } => self.app(&app)?.pinned = pinned,
            Order::DeployOnPush { app, on } => self.app(&app)?.on_push = on,
            Order::Trouble { trouble, times } => self.trouble = (times > 0).then_some((trouble, times)),
            Order::Skew { seconds } => self.skew = Span::from_secs(seconds),
            Order::Token { token } => self.token = token,
        }
        Ok(())
    }
}
