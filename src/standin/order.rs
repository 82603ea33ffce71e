//! What the stand-in can be told, in process or as JSON.

use serde::{Deserialize, Serialize};

use super::app::{Overlap, Pace};
use super::recipe::{Recipe, Stage};

/// One order. `app` is an app's name everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// There is an app that deploys this branch.
    AddApp {
        /// Its name.
        app: String,
        /// Its branch.
        branch: String,
    },
    /// A commit reached the app's branch.
    Push {
        /// The app.
        app: String,
        /// The commit's whole id.
        sha: String,
        /// What becomes of it.
        recipe: Recipe,
    },
    /// Back to an older commit.
    RollBack {
        /// The app.
        app: String,
        /// The older commit.
        sha: String,
    },
    /// The newest deployment of a commit is in this stage from now on.
    Force {
        /// The app.
        app: String,
        /// The commit.
        sha: String,
        /// The stage.
        stage: Stage,
    },
    /// Everything in the app goes on by one stage.
    Step {
        /// The app.
        app: String,
    },
    /// When the app takes its steps.
    Pace {
        /// The app.
        app: String,
        /// When.
        pace: Pace,
    },
    /// What a new deployment does to older ones.
    Overlap {
        /// The app.
        app: String,
        /// What.
        overlap: Overlap,
    },
    /// The app is pinned to what is live, or no longer.
    Pin {
        /// The app.
        app: String,
        /// It is.
        pinned: bool,
    },
    /// The app deploys on a push, or does not.
    DeployOnPush {
        /// The app.
        app: String,
        /// It does.
        on: bool,
    },
    /// The next so many questions end in trouble.
    Trouble {
        /// Which.
        trouble: Trouble,
        /// How many; 0 ends the trouble.
        times: u32,
    },
    /// The stand-in's clock is so many seconds ahead of ours.
    Skew {
        /// Seconds; they can be negative.
        seconds: i64,
    },
    /// Only this token is accepted from now on.
    Token {
        /// The token.
        token: String,
    },
}

/// An answer that is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 429 with this `Retry-After`.
    Throttled(String),
    /// 500.
    Down,
    /// 200 with a log-in page.
    Html,
    /// 200 with half a JSON document.
    Torn,
    /// The question is never answered.
    Mute,
}
