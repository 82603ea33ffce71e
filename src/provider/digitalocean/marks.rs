//! The commits a deployment names.

use serde_json::Value;

use super::app::COMPONENTS;
use super::json;
use crate::watch::{CommitMark, Quality};

/// From the components, else from what caused it, else from the words about the cause.
pub(super) fn of(deployment: &Value) -> Vec<CommitMark> {
    let mut marks: Vec<CommitMark> =
        COMPONENTS.iter().flat_map(|list| json::each(deployment, list)).filter_map(of_component).collect();
    let pushed = deployment.pointer("/cause_details/git_push/commit_sha").and_then(Value::as_str);
    if let Some(mark) = pushed.and_then(|sha| CommitMark::of(sha, None))
        && !marks.iter().any(|known| known.sha == mark.sha)
    {
        marks.push(mark);
    }
    if marks.is_empty() {
        let cause = deployment.get("cause").and_then(Value::as_str).unwrap_or_default();
        marks.extend(in_words(cause));
    }
    marks.sort_by_key(|mark| mark.quality);
    marks
}

fn of_component(component: &Value) -> Option<CommitMark> {
    CommitMark::of(component.get("source_commit_hash")?.as_str()?, json::words(component, "/name"))
}

/// `commit 9a4df0b pushed to …`.
fn in_words(cause: &str) -> Option<CommitMark> {
    let mut words = cause.split_whitespace();
    words.find(|word| word.eq_ignore_ascii_case("commit"))?;
    let sha = words.next()?.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let mark = CommitMark::of(sha, None)?;
    Some(CommitMark { quality: Quality::Prefix, ..mark })
}
