//! What went wrong with a database, in words, and never with a secret in them.

use std::io;
use std::time::Duration;

use super::{Database, Tls};
use crate::base::{Span, text};
use crate::host::causes::{causes, of_io, of_tls};
use crate::wire::{Dialect, Fault, NoAnswer, Redactor};

/// Finds the words for one database.
pub(super) struct Words {
    dialect: Dialect,
    place: String,
    redactor: Redactor,
    is_verified: bool,
}

impl Words {
    pub(super) fn new(database: &Database) -> Self {
        let mut redactor = Redactor::default();
        database.secrets().for_each(|secret| redactor.learn(secret));
        let is_verified = matches!(database.tls, Tls::Verified | Tls::TrustedAuthority);
        Self { dialect: database.dialect, place: database.place(), redactor, is_verified }
    }

    pub(super) fn no_connection(&self, limit: Duration) -> NoAnswer {
        self.network(format!("no connection within {}", Span::from_std(limit)))
    }

    pub(super) fn too_slow(&self, limit: Duration) -> NoAnswer {
        self.network(format!("no answer within {}", Span::from_std(limit)))
    }

    pub(super) fn too_many(&self, most: usize) -> NoAnswer {
        self.network(format!("it sent more than the {most} rows that were asked for"))
    }

    /// What answers is no database.
    pub(super) fn nonsense(&self) -> NoAnswer {
        self.network(format!("what answers there does not speak {}'s language", self.dialect.as_str()))
    }

    pub(super) fn of(&self, error: &sqlx::Error) -> NoAnswer {
        match error {
            sqlx::Error::Database(said) => self.said(&**said),
            sqlx::Error::Io(io) if self.dialect == Dialect::Sqlite => self.file(io),
            sqlx::Error::Configuration(why) if why.to_string().contains("RSA") => NoAnswer::Denied(format!(
                "{}: this user's kind of password (caching_sha2_password) is only sent through TLS; let the server \
                 offer TLS, or give the user another kind",
                self.place
            )),
            sqlx::Error::Protocol(_) => self.nonsense(),
            sqlx::Error::Tls(why) if why.to_string() == "server does not support TLS" => {
                self.network("it does not offer TLS, which is required here; no password was sent".to_owned())
            }
            other => {
                let known = causes(other).find_map(known).map(|(words, fault)| (self.with_cure(words), fault));
                let (what, fault) = known.unwrap_or_else(|| (self.foreign(&other.to_string()), Fault::Broken));
                NoAnswer::Network { host: self.place.clone(), what, fault }
            }
        }
    }

    /// The server's own error.
    fn said(&self, said: &dyn sqlx::error::DatabaseError) -> NoAnswer {
        let message = self.foreign(said.message());
        // The class 28 of SQL's own states: who asks is not let in.
        if self.dialect != Dialect::Sqlite && said.code().is_some_and(|code| code.starts_with("28")) {
            return NoAnswer::Denied(format!("{} lets us not in ({message}); check user and password", self.place));
        }
        NoAnswer::Refused { host: self.place.clone(), what: message }
    }

    fn file(&self, error: &io::Error) -> NoAnswer {
        let what = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            io::ErrorKind::InvalidInput => "it is not a file".to_owned(),
            _ => text::without_number(&self.foreign(&error.to_string())),
        };
        NoAnswer::Refused { host: self.place.clone(), what }
    }

    fn with_cure(&self, words: String) -> String {
        let is_untrusted = self.is_verified && words.contains("nobody known has signed it");
        if is_untrusted { format!("{words}; name its authority's certificate with ca") } else { words }
    }

    fn network(&self, what: String) -> NoAnswer {
        NoAnswer::Network { host: self.place.clone(), what, fault: Fault::Broken }
    }

    /// Words of another program on their way into ours.
    fn foreign(&self, words: &str) -> String {
        text::cut(&text::visible(&self.redactor.clean(words)), 200, false)
    }
}

fn known(error: &(dyn std::error::Error + 'static)) -> Option<(String, Fault)> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(of_tls(tls));
    }
    if let Some(io) = error.downcast_ref::<io::Error>().filter(|io| io.get_ref().is_none()) {
        return of_io(io.kind()).or_else(|| Some((text::without_number(&io.to_string()), Fault::Unreached)));
    }
    let words = error.to_string();
    if words.contains("failed to lookup address") {
        return Some(("its name cannot be resolved".to_owned(), Fault::Unreached));
    }
    words.contains("bytes at EOF").then(|| ("the answer broke off".to_owned(), Fault::Broken))
}
