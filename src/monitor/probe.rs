//! One round of a service's endpoints, all at once; each is tried again while it may only be starting.

use std::sync::Arc;

use super::tools::Tools;
use crate::base::Span;
use crate::health;
use crate::watch::{Finding, Health};
use crate::wire::{Answer, HttpAsk, NoAnswer};

/// Asks every endpoint and says what each answered.
pub async fn round(tools: &Arc<Tools>, endpoints: &Health) -> Vec<Finding> {
    let mut asked = tokio::task::JoinSet::new();
    for (check, ask) in health::questions(endpoints) {
        let (tools, endpoints) = (Arc::clone(tools), endpoints.clone());
        asked.spawn(async move {
            let (answer, latency) = answer(&tools, &ask).await;
            let outcome = health::hear(&endpoints, check, &answer);
            Finding { check, outcome, observed_at: tools.now(), latency }
        });
    }
    let mut findings = asked.join_all().await;
    findings.sort_by_key(|finding| finding.check);
    findings
}

/// The last answer of one endpoint, and how long all tries took.
async fn answer(tools: &Tools, ask: &HttpAsk) -> (Result<Answer, NoAnswer>, Span) {
    let start = tools.outside.since_boot();
    let mut tries = 0;
    loop {
        let left = health::PATIENCE - (tools.outside.since_boot() - start);
        let asked = tokio::time::timeout(left.to_std(), tools.outside.carry(ask, None)).await;
        let answer = asked.unwrap_or_else(|_| Err(health::too_slow(ask)));
        let elapsed = tools.outside.since_boot() - start;
        let Some(pause) = health::retry(&answer, tries, elapsed) else { return (answer, elapsed) };
        tools.outside.rest(tools.pace.of(pause)).await;
        tries += 1;
    }
}
