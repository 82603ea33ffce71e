//! Is what is live really well, and really mine?
//!
//! The running service's own endpoints: `live` and `ready` answer well or not, `version` tells which commit runs. As
//! everywhere, this room only says what to ask and what an answer means. A new kind of check is one file here and one
//! line in `ask` and in [`hear`].

mod probe;
mod version;

use crate::base::{Span, text};
use crate::watch::{Check, Health, Outcome};
use crate::wire::{Answer, Fault, HttpAsk, NoAnswer, origin};

/// An answer of a health endpoint is not longer.
const MOST_BYTES: usize = 1 << 20;
/// So often an endpoint is tried again in one round; the next round follows soon.
const RETRIES: u32 = 2;
/// All the tries of one endpoint in one round end within this time.
pub const PATIENCE: Span = Span::from_secs(30);

/// The questions for all endpoints that are configured.
pub fn questions(health: &Health) -> impl Iterator<Item = (Check, HttpAsk)> {
    Check::ALL.into_iter().filter_map(|check| Some((check, ask(health, check)?)))
}

/// The question for an endpoint; `None` where it is not configured.
fn ask(health: &Health, check: Check) -> Option<HttpAsk> {
    let url = match check {
        Check::Live => &health.live.as_ref()?.url,
        Check::Ready => &health.ready.as_ref()?.url,
        Check::Version => &health.version.as_ref()?.url,
    };
    Some(HttpAsk::plain(url, MOST_BYTES))
}

/// What an endpoint's answer means.
pub fn hear(health: &Health, check: Check, answer: &Result<Answer, NoAnswer>) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(why) => return silence(why),
    };
    let heard = match check {
        Check::Live => probe::hear(health.live.as_ref(), answer),
        Check::Ready => probe::hear(health.ready.as_ref(), answer),
        Check::Version => version::hear(health.version.as_ref(), answer),
    };
    heard.unwrap_or_else(Outcome::Bad)
}

/// How long to wait before an endpoint is asked once more in the same round; `None`: this answer stands. Who refuses
/// the connection is not there, which is an answer; who is slow or overloaded may only be starting.
pub fn retry(answer: &Result<Answer, NoAnswer>, tries: u32, elapsed: Span) -> Option<Span> {
    let may_be_starting = match answer {
        Ok(answer) => answer.status >= 500,
        Err(NoAnswer::Network { fault, .. }) => *fault != Fault::Refused,
        Err(_) => false,
    };
    let pause = Span::from_secs(1 << tries.min(RETRIES));
    (may_be_starting && tries < RETRIES && elapsed + pause < PATIENCE).then_some(pause)
}

/// What to say of an endpoint that took all the time there is for a round.
pub fn too_slow(ask: &HttpAsk) -> NoAnswer {
    let host = origin(&ask.url).map(|origin| text::visible(&origin.host)).unwrap_or_default();
    NoAnswer::Network { host, what: format!("no answer within {PATIENCE}"), fault: Fault::Slow }
}

fn silence(why: &NoAnswer) -> Outcome {
    let is_its_own = match why {
        NoAnswer::Network { fault, .. } => *fault != Fault::Unreached,
        NoAnswer::TooLarge { .. } | NoAnswer::Astray { .. } => true,
        _ => false,
    };
    Outcome::Silent { why: why.to_string(), is_its_own }
}

#[cfg(test)]
mod tests;
