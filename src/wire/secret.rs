//! Secret values that never print, and the one place that takes them out of text.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::Answer;
use crate::base::tokens;

/// Shorter values are taken for words.
const SHORTEST: usize = 6;

/// A credential. It shows as `[secret]`, cannot be serialized, and its memory is cleared when it goes.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a value; blanks and line ends around it are no part of a credential.
    pub fn new(value: &str) -> Self {
        Self(value.trim().to_owned().into())
    }

    /// Takes a value exactly as it is: blanks may be part of a password.
    pub fn verbatim(value: &str) -> Self {
        Self(value.to_owned().into())
    }

    /// The value itself. Only the room `host` calls this, where it builds a header or a hand-over.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// There is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Takes known secrets, and what looks like one, out of text on its way to a file or a person.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    known: Vec<Secret>,
}

impl Redactor {
    /// Learns a value to take out from now on, as it is and as JSON has it. Very short ones would tear ordinary words
    /// apart and are not kept.
    pub fn learn(&mut self, secret: &Secret) {
        if secret.expose().len() < SHORTEST {
            return;
        }
        let escaped = in_json(secret.expose());
        for form in [secret.expose(), &escaped, &escaped.replace('/', "\\/")] {
            if !self.known.iter().any(|known| known.expose() == form) {
                self.known.push(Secret::verbatim(form));
            }
        }
    }

    /// The text without secrets.
    pub fn clean(&self, text: &str) -> String {
        tokens::masked(&self.without_known(text))
    }

    /// What came back for a question, without the secrets it was asked with: whoever was sent one may repeat it.
    pub fn clean_answer(&self, answer: &mut Answer) {
        for (_, value) in &mut answer.headers {
            *value = self.without_known(value);
        }
        answer.complaint = self.without_known(&answer.complaint);
        for secret in &self.known {
            replace(&mut answer.body, secret.expose().as_bytes());
        }
    }

    fn without_known(&self, text: &str) -> String {
        self.known.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.expose()) { text.replace(secret.expose(), tokens::MASK) } else { text }
        })
    }
}

/// Puts the mask wherever the secret is.
fn replace(body: &mut Vec<u8>, secret: &[u8]) {
    let find = |rest: &[u8]| rest.windows(secret.len()).position(|part| part == secret);
    let Some(mut found) = find(body) else { return };
    let mut masked = Vec::with_capacity(body.len());
    let mut rest = body.as_slice();
    loop {
        masked.extend_from_slice(&rest[..found]);
        masked.extend_from_slice(tokens::MASK.as_bytes());
        rest = &rest[found + secret.len()..];
        match find(rest) {
            Some(next) => found = next,
            None => break,
        }
    }
    masked.extend_from_slice(rest);
    *body = masked;
}

/// A text as it stands between the quotes of a JSON document.
fn in_json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_and_token_shapes_go() {
        let mut redactor = Redactor::default();
        redactor.learn(&Secret::new("hunter2hunter2\n"));
        let text = format!("pw=hunter2hunter2 and dop_v1_{} but AKIA stays", "a".repeat(64));
        assert_eq!(redactor.clean(&text), "pw=[redacted] and [redacted] but AKIA stays");
        assert_eq!(format!("{redactor:?}"), "Redactor { known: [[secret]] }");
    }

    #[test]
    fn who_repeats_the_secret_it_was_asked_with_is_not_heard_with_it() {
        let mut redactor = Redactor::default();
        for secret in ["a/\"secret\"/", "redacted"] {
            redactor.learn(&Secret::new(secret));
        }
        let mut answer = Answer {
            status: 401,
            headers: vec![("x-token".to_owned(), "a/\"secret\"/".to_owned())],
            body: br#"{"a": "a/\"secret\"/", "b": "a\/\"secret\"\/ redacted\xff"}"#.to_vec(),
            complaint: "no a/\"secret\"/".to_owned(),
            at: crate::base::Timestamp::default(),
            latency: crate::base::Span::ZERO,
        };
        redactor.clean_answer(&mut answer);
        let shown = format!("{answer:?} {}", String::from_utf8_lossy(&answer.body));
        assert!(!shown.contains("secret"), "{shown}");
        assert!(answer.body.starts_with(br#"{"a": "["#) && answer.body.ends_with(b"\"}"), "{shown}");
    }
}
