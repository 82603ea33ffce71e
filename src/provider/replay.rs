//! The answers of a conversation, taken one after the other.
//!
//! An adapter keeps nothing between calls: each time it goes through all the answers again and asks for the first
//! one that is missing.

use crate::base::Span;
use crate::wire::Answer;

/// What has been answered so far.
pub(super) struct Replay<'a> {
    rest: &'a [Answer],
}

impl<'a> Replay<'a> {
    pub(super) fn new(answers: &'a [Answer]) -> Self {
        Self { rest: answers }
    }

    /// How long all of them took.
    pub(super) fn latency(answers: &[Answer]) -> Span {
        answers.iter().fold(Span::ZERO, |sum, answer| sum + answer.latency)
    }

    /// Takes the next answer.
    pub(super) fn next(&mut self) -> Option<&'a Answer> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }
}
