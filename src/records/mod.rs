//! What does the team's deployments table say?
//!
//! Many teams write a row a deployment into a table of their own. Its columns have no agreed names, so they are
//! found in the database's catalog, or named in the configuration. Like a provider's adapter this is pure: it says
//! what to ask, and what the answers so far mean; it never asks itself, and it has no statement that writes.

mod ask;
mod columns;
mod row;
mod time;
mod words;

#[cfg(test)]
mod tests;

use crate::base::{Span, Timestamp};
use crate::push::Sha;
use crate::watch::{Misheard, Snapshot, Table};
use crate::wire::{Dialect, Rows, SqlAsk};

use self::columns::Found;

/// How many of the newest rows are read; the second number where the first does not reach back far enough.
const NEWEST: [usize; 2] = [50, 1_000];

/// What a look is for. One look serves all watches.
#[derive(Clone, Debug, Default)]
pub struct Want {
    /// The commits that are watched. Their rows are found however old they are.
    pub commits: Vec<Sha>,
    /// The list should reach back to this time (the database's clock); `None`: the newest rows are enough.
    pub back_to: Option<Timestamp>,
}

/// A reaction to an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one lives at a time, and the large one is what is wanted")]
pub enum Heard {
    /// Something more must be asked.
    Ask(SqlAsk),
    /// This is what there is to know.
    Seen(Snapshot),
}

/// The first question of a look: which columns the table has.
pub fn ask(table: &Table, dialect: Dialect) -> SqlAsk {
    ask::columns(table, dialect)
}

/// What the answers so far mean, the newest answer last. All questions of a look must be asked in one transaction.
pub fn hear(table: &Table, dialect: Dialect, want: &Want, answers: &[Rows]) -> Result<Heard, Misheard> {
    let Some((catalog, rest)) = answers.split_first() else { return Ok(Heard::Ask(ask(table, dialect))) };
    if catalog.rows.is_empty() {
        return match rest.first() {
            None => Ok(Heard::Ask(ask::tables(dialect))),
            Some(tables) => Err(no_table(table, tables)),
        };
    }
    let found = Found::of(table, catalog)?;
    let mut seen = None;
    for (number, most) in NEWEST.into_iter().enumerate() {
        let Some(answer) = rest.get(number) else {
            return Ok(Heard::Ask(ask::rows(&found, dialect, &want.commits, most)));
        };
        let snapshot = row::snapshot(table, answer, most)?;
        let is_enough = want.back_to.is_none_or(|wanted| snapshot.reaches_back_to.is_none_or(|to| to <= wanted));
        seen = Some(snapshot);
        if is_enough {
            break;
        }
    }
    let latency = answers.iter().fold(Span::ZERO, |sum, answer| sum + answer.latency);
    Ok(Heard::Seen(Snapshot { latency, ..seen.unwrap_or_default() }))
}

fn no_table(table: &Table, tables: &Rows) -> Misheard {
    let names: Vec<_> = tables.rows.iter().filter_map(|row| row.first()?.as_deref()).collect();
    let table = &table.name;
    Misheard::NotFound(if names.is_empty() {
        format!("the database has no table {table}, and none at all that this user may see; check [database]")
    } else {
        let names = columns::listed(&names);
        format!("the database has no table {table}; it has {names}; name yours under [database] table")
    })
}
