//! What the user says about the table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::watch::State;

/// The table, and what of it cannot be found out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Settings {
    /// Its name, with its schema before a dot where it is not in the usual one. Spelled as it is in the catalog.
    pub table: String,
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

impl Default for Settings {
    fn default() -> Self {
        Self { table: "deployments".to_owned(), columns: Columns::default(), words: BTreeMap::new() }
    }
}

impl Settings {
    /// Refuses what cannot be the name of a table or a column. They are checked against the catalog and quoted as
    /// well; this tells a mistake before anybody is asked.
    pub fn check(&self) -> Result<(), String> {
        let parts: Vec<_> = self.table.split('.').collect();
        if parts.len() > 2 || !parts.iter().all(|part| is_identifier(part)) {
            return Err(refusal("table", ", or two of them with a dot between (schema.table)"));
        }
        match self.columns.named().find(|(_, name)| !is_identifier(name)) {
            Some((which, _)) => Err(refusal(&format!("columns.{which}"), "")),
            None => Ok(()),
        }
    }

    /// The schema, where one is named, and the table.
    pub(super) fn schema_and_table(&self) -> (Option<&str>, &str) {
        match self.table.split_once('.') {
            Some((schema, table)) => (Some(schema), table),
            None => (None, &self.table),
        }
    }
}

impl Columns {
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

fn refusal(key: &str, or: &str) -> String {
    format!("[database] {key} must be a name of letters, digits and _, 63 at most, not beginning with a digit{or}")
}

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
        let table = |table: &str| Settings { table: table.to_owned(), ..Settings::default() }.check();
        for good in ["deployments", "Deployment", "app.deployments", "_x", &"a".repeat(63)] {
            assert_eq!(table(good), Ok(()), "{good}");
        }
        for odd in ODD.into_iter().chain([&*"a".repeat(64)]) {
            assert!(table(odd).is_err_and(|words| words.contains("[database] table")), "{odd}");
            let columns = Columns { time: Some(odd.to_owned()), ..Columns::default() };
            let refused = Settings { columns, ..Settings::default() }.check();
            assert!(refused.is_err_and(|words| words.contains("[database] columns.time")), "{odd}");
        }
        let dotted = Columns { commit: Some("a.b".to_owned()), ..Columns::default() };
        assert!(Settings { columns: dotted, ..Settings::default() }.check().is_err());
    }
}
