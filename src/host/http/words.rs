//! What went wrong with an HTTP question, in words people know, and never with the URL in them.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::Limits;
use crate::base::{Span, text};
use crate::host::causes::{causes, of_io, of_tls};
use crate::wire::Fault;

/// Silence for this long.
pub(super) fn too_slow(limit: Duration) -> String {
    format!("no answer within {}", Span::from_std(limit))
}

/// The cause of an error, told by what lies at the bottom of it.
pub(super) fn of(error: &reqwest::Error, limits: &Limits) -> (String, Fault) {
    if error.is_timeout() {
        return if error.is_connect() {
            (format!("no connection within {}", Span::from_std(limits.connect)), Fault::Unreached)
        } else {
            (too_slow(limits.read), Fault::Slow)
        };
    }
    let otherwise = if error.is_connect() { Fault::Unreached } else { Fault::Broken };
    causes(error).find_map(known).unwrap_or_else(|| (chain(error), otherwise))
}

/// All the causes of an error in its own words, without its first line, which would name the URL.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let words: Vec<String> = causes(error).skip(1).map(ToString::to_string).collect();
    let words = if words.is_empty() { vec!["the request failed".to_owned()] } else { words };
    text::cut(&text::visible(&words.join(": ")), 200, false)
}

fn known(error: &(dyn Error + 'static)) -> Option<(String, Fault)> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(of_tls(tls));
    }
    if let Some(io) = error.downcast_ref::<io::Error>().filter(|io| io.get_ref().is_none()) {
        return of_io(io.kind());
    }
    let words = error.to_string();
    if words.contains("dns error") {
        return Some(("its name cannot be resolved".to_owned(), Fault::Unreached));
    }
    (words.contains("message completed") || words.contains("end of file before message length"))
        .then(|| ("the answer broke off".to_owned(), Fault::Broken))
}
