//! `live` and `ready`: whether an answer is a good one.

use serde_json::Value;

use crate::base::text;
use crate::watch::{Endpoint, Outcome};
use crate::wire::Answer;

/// What a JSON answer's `status` says when it is not well, whatever the HTTP status.
const ILL: &[&str] = &["down", "error", "fail", "failed", "failing", "out_of_service", "unavailable", "unhealthy"];

/// The error is what is wrong with the answer.
pub(super) fn hear(endpoint: Option<&Endpoint>, answer: &Answer) -> Result<Outcome, String> {
    let status = answer.status;
    if !(200..300).contains(&status) {
        return Err(format!("answers {status}"));
    }
    if is_html(answer) && !endpoint.is_some_and(|endpoint| endpoint.html) {
        return Err(format!(
            "answers {status} with a web page; if that is its health page, write html = true beside its url"
        ));
    }
    match told(answer) {
        Some(word) if ILL.contains(&word.to_ascii_lowercase().as_str()) => {
            Err(format!("answers {status} and calls itself {}", text::visible(&word)))
        }
        _ => Ok(Outcome::Good),
    }
}

/// A web page: what a proxy, a log-in or a single-page application gives for any URL.
pub(super) fn is_html(answer: &Answer) -> bool {
    let is_named = answer.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    let start = answer.body.iter().skip_while(|byte| byte.is_ascii_whitespace()).take(9).copied();
    let start: Vec<u8> = start.map(|byte| byte.to_ascii_lowercase()).collect();
    is_named || start.starts_with(b"<!doctype") || start.starts_with(b"<html")
}

fn told(answer: &Answer) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    body.get("status")?.as_str().map(|word| word.chars().take(40).collect())
}
