//! `afterpush exit-codes`: what each exit code means.

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::{Failure, Outcome, World};
use crate::watch::{Verdict, exit};

/// What `afterpush exit-codes` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// One exit code of `status`, `wait` and `watch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
struct ExitCode {
    code: u8,
    verdicts: Vec<&'static str>,
    meaning: &'static str,
}

/// `afterpush.exit-codes/1`.
#[derive(Serialize, JsonSchema)]
struct Document {
    schema: &'static str,
    codes: Vec<ExitCode>,
}

const MEANINGS: [(u8, &str); 12] = [
    (exit::OK, "the answer is yes"),
    (exit::NO, "the answer is no; other commands: failed"),
    (exit::USAGE, "usage error, unknown revision, not a repository"),
    (exit::NOTHING, "nothing was deployed, on purpose or because nothing came"),
    (exit::CONFIG, "credentials or configuration are missing or refused"),
    (exit::UNKNOWN, "it could not be found out"),
    (exit::SUPERSEDED, "a newer commit took over and is not live yet"),
    (exit::NOT_WATCHED, "nobody watches this commit"),
    (exit::RUNNING, "still in progress (status only)"),
    (101, "a bug in afterpush"),
    (exit::TIMEOUT, "stopped looking; the deployment may still go on"),
    (super::INTERRUPTED, "Ctrl-C; the monitor goes on"),
];

const REST: &str = "\
Other commands end with 0, 1, 2 or 4. `daemon status`: 0 running and responding, 3 not running, 1 running but not
responding. `--ok VERDICT,...` treats more verdicts as 0. 0 never means \"I do not know\", 1 never means \"I stopped
looking\". The hook always ends with 0.";

/// Runs the command.
#[expect(clippy::unnecessary_wraps, reason = "all commands have one shape")]
pub fn run(_args: &Args, world: &World) -> Result<Outcome, Failure> {
    let codes = all();
    if world.json {
        world.printer.document(&Document { schema: "afterpush.exit-codes/1", codes });
        return Ok(Outcome::Done);
    }
    for ExitCode { code, verdicts, meaning } in codes {
        let verdicts = if verdicts.is_empty() { String::new() } else { format!("{}: ", verdicts.join(", ")) };
        world.printer.line(&format!("{code:>3}  {verdicts}{meaning}"));
    }
    world.printer.line(&format!("\n{REST}"));
    Ok(Outcome::Done)
}

/// The schema of what `--json` prints.
pub fn schema() -> Schema {
    schema_for!(Document)
}

fn all() -> Vec<ExitCode> {
    let of = |code| Verdict::ALL.into_iter().filter(move |v| v.exit_code() == code).map(Verdict::as_str).collect();
    MEANINGS.into_iter().map(|(code, meaning)| ExitCode { code, verdicts: of(code), meaning }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_its_line() {
        let told: usize = all().iter().map(|code| code.verdicts.len()).sum();
        assert_eq!(told, Verdict::ALL.len());
    }
}
