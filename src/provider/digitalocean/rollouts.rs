//! The app's deployments, newest first, page by page as far back as is wanted.

use serde_json::Value;

use super::app::App;
use super::{json, marks, page, refusal, steps};
use crate::base::{Timestamp, text};
use crate::provider::replay::Replay;
use crate::provider::{Heard, Want};
use crate::watch::{Cause, Deployment, Live, Misheard, Rate, State, Target};
use crate::wire::{Answer, Ask};

/// Pages that are read at most; 20 deployments a page.
const PAGES: u32 = 10;

/// What the pages hold.
#[derive(Default)]
pub(super) struct List {
    pub(super) deployments: Vec<Deployment>,
    pub(super) reaches_back_to: Option<Timestamp>,
    /// When the first page came, by our clock and the provider's: what is not in the list was not there then.
    pub(super) observed: Option<(Timestamp, Option<Timestamp>)>,
    pub(super) rate: Rate,
}

/// Reads pages until the list reaches back far enough.
pub(super) fn hear(target: &Target, want: &Want, app: &App, replay: &mut Replay) -> Result<Heard<List>, Misheard> {
    let mut list = List::default();
    for number in 1..=PAGES {
        let Some(answer) = replay.next() else { return Ok(Heard::Ask(ask(target, app, number))) };
        refusal::check(target, answer)?;
        list.take(target, app, answer)?;
        if !list.must_go_on(want.back_to) {
            break;
        }
    }
    Ok(Heard::Seen(list))
}

fn ask(target: &Target, app: &App, page: u32) -> Ask {
    Ask::json(format!("{}/v2/apps/{}/deployments?page={page}&per_page=20", target.base_url, app.id))
}

impl List {
    fn take(&mut self, target: &Target, app: &App, answer: &Answer) -> Result<(), Misheard> {
        let page = json::object(answer)?;
        for found in json::list(&page, "deployments")? {
            let deployment = read(target, app, found)?;
            // A new deployment between two questions moves all the others by one.
            if !self.deployments.iter().any(|known| known.id == deployment.id) {
                self.deployments.push(deployment);
            }
        }
        self.observed.get_or_insert((answer.at, answer.server_clock()));
        self.rate = refusal::rate(answer);
        let oldest = || self.deployments.iter().filter_map(|deployment| deployment.created_at).min();
        self.reaches_back_to = json::has_next(&page).then(|| oldest().unwrap_or(Timestamp::NEVER));
        Ok(())
    }

    /// There is more, and it is wanted.
    fn must_go_on(&self, back_to: Option<Timestamp>) -> bool {
        back_to.zip(self.reaches_back_to).is_some_and(|(wanted, reached)| reached > wanted)
    }

    /// The deployment that serves traffic: the one that is active.
    pub(super) fn live(&self) -> Option<Live> {
        let active = self.deployments.iter().find(|deployment| deployment.state == State::Succeeded)?;
        Some(Live { deployment: Some(active.id.clone()), commits: active.commits.clone() })
    }
}

fn read(target: &Target, app: &App, found: &Value) -> Result<Deployment, Misheard> {
    let id =
        json::id(found).ok_or_else(|| Misheard::Garbled("DigitalOcean lists a deployment without an id".into()))?;
    let raw_state = word(found.get("phase"));
    let state = state(&raw_state);
    let progress = found.get("progress").unwrap_or(&Value::Null);
    Ok(Deployment {
        id: id.to_owned(),
        state,
        raw_state,
        commits: marks::of(found),
        branch: branch(found).or_else(|| app.only_branch()),
        environment: None,
        created_at: json::time(found, "created_at"),
        updated_at: json::time(found, "updated_at").or_else(|| json::time(found, "phase_last_updated_at")),
        is_live: None,
        was_live: was_live(state, progress),
        cause: cause(found),
        done_steps: steps::done(progress),
        step: steps::running(progress),
        reason: (state == State::Failed).then(|| steps::failed(progress)).flatten(),
        url: page(target, &app.id).map(|page| format!("{page}/deployments/{id}")),
    })
}

/// The phase as it was sent, whatever its type.
fn word(phase: Option<&Value>) -> String {
    let word = match phase {
        Some(Value::String(word)) => word.clone(),
        Some(other) => other.to_string(),
        None => "none".to_owned(),
    };
    text::cut(&text::visible(&word), 40, false)
}

fn state(phase: &str) -> State {
    match phase {
        "PENDING_BUILD" => State::Queued,
        "BUILDING" => State::Building,
        "PENDING_DEPLOY" | "DEPLOYING" => State::Deploying,
        "ACTIVE" => State::Succeeded,
        "ERROR" => State::Failed,
        "CANCELED" => State::Canceled,
        "SUPERSEDED" => State::Replaced,
        _ => State::Unknown,
    }
}

/// SUPERSEDED is said of deployments that were live and of those that never ran; the steps tell them apart.
fn was_live(state: State, progress: &Value) -> Option<bool> {
    match state {
        State::Succeeded => Some(true),
        State::Failed | State::Canceled => Some(false),
        State::Replaced => steps::done(progress).map(|(done, total)| done == total),
        _ => None,
    }
}

fn cause(found: &Value) -> Cause {
    match found.pointer("/cause_details/type").and_then(Value::as_str) {
        Some("DEPLOY_ON_PUSH") => Cause::Push,
        Some("MANUAL") => Cause::Manual,
        Some("MANUAL_ROLLBACK" | "AUTO_ROLLBACK") => Cause::Rollback,
        Some(_) => Cause::Other,
        // Older answers only have the sentence.
        None => match found.get("cause").and_then(Value::as_str) {
            Some(words) if words.contains(" pushed to ") => Cause::Push,
            Some(words) if words.to_ascii_lowercase().contains("rollback") => Cause::Rollback,
            _ => Cause::Other,
        },
    }
}

fn branch(found: &Value) -> Option<String> {
    let push = found.pointer("/cause_details/git_push")?;
    ["github", "gitlab", "bitbucket"].iter().find_map(|host| json::branch(push.get(host)?, "/branch"))
}
