//! Secret values that never print.

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
