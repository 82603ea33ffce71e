//! The log of a failed deployment, in two hops: the API names signed URLs, and those hold the text.
//!
//! The URLs may lie anywhere and are as good as a password for the log: they are asked without the credential and
//! never shown.

use serde_json::Value;

use super::app::{self, App};
use super::{json, refusal};
use crate::provider::reading::{may_hold_logs, readable};
use crate::provider::replay::Replay;
use crate::provider::{Heard, Want};
use crate::watch::{Deployment, Log, Misheard, Target};
use crate::wire::{Answer, Ask, LOG_BYTES};

/// Parts of a log that are read.
const PARTS: usize = 5;

/// The conversation about a log so far.
pub(super) fn look(
    target: &Target,
    want: &Want,
    deployment: &Deployment,
    answers: &[Answer],
) -> Result<Heard<Log>, Misheard> {
    let mut replay = Replay::new(answers);
    let app = match app::hear(target, want, &mut replay)? {
        Heard::Ask(ask) => return Ok(Heard::Ask(ask)),
        Heard::Seen(app) => app,
    };
    for stage in stages(deployment) {
        match hear_stage(target, &ask(target, &app, deployment, stage), &mut replay)? {
            Heard::Seen(log) if log.text.is_empty() => {}
            heard => return Ok(heard),
        }
    }
    Ok(Heard::Seen(Log::default()))
}

/// The stage that failed first, then the other.
fn stages(deployment: &Deployment) -> [&'static str; 2] {
    match deployment.reason.as_ref().and_then(|reason| reason.in_build) {
        Some(false) => ["DEPLOY", "BUILD"],
        Some(true) | None => ["BUILD", "DEPLOY"],
    }
}

fn ask(target: &Target, app: &App, deployment: &Deployment, stage: &str) -> Ask {
    let (base, app, id) = (&target.base_url, &app.id, &deployment.id);
    Ask::json(format!("{base}/v2/apps/{app}/deployments/{id}/logs?type={stage}&follow=false"))
}

fn hear_stage(target: &Target, ask: &Ask, replay: &mut Replay) -> Result<Heard<Log>, Misheard> {
    let Some(answer) = replay.next() else { return Ok(Heard::Ask(ask.clone())) };
    // 400: the deployment never reached this stage, or skipped it.
    if matches!(answer.status, 400 | 404) {
        return Ok(Heard::Seen(Log::default()));
    }
    refusal::check(target, answer)?;
    let found = json::object(answer)?;
    let mut log = Log::default();
    let urls = json::each(&found, "historic_urls").filter_map(Value::as_str);
    for url in urls.filter(|url| may_hold_logs(target, url)).take(PARTS) {
        let Some(part) = replay.next() else { return Ok(Heard::Ask(Ask::signed_log(url))) };
        // A part whose URL has expired must not cost the others.
        if part.status == 200 {
            log.is_cut |= part.body.len() >= LOG_BYTES;
            log.text.push_str(&readable(&part.body));
        }
    }
    Ok(Heard::Seen(log))
}
