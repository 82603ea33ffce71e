//! A program that has ended, with all it said.

use std::fmt;
use std::process::{Command, Output};

/// How a program ended and what it wrote.
pub struct Ran {
    command: String,
    output: Output,
}

impl Ran {
    /// Runs the command to its end.
    #[track_caller]
    pub fn of(command: &mut Command) -> Self {
        let shown = format!("{command:?}");
        let output = command.output().unwrap_or_else(|err| panic!("cannot run {shown}: {err}"));
        Self { command: shown, output }
    }

    /// The exit code; `None` if a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// Standard output without the white space at its ends.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).trim().to_owned()
    }

    /// Standard error without the white space at its ends.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).trim().to_owned()
    }

    /// Holds the program to this exit code; a failure shows all it said.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "{self}");
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.output.stdout).unwrap_or_else(|err| panic!("not JSON: {err}\n{self}"))
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ended with {}", self.command, self.output.status)?;
        writeln!(f, "--- stdout\n{}\n--- stderr\n{}", self.out(), self.err())
    }
}
