//! `afterpush schema`: prints the JSON schemas of the documents.

use std::collections::BTreeMap;

use super::{Failure, Outcome, World};
use crate::status;

/// What `afterpush schema` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one: status, event or error; all without it
    pub name: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    if let Some(name) = &args.name {
        world.printer.document(&one(name)?);
        return Ok(Outcome::Done);
    }
    let named = |name: &&'static str| one(name).map(|schema| (*name, schema));
    world.printer.document(&status::SCHEMAS.iter().map(named).collect::<Result<BTreeMap<_, _>, _>>()?);
    Ok(Outcome::Done)
}

fn one(name: &str) -> Result<schemars::Schema, Failure> {
    // `afterpush.status/1` is what a document calls itself; take that, too.
    let short = name.strip_prefix("afterpush.").unwrap_or(name);
    let short = short.strip_suffix("/1").unwrap_or(short);
    status::schema(short).ok_or_else(|| {
        let name = crate::base::text::visible(name);
        Failure::usage("unknown_schema", format!("there is no schema `{name}`"))
            .hint(format!("the schemas are {}", status::SCHEMAS.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_found_by_its_short_and_by_its_whole_name() {
        for name in status::SCHEMAS {
            let whole = format!("afterpush.{name}/1");
            assert_eq!(one(name).expect("a schema"), one(&whole).expect("a schema"));
        }
        assert_eq!(one("stats").expect_err("none").code(), 2);
    }
}
