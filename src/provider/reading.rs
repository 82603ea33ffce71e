//! What all adapters read alike: commits, texts, logs. Text comes out inert.

use serde_json::Value;

use crate::base::text;
use crate::watch::Target;
use crate::wire::{Answer, origin};

/// Longer texts are cut: commit messages, error messages.
const LONGEST: usize = 500;

/// A text that is not empty, inert and cut.
pub(super) fn words(value: &Value, pointer: &str) -> Option<String> {
    let found = value.pointer(pointer)?.as_str()?.trim();
    (!found.is_empty()).then(|| inert(found))
}

/// The name of a branch as it is: it is compared with git's own, and made inert where it is shown.
pub(super) fn branch(value: &Value, pointer: &str) -> Option<String> {
    let found = value.pointer(pointer)?.as_str()?;
    (!found.is_empty() && found.len() <= LONGEST).then(|| found.to_owned())
}

/// The text without what could do harm to a screen, and not longer than anybody reads.
pub(super) fn inert(found: &str) -> String {
    text::cut(&text::visible(found), LONGEST, false)
}

/// A log may lie anywhere, but on this machine only if the API does.
pub(super) fn may_hold_logs(target: &Target, url: &str) -> bool {
    let here = |url: &str| origin(url).map(|origin| origin.is_loopback());
    here(url).is_some_and(|local| !local || here(&target.base_url) == Some(true))
}

/// The URL (any of git's forms) ends in this `owner/name`.
pub(super) fn names(url: &str, repo: &str) -> bool {
    let url = url.trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase();
    let repo = repo.to_ascii_lowercase();
    url.strip_suffix(repo.as_str()).is_some_and(|before| before.ends_with(['/', ':']))
}

/// What came instead of JSON: "text/html of 33 bytes".
pub(super) fn kind(answer: &Answer) -> String {
    let kind = answer.header("content-type").map_or("something", |kind| kind.split(';').next().unwrap_or(kind));
    format!("{} of {} bytes", text::cut(&text::visible(kind), 40, false), answer.body.len())
}

/// The lines of a log, inert: builders colour their output, and colours are taken out rather than shown.
pub(super) fn readable(body: &[u8]) -> String {
    let mut text = String::with_capacity(body.len());
    for line in body.split(|&byte| byte == b'\n') {
        let line = without_sequences(line.trim_ascii_end());
        text.push_str(&text::visible_bytes(&line));
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// The bytes without `ESC [ … letter`.
fn without_sequences(line: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.windows(2).position(|pair| pair == b"\x1b[") {
        kept.extend_from_slice(&rest[..start]);
        rest = &rest[start + 2..];
        let end = rest.iter().position(|byte| (0x40..=0x7e).contains(byte)).map_or(rest.len(), |end| end + 1);
        rest = &rest[end..];
    }
    kept.extend_from_slice(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_other_escapes_are_shown() {
        let text = readable(b"web \x1b[1;31mnpm ERR!\x1b[0m x\r\n\x1b]0;title\x07 \xff\n\n");
        assert_eq!(text, "web npm ERR! x\n\\u{1b}]0;title\\u{7} \\xFF\n");
        assert_eq!(readable(b"\x1b[31"), "");
    }
}
