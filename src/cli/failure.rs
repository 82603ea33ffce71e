//! What a user is told when a command cannot do what it was asked: one sentence, and what to do next.

use std::error::Error;
use std::io::Write;
use std::panic::PanicHookInfo;

use crate::base::text;
use crate::status::{ERROR_SCHEMA, ErrorDocument};
use crate::watch::exit;

/// A command that could not do its work.
#[derive(Debug)]
pub struct Failure {
    /// Whose turn it is to mend it; decides the exit code.
    pub kind: Kind,
    /// A stable word for programs.
    pub code: &'static str,
    /// One sentence without a period: what went wrong, and where.
    pub message: String,
    /// What to do next; lines to be copied stand on lines of their own.
    pub hint: Option<String>,
    /// The error below; its chain is shown after the message.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The caller's: wrong arguments, a revision that does not exist, not a repository. Exit code 2.
    Usage,
    /// The user's: configuration or credentials are missing or refused. Exit code 4.
    Config,
    /// Something else failed. Exit code 1.
    Failed,
    /// The state of a commit could not be found out. Exit code 5, for `status`, `wait` and `watch`, where 1 is an
    /// answer.
    Unknown,
}

impl Failure {
    /// The caller's mistake.
    pub fn usage(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, code, message)
    }

    /// Configuration or credentials.
    pub fn config(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Config, code, message)
    }

    /// Anything else.
    pub fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, code, message)
    }

    /// The state of a commit could not be found out.
    pub fn unknown(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Unknown, code, message)
    }

    /// A monitor was started and has said why it cannot work.
    pub fn unable(why: &str) -> Self {
        Self::unknown("monitor", format!("the monitor cannot work: {why}"))
            .hint("`afterpush doctor` shows what is wrong")
    }

    fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), hint: None, source: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the error below.
    #[must_use]
    pub fn because(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The same for a command whose exit code says nothing about a commit.
    #[must_use]
    pub fn plain(self) -> Self {
        let kind = if self.kind == Kind::Unknown { Kind::Failed } else { self.kind };
        Self { kind, ..self }
    }

    /// The exit code.
    pub const fn code(&self) -> u8 {
        match self.kind {
            Kind::Usage => exit::USAGE,
            Kind::Config => exit::CONFIG,
            Kind::Failed => exit::NO,
            Kind::Unknown => exit::UNKNOWN,
        }
    }

    /// The message and the chain of causes, inert and on one line.
    pub fn sentence(&self) -> String {
        let mut sentence = self.message.clone();
        let mut cause: Option<&(dyn Error + 'static)> = self.source.as_deref().map(|error| error as _);
        while let Some(error) = cause {
            let words = error.to_string();
            if !sentence.contains(&words) {
                sentence.push_str(": ");
                sentence.push_str(&words);
            }
            cause = error.source();
        }
        text::visible(&text::without_number(&sentence))
    }

    /// `afterpush.error/1`, on one line.
    pub fn document(&self) -> String {
        let document = ErrorDocument {
            schema: ERROR_SCHEMA.to_owned(),
            code: self.code.to_owned(),
            message: self.sentence(),
            hint: self.hint.as_deref().map(|hint| hint.lines().map(text::visible).collect::<Vec<_>>().join("\n")),
        };
        text::inert_json(&serde_json::to_string(&document).unwrap_or_else(|error| error.to_string()))
    }
}

/// What a user sees of a bug: one sentence instead of a backtrace. The runtime then ends the process with 101.
pub fn tell_panic(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let words = info.payload_as_str().unwrap_or("no words");
    let line = text::visible(&format!("{words} ({place})"));
    // Standard error may be closed; there is nobody else to tell.
    let _ = writeln!(std::io::stderr(), "afterpush: this is a bug, please report it: {line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_its_causes_once_and_in_one_line() {
        let below = std::io::Error::other("disk\nfull");
        let failure = Failure::failed("spool", "cannot write the request").because(below).hint("make room");
        assert_eq!(failure.sentence(), "cannot write the request: disk\\u{a}full");
        assert_eq!(
            failure.document(),
            r#"{"schema":"afterpush.error/1","code":"spool","message":"cannot write the request: disk\\u{a}full","hint":"make room"}"#
        );
    }

    #[test]
    fn lines_to_be_copied_stay_lines_and_inert() {
        let failure = Failure::failed("x", "x").hint("add this:\npre-push:\n  run: \u{1b}x");
        assert!(
            failure.document().contains(r#""hint":"add this:\npre-push:\n  run: \\u{1b}x""#),
            "{}",
            failure.document()
        );
    }

    #[test]
    fn each_kind_has_its_exit_code() {
        let codes =
            [Kind::Usage, Kind::Config, Kind::Failed, Kind::Unknown].map(|kind| Failure::new(kind, "x", "x").code());
        assert_eq!(codes, [2, 4, 1, 5]);
    }
}
