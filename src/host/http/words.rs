//! What went wrong with an HTTP question, in words people know, and never with the URL in them.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::CertificateError;

use super::Limits;
use crate::base::{Span, text};
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

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // `io::Error` hides the error it was made of from `source`.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

fn known(error: &(dyn Error + 'static)) -> Option<(String, Fault)> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some((of_tls(tls), Fault::Broken));
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

fn of_io(kind: io::ErrorKind) -> Option<(String, Fault)> {
    let (words, fault) = match kind {
        io::ErrorKind::ConnectionRefused => ("connection refused", Fault::Refused),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            ("connection reset", Fault::Broken)
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            ("network unreachable", Fault::Unreached)
        }
        io::ErrorKind::UnexpectedEof => ("the answer broke off", Fault::Broken),
        io::ErrorKind::TimedOut => ("no connection: timed out", Fault::Unreached),
        _ => return None,
    };
    Some((words.to_owned(), fault))
}

fn of_tls(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(why) => {
            format!("TLS: certificate not trusted ({})", of_certificate(why))
        }
        rustls::Error::InvalidMessage(_) => "TLS: the other side does not speak it".to_owned(),
        other => format!("TLS: {}", text::visible(&other.to_string())),
    }
}

fn of_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name".to_owned()
        }
        CertificateError::UnknownIssuer => "nobody known has signed it".to_owned(),
        other => text::visible(&other.to_string()),
    }
}
