//! The steps of a deployment: how far it is, what runs, what failed.

use serde_json::Value;

use super::json;
use crate::watch::StepReason;

/// Steps done and steps in all; `None` before there are any.
pub(super) fn done(progress: &Value) -> Option<(u32, u32)> {
    let total = json::count(progress, "total_steps");
    (total > 0).then(|| (json::count(progress, "success_steps").min(total), total))
}

/// The innermost running step, in words.
pub(super) fn running(progress: &Value) -> Option<String> {
    title(innermost(progress, "RUNNING")?.last()?)
}

/// The innermost step that failed, with the nearest reason given.
pub(super) fn failed(progress: &Value) -> Option<StepReason> {
    let path = innermost(progress, "ERROR")?;
    let word = |pointer: &str| path.iter().rev().find_map(|step| json::words(step, pointer));
    let code = word("/reason/code").unwrap_or_default();
    let step = path.last().and_then(|step| title(step));
    let in_build = of_code(&code).or_else(|| path.iter().find_map(|step| of_name(step)));
    Some(StepReason { code, message: word("/reason/message").unwrap_or_default(), step, in_build })
}

/// What a step does and to which component.
fn title(step: &Value) -> Option<String> {
    let what = json::words(step, "/message_base").or_else(|| json::words(step, "/name"))?;
    Some(match json::words(step, "/component_name") {
        Some(component) if component != what => format!("{what} {component}"),
        _ => what,
    })
}

/// The way to the first innermost step with this status.
fn innermost<'a>(parent: &'a Value, status: &str) -> Option<Vec<&'a Value>> {
    let step = json::each(parent, "steps").find(|step| step.get("status").and_then(Value::as_str) == Some(status))?;
    let mut path = vec![step];
    path.extend(innermost(step, status).into_iter().flatten());
    Some(path)
}

/// Some answers have `Deploy` before the codes of the rollout.
fn of_code(code: &str) -> Option<bool> {
    match code {
        _ if code.starts_with("Build") || code.contains("BuildJob") => Some(true),
        _ if code.starts_with("Deploy") || code.contains("Container") => Some(false),
        "DatabaseNotAvailable" | "ResourceExhausted" => Some(false),
        _ => None,
    }
}

fn of_name(step: &Value) -> Option<bool> {
    match step.get("name").and_then(Value::as_str)? {
        "build" => Some(true),
        "deploy" => Some(false),
        _ => None,
    }
}
