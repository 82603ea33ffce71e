//! The stable form for scripts: one tab-separated line a target, the columns fixed.
//!
//! Short id, verdict or phase, branch, target, seconds, deployment id, via, reason. What is not known is `-`.

use super::{branch, elapsed, ended_above_targets, word_of};
use crate::base::Timestamp;
use crate::push::Sha;
use crate::status::{Document, Target};

/// One line a target; one line with the target `-` where there is none.
pub fn rows(document: &Document, now: Timestamp) -> Vec<String> {
    if document.targets.is_empty() || ended_above_targets(document) {
        return vec![row(document, now)];
    }
    let of = |target: &Target| columns(document, Some(target), &word_of(target), &target.reason.to_string(), now);
    document.targets.iter().map(of).collect()
}

/// One line for the whole, with the target that decides it.
pub fn row(document: &Document, now: Timestamp) -> String {
    let decides = |target: &&Target| target.verdict == document.verdict && target.reason == document.reason;
    let deciding = document.targets.iter().find(decides).filter(|_| !ended_above_targets(document));
    columns(document, deciding, &document.word(), &document.reason.to_string(), now)
}

fn columns(document: &Document, target: Option<&Target>, word: &str, reason: &str, now: Timestamp) -> String {
    let seconds = elapsed(document, now).map(|span| span.as_secs().to_string());
    let deployment = target.and_then(|target| target.deployment.as_ref());
    let columns = [
        Some(document.commit.short.as_str()),
        Some(word),
        branch(document),
        target.map(|target| target.name.as_str()),
        seconds.as_deref(),
        deployment.map(|deployment| deployment.id.as_str()),
        document.via.as_ref().map(Sha::short),
        Some(reason),
    ];
    columns.map(|column| column.filter(|text| !text.is_empty()).unwrap_or("-")).join("\t")
}
