//! Answers that are not good ones, and the sentence for each.

use serde_json::Value;

use crate::base::{Span, Timestamp, text};
use crate::provider::reading::{kind, words};
use crate::watch::{Misheard, Rate, Target};
use crate::wire::{Answer, pause};

/// After a secondary limit that names no time GitHub wants this much patience.
const PATIENCE: Span = Span::from_mins(1);

/// Lets a good answer pass; says what any other means.
pub(super) fn check(target: &Target, answer: &Answer) -> Result<(), Misheard> {
    let app = text::visible(&target.app);
    let said = said(answer).map(|said| format!(" ({said})")).unwrap_or_default();
    Err(match answer.status {
        200..=299 => return Ok(()),
        401 => Misheard::Denied(format!("GitHub does not accept the token{said}")),
        403 | 429 if is_limit(answer) => Misheard::Throttled { until: Some(until(answer)) },
        403 => Misheard::Forbidden(format!(
            "the GitHub token may not read {app}{said}; it needs read access to {}",
            if target.particulars.workflow.is_some() { "Actions" } else { "Deployments" }
        )),
        404 => Misheard::NotFound(not_found(target, &app)),
        500..=599 => Misheard::Down(format!("GitHub answers {}{said}", answer.status)),
        other => Misheard::Garbled(format!("GitHub answers {other}{said}")),
    })
}

/// To who may not see it, what is private is as good as missing.
fn not_found(target: &Target, app: &str) -> String {
    let workflow = target.particulars.workflow.as_deref().map(text::visible);
    let workflow = workflow.map(|file| format!(", or has no workflow {file}")).unwrap_or_default();
    format!(
        "GitHub shows no repository {app} to this token: it is missing, or private and the token may not see \
         it{workflow}; check `app` in the configuration and what the token may read"
    )
}

/// A 403 is a limit if nothing is left, if it names a pause, or if it says so; a 429 always is one.
fn is_limit(answer: &Answer) -> bool {
    let is_secondary = || said(answer).is_some_and(|said| said.to_ascii_lowercase().contains("rate limit"));
    answer.status == 429
        || number(answer, "x-ratelimit-remaining") == Some(0)
        || answer.header("retry-after").is_some()
        || is_secondary()
}

/// What the headers say about the rate limit. The reset is a pause only where nothing is left.
pub(super) fn rate(answer: &Answer) -> Rate {
    let remaining = number(answer, "x-ratelimit-remaining");
    let reset = || asked_pause(answer, "x-ratelimit-reset").filter(|_| remaining == Some(0));
    let not_before = asked_pause(answer, "retry-after").or_else(reset);
    Rate { remaining, limit: number(answer, "x-ratelimit-limit"), not_before }
}

fn until(answer: &Answer) -> Timestamp {
    rate(answer).not_before.unwrap_or(answer.at + PATIENCE)
}

fn asked_pause(answer: &Answer, header: &str) -> Option<Timestamp> {
    pause(answer.header(header)?, answer.at, answer.server_clock())
}

fn number(answer: &Answer, header: &str) -> Option<u64> {
    answer.header(header)?.trim().parse().ok()
}

fn said(answer: &Answer) -> Option<String> {
    words(&serde_json::from_slice::<Value>(&answer.body).ok()?, "/message")
}

/// The JSON a good answer holds.
pub(super) fn json(answer: &Answer) -> Result<Value, Misheard> {
    serde_json::from_slice(&answer.body).map_err(|_| {
        let kind = kind(answer);
        Misheard::Garbled(format!("GitHub's answer is not JSON but {kind}; is a proxy or a log-in page in between?"))
    })
}
