//! `afterpush schema`: prints the JSON schemas of the documents.

use std::collections::BTreeMap;

use schemars::{Schema, schema_for};

use super::list::ListDocument;
use super::{Failure, Outcome, World};
use crate::base::text;
use crate::status;

/// A document's short name, and what makes its schema.
type Named = (&'static str, fn() -> Schema);

/// Every document the program prints with `--json` or `--jsonl`.
const DOCUMENTS: &[Named] = &[
    ("status", || schema_for!(status::Document)),
    ("event", || schema_for!(status::EventDocument)),
    ("error", || schema_for!(status::ErrorDocument)),
    ("init", super::init::schema),
    ("install", super::install::schema),
    ("uninstall", super::install::schema),
    ("list", || schema_for!(ListDocument)),
    ("doctor", super::doctor::schema),
    ("clean", super::clean::schema),
    ("logs", super::logs::schema),
    ("stop", super::stop::schema),
    ("daemon", super::daemon::schema),
    ("trust", super::trust::schema),
    ("exit-codes", super::exit_codes::schema),
];

/// What `afterpush schema` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one: status, event, error, init, install, uninstall, list, doctor, clean, logs, stop, daemon, trust or exit-codes; all without it
    pub name: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    match &args.name {
        Some(name) => world.printer.document(&one(name)?),
        None => world.printer.document(&DOCUMENTS.iter().map(|(name, of)| (*name, of())).collect::<BTreeMap<_, _>>()),
    }
    Ok(Outcome::Done)
}

fn one(name: &str) -> Result<Schema, Failure> {
    // `afterpush.status/1` is what a document calls itself; take that, too.
    let short = name.strip_prefix("afterpush.").unwrap_or(name);
    let short = short.strip_suffix("/1").unwrap_or(short);
    let known = DOCUMENTS.iter().find(|(name, _)| *name == short);
    known.map(|(_, of)| of()).ok_or_else(|| {
        let names: Vec<_> = DOCUMENTS.iter().map(|(name, _)| *name).collect();
        Failure::usage("unknown_schema", format!("there is no schema `{}`", text::visible(name)))
            .hint(format!("the schemas are {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_found_by_its_short_and_by_its_whole_name() {
        for (name, _) in DOCUMENTS {
            let whole = format!("afterpush.{name}/1");
            assert_eq!(one(name).expect("a schema"), one(&whole).expect("a schema"));
        }
        assert_eq!(one("stats").expect_err("none").code(), 2);
    }
}
