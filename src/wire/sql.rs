//! Questions to a database, as an adapter wants them: text in, text out.
//!
//! Every value is cast to text and cut in the statement itself, so that no type of a foreign table can surprise us.
//! Identifiers stand quoted in the statement, values never do: they are binds.

use serde::{Deserialize, Serialize};

use crate::base::{Span, Timestamp};

/// A database's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// SQLite.
    Sqlite,
}

/// One statement that reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlAsk {
    /// The statement, with placeholders for the values.
    pub statement: String,
    /// The values, in the order of the placeholders.
    pub binds: Vec<String>,
    /// More rows than this are an error.
    pub most_rows: usize,
}

/// What a statement found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The rows as they came; what is not UTF-8 is replaced.
    pub rows: Vec<Vec<Option<String>>>,
    /// When they came, by our clock.
    pub at: Timestamp,
    /// How long it took.
    pub latency: Span,
}

impl Dialect {
    /// Its name, for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
            Self::Sqlite => "sqlite",
        }
    }

    /// An identifier, quoted whatever is in it.
    pub fn quoted(self, identifier: &str) -> String {
        let mark = if self == Self::MySql { "`" } else { "\"" };
        format!("{mark}{}{mark}", identifier.replace(mark, &mark.repeat(2)))
    }

    /// The placeholder of the value with this number, counted from 1. Each value has one placeholder.
    pub fn placeholder(self, number: usize) -> String {
        if self == Self::Postgres { format!("${number}") } else { "?".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_an_identifier_does_not_end_it() {
        assert_eq!(Dialect::Postgres.quoted("commitSha"), "\"commitSha\"");
        assert_eq!(Dialect::Sqlite.quoted("a\"; --"), "\"a\"\"; --\"");
        assert_eq!(Dialect::MySql.quoted("a`b\"c"), "`a``b\"c`");
        assert_eq!((Dialect::Postgres.placeholder(2), Dialect::MySql.placeholder(2)), ("$2".into(), "?".into()));
    }
}
