//! The team's own table of deployments: where it is, and what the user says of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{State, TokenSource};

/// The database that has the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Database {
    /// Where it is.
    pub url: DatabaseUrl,
    /// A file with the certificates of the authorities that are trusted beside the system's.
    pub ca: Option<PathBuf>,
    /// The table.
    pub table: Table,
}

/// Where a database is; never its password.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseUrl {
    /// What tells the whole URL; the chain is `DB_HOST`, `DB_PORT`, `DB_USER`, `DB_PASS` and `DB_NAME`.
    Told(TokenSource),
    /// An SQLite file.
    File(PathBuf),
}

/// The table, and what of it cannot be found out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Table {
    /// Its name, with its schema before a dot where it is not in the usual one. Spelled as it is in the catalog.
    pub name: String,
    /// Columns that are not to be looked for.
    #[serde(default)]
    pub columns: Columns,
    /// What the team's own words for a status mean; they outrank the built-in ones.
    #[serde(default)]
    pub words: BTreeMap<String, State>,
}

/// The names of columns; what is not named is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Columns {
    /// The commit's id, whole or at least seven digits of it.
    pub commit: Option<String>,
    /// How the deployment stands.
    pub status: Option<String>,
    /// When it was made; the newest rows by this are read.
    pub time: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// A page for people.
    pub url: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The environment it went to.
    pub environment: Option<String>,
}

impl Default for Table {
    fn default() -> Self {
        Self { name: "deployments".to_owned(), columns: Columns::default(), words: BTreeMap::new() }
    }
}

impl Table {
    /// Refuses what cannot be the name of a table or a column. They are checked against the catalog and quoted as
    /// well; this tells a mistake before anybody is asked.
    pub fn check(&self) -> Result<(), String> {
        let parts: Vec<_> = self.name.split('.').collect();
        if parts.len() > 2 || !parts.iter().all(|part| is_identifier(part)) {
            return Err(format!("{REFUSAL}, or two of them with a dot between (schema.table)"));
        }
        match self.columns.named().find(|(_, name)| !is_identifier(name)) {
            Some((which, _)) => Err(format!("{which} {REFUSAL}")),
            None => Ok(()),
        }
    }

    /// The schema, where one is named, and the table.
    pub fn schema_and_table(&self) -> (Option<&str>, &str) {
        match self.name.split_once('.') {
            Some((schema, table)) => (Some(schema), table),
            None => (None, &self.name),
        }
    }
}

impl Columns {
    /// Their keys in the configuration.
    pub const KEYS: &[&str] = &["commit", "status", "time", "error", "url", "branch", "environment"];

    /// The column with this key.
    pub fn named_mut(&mut self, key: &str) -> Option<&mut Option<String>> {
        Some(match key {
            "commit" => &mut self.commit,
            "status" => &mut self.status,
            "time" => &mut self.time,
            "error" => &mut self.error,
            "url" => &mut self.url,
            "branch" => &mut self.branch,
            "environment" => &mut self.environment,
            _ => return None,
        })
    }

    /// Those that are named, with their keys in the configuration.
    fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("commit", &self.commit),
            ("status", &self.status),
            ("time", &self.time),
            ("error", &self.error),
            ("url", &self.url),
            ("branch", &self.branch),
            ("environment", &self.environment),
        ];
        all.into_iter().filter_map(|(which, name)| Some((which, name.as_deref()?)))
    }
}

/// The rest of a sentence about a name.
const REFUSAL: &str = "must be a name of letters, digits and _, 63 at most, not beginning with a digit";

fn is_identifier(name: &str) -> bool {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (1..=63).contains(&name.len()) && name.starts_with(is_first) && name.chars().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Things that are no identifiers, the usual attacks among them.
    const ODD: [&str; 14] = [
        "",
        "1a",
        "a b",
        "a-b",
        "a.b.c",
        ".a",
        "a.",
        "a;drop table x",
        "a\"b",
        "a`b",
        "a'--",
        "a\0",
        "commit/**/",
        "ſha",
    ];

    #[test]
    fn names_are_identifiers_and_nothing_else() {
        let table = |name: &str| Table { name: name.to_owned(), ..Table::default() }.check();
        for good in ["deployments", "Deployment", "app.deployments", "_x", &"a".repeat(63)] {
            assert_eq!(table(good), Ok(()), "{good}");
        }
        for odd in ODD.into_iter().chain([&*"a".repeat(64)]) {
            assert!(table(odd).is_err_and(|words| words.starts_with("must be a name")), "{odd}");
            let columns = Columns { time: Some(odd.to_owned()), ..Columns::default() };
            let refused = Table { columns, ..Table::default() }.check();
            assert!(refused.is_err_and(|words| words.starts_with("time must be a name")), "{odd}");
        }
        let dotted = Columns { commit: Some("a.b".to_owned()), ..Columns::default() };
        assert!(Table { columns: dotted, ..Table::default() }.check().is_err());
    }
}
