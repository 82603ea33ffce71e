//! Answers that are not good ones, and the sentence for each.

use serde_json::Value;

use super::json;
use crate::base::text;
use crate::watch::{Misheard, Rate, Target};
use crate::wire::{Answer, pause};

/// Lets a good answer pass; says what any other means.
pub(super) fn check(target: &Target, answer: &Answer) -> Result<(), Misheard> {
    let app = text::visible(&target.app);
    let said = message(answer);
    Err(match answer.status {
        200..=299 => return Ok(()),
        401 => Misheard::Denied(format!(
            "DigitalOcean does not accept the token{said}; make a new one with the scope app:read"
        )),
        403 => Misheard::Forbidden(format!(
            "the DigitalOcean token may not read app {app}{said}; it needs the scope app:read"
        )),
        404 => Misheard::NotFound(format!(
            "DigitalOcean shows no app {app} to this token{said}; check `app` in the configuration and the token's team"
        )),
        429 => Misheard::Throttled { until: until(answer) },
        500..=599 => Misheard::Down(format!("DigitalOcean answers {}{said}", answer.status)),
        other => Misheard::Garbled(format!("DigitalOcean answers {other}{said}")),
    })
}

/// What the headers say about the rate limit. The reset is when the oldest request of the sliding hour expires, so
/// it is a pause only where nothing is left.
pub(super) fn rate(answer: &Answer) -> Rate {
    let number = |name| answer.header(name).and_then(|value| value.trim().parse::<u64>().ok());
    let remaining = number("ratelimit-remaining");
    let not_before = if remaining == Some(0) { until(answer) } else { asked_pause(answer, "retry-after") };
    Rate { remaining, limit: number("ratelimit-limit"), not_before }
}

fn until(answer: &Answer) -> Option<crate::base::Timestamp> {
    asked_pause(answer, "retry-after").or_else(|| asked_pause(answer, "ratelimit-reset"))
}

fn asked_pause(answer: &Answer, header: &str) -> Option<crate::base::Timestamp> {
    pause(answer.header(header)?, answer.at, answer.server_clock())
}

/// The provider's own message, in brackets.
fn message(answer: &Answer) -> String {
    let body = serde_json::from_slice::<Value>(&answer.body).ok();
    let said = body.and_then(|body| json::words(&body, "/message"));
    said.map(|said| format!(" ({said})")).unwrap_or_default()
}
