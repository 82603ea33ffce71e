//! Secret values that never print, and the one place that takes them out of text.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

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

/// How tokens of well-known services begin.
const SHAPES: [&str; 12] = [
    "dop_v1_",
    "doo_v1_",
    "dor_v1_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "sk_live_",
    "AKIA",
];

/// What stands where a secret was.
const MASK: &str = "[redacted]";

impl Redactor {
    /// Learns a value to take out from now on. Very short ones would tear ordinary words apart and are not kept.
    pub fn learn(&mut self, secret: &Secret) {
        let known = self.known.iter().any(|s| s.expose() == secret.expose());
        if secret.expose().len() >= 6 && !known {
            self.known.push(secret.clone());
        }
    }

    /// The text without secrets.
    pub fn clean(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for secret in &self.known {
            if out.contains(secret.expose()) {
                out = out.replace(secret.expose(), MASK);
            }
        }
        for shape in SHAPES {
            out = mask_shape(&out, shape);
        }
        out
    }
}

fn mask_shape(text: &str, shape: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(shape) {
        let body = &rest[start + shape.len()..];
        let length = body.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(body.len());
        out.push_str(&rest[..start]);
        // Only what is long enough to be a token; `AKIA` alone is a word.
        if length >= 12 {
            out.push_str(MASK);
        } else {
            out.push_str(shape);
            out.push_str(&body[..length]);
        }
        rest = &body[length..];
    }
    out.push_str(rest);
    out
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
}
