//! How a deployment stands: the newest of its statuses.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::asker::Asker;
use super::rollouts::Rollout;
use super::{place, runs};
use crate::base::Timestamp;
use crate::provider::Heard;
use crate::provider::reading::words;
use crate::watch::{Misheard, State, StepReason};

/// What is kept of a deployment's statuses.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Standing {
    /// The newest status, as it was sent; empty where there is none.
    pub(super) word: String,
    /// When it last succeeded.
    pub(super) succeeded_at: Option<Timestamp>,
    description: Option<String>,
    pub(super) url: Option<String>,
    /// When the deployment was last changed before this was asked.
    as_of: Option<Timestamp>,
}

/// Asks for the statuses of a deployment that matters, unless it has ended and was not changed since. Of others, what
/// is known.
pub(super) fn hear(
    asker: &mut Asker<'_>,
    rollout: &Rollout,
    matters: bool,
) -> Result<Heard<Option<Standing>>, Misheard> {
    let url = format!("{}/deployments/{}/statuses?per_page=100", place::repository(asker.target), rollout.id);
    let known: Option<Standing> = asker.known(&url);
    let is_settled = known.as_ref().is_some_and(|known| known.has_ended() && known.as_of == rollout.updated_at);
    if is_settled || !matters {
        asker.keep_known(&url);
        return Ok(Heard::Seen(known));
    }
    match asker.get(&url, read)? {
        Heard::Ask(ask) => Ok(Heard::Ask(ask)),
        Heard::Seen(standing) => {
            let standing = Standing { as_of: rollout.updated_at, ..standing };
            asker.amend(&url, &standing);
            Ok(Heard::Seen(Some(standing)))
        }
    }
}

/// The order of the list is not promised, so the newest is looked for.
fn read(page: &Value) -> Result<Standing, Misheard> {
    let list = page.as_array();
    let list = list.ok_or_else(|| Misheard::Garbled("GitHub's answer is not a list of statuses".to_owned()))?;
    let time = |status: &Value| status.get("created_at")?.as_str()?.parse::<Timestamp>().ok();
    let newest = list.iter().max_by_key(|status| (time(status), status.get("id").and_then(Value::as_u64)));
    let Some(newest) = newest else { return Ok(Standing::default()) };
    let is_success = |status: &&Value| status.get("state").and_then(Value::as_str) == Some("success");
    let link = |name: &str| place::shown(newest.get(name).and_then(Value::as_str));
    Ok(Standing {
        word: runs::word(newest.get("state")),
        succeeded_at: list.iter().filter(is_success).filter_map(time).max(),
        description: words(newest, "/description"),
        url: link("log_url").or_else(|| link("target_url")),
        as_of: None,
    })
}

impl Standing {
    pub(super) fn state(&self) -> State {
        match self.word.as_str() {
            "" | "queued" | "pending" => State::Queued,
            "waiting" => State::Blocked,
            "in_progress" => State::Deploying,
            "success" => State::Succeeded,
            "failure" | "error" => State::Failed,
            "inactive" => State::Replaced,
            _ => State::Unknown,
        }
    }

    fn has_ended(&self) -> bool {
        matches!(self.state(), State::Succeeded | State::Failed | State::Replaced)
    }

    pub(super) fn reason(&self) -> StepReason {
        let message = self.description.clone().unwrap_or_else(|| self.word.clone());
        let in_build = Some(message.to_ascii_lowercase().contains("build"));
        StepReason { code: String::new(), message, step: None, in_build }
    }
}
