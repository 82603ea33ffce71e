//! What lies at the bottom of an error of the network, in words people know.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use crate::base::text;
use crate::wire::Fault;

/// An error and all that caused it, the outermost first.
pub(super) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // `io::Error` hides the error it was made of from `source`.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// The words for a failed connection and where it failed, where its kind tells enough.
pub(super) fn of_io(kind: io::ErrorKind) -> Option<(String, Fault)> {
    let (words, fault) = match kind {
        io::ErrorKind::ConnectionRefused => ("connection refused", Fault::Refused),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            ("connection reset", Fault::Broken)
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => ("network unreachable", Fault::Unreached),
        io::ErrorKind::UnexpectedEof => ("the answer broke off", Fault::Broken),
        io::ErrorKind::TimedOut => ("no connection: timed out", Fault::Unreached),
        _ => return None,
    };
    Some((words.to_owned(), fault))
}

/// Why TLS did not come about. Who shows a certificate that is not trusted may be somebody in between.
pub(super) fn of_tls(error: &rustls::Error) -> (String, Fault) {
    match error {
        rustls::Error::InvalidCertificate(why) => {
            (format!("TLS: certificate not trusted ({})", of_certificate(why)), Fault::Unreached)
        }
        rustls::Error::InvalidMessage(_) => ("TLS: the other side does not speak it".to_owned(), Fault::Broken),
        other => (format!("TLS: {}", text::visible(&other.to_string())), Fault::Broken),
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
