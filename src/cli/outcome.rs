//! How a command ended when it did what it was asked.

use crate::watch::exit;

/// The end of a command that ran. What went wrong on the way is a [`super::Failure`]; a "no" from a provider is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// The exit code of a verdict or of a state of progress (CONTRACT section 2).
    Code(u8),
}

impl Outcome {
    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => exit::OK,
            Self::Code(code) => code,
        }
    }
}
