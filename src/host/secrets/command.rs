//! Credentials a command prints: `pass show …`, `op read …`, `gh auth token`.

use std::path::Path;

use crate::base::Span;
use crate::host::command;
use crate::wire::{CommandAsk, NoAnswer, Secret};

/// How long a command may take.
const LIMIT: Span = Span::from_secs(10);

/// More than any credential has.
const MAX_BYTES: usize = 64 << 10;

/// The one credential the command prints. What it complains of is not repeated: it may hold what it should not.
pub(super) async fn output(words: &[String]) -> Result<Secret, String> {
    let program = words.first().ok_or("the configured token command is empty")?;
    let ask = CommandAsk { words: words.to_vec(), variables: Vec::new(), limit: LIMIT, max_bytes: MAX_BYTES };
    let answer = command::perform(&ask, Path::new("/")).await.map_err(|why| match why {
        NoAnswer::Command { program, what } => format!("the token command {program} {what}"),
        other => other.to_string(),
    })?;
    if answer.status == 0 {
        Ok(Secret::new(&String::from_utf8_lossy(&answer.body)))
    } else {
        Err(format!("the token command {program} failed; try it in a terminal"))
    }
}
