//! Which column is which.
//!
//! Precedence: a column the user names, as it stands in the catalog; else, of the names below, the first the table
//! has. Case, `_` and `-` make no difference there, so `commitSha`, `commit_sha` and `COMMIT_SHA` are one name. Of two
//! columns that only differ in these, the one that comes first in the table is taken.

use super::words::squashed;
use crate::base::text;
use crate::watch::Misheard;
use crate::watch::Table;
use crate::wire::Rows;

const COMMIT: &[&str] = &[
    "commitsha",
    "gitcommitsha",
    "gitsha",
    "commithash",
    "githash",
    "gitcommit",
    "gitcommithash",
    "sha",
    "commit",
    "commitid",
    "headsha",
    "revision",
    "gitrevision",
    "sourceversion",
];
const STATUS: &[&str] =
    &["status", "state", "deploymentstatus", "deploystatus", "deploymentstate", "deploystate", "phase", "result"];
/// When it was made: what the order of rows and the question whether one is new enough hang on.
const MADE: &[&str] = &[
    "createdat",
    "created",
    "createdon",
    "createdtime",
    "startedat",
    "started",
    "startedon",
    "starttime",
    "insertedat",
    "deployedat",
    "deploytime",
    "timestamp",
    "date",
];
/// When it last changed; the time where there is none of the above.
const CHANGED: &[&str] =
    &["updatedat", "updated", "updatedon", "modifiedat", "finishedat", "completedat", "endedat", "finished"];
const ERROR: &[&str] = &[
    "errormessage",
    "error",
    "errormsg",
    "failurereason",
    "failuremessage",
    "failreason",
    "errordetails",
    "errortext",
    "statusmessage",
    "reason",
];
const URL: &[&str] = &["deploymenturl", "deployurl", "logurl", "logsurl", "buildurl", "url", "link"];
const BRANCH: &[&str] = &["branch", "gitbranch", "branchname", "sourcebranch", "headbranch"];
const ENVIRONMENT: &[&str] = &["environment", "env", "deploymentenvironment", "targetenvironment", "environmentname"];
const ID: &[&str] = &["id", "deploymentid", "deployid", "uuid"];

/// The table, with the columns that are read; all names as the catalog spells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) id: Option<String>,
    pub(super) commit: String,
    pub(super) status: String,
    pub(super) time: Option<String>,
    pub(super) changed: Option<String>,
    pub(super) error: Option<String>,
    pub(super) url: Option<String>,
    pub(super) branch: Option<String>,
    pub(super) environment: Option<String>,
}

impl Found {
    /// Finds the columns in the answer to [`super::ask::columns`]: rows of schema, table and column.
    pub(super) fn of(wanted: &Table, catalog: &Rows) -> Result<Self, Misheard> {
        let odd = || Misheard::Garbled("the database's catalog answers what is no list of columns".to_owned());
        let mut rows = Vec::new();
        for row in &catalog.rows {
            let [Some(schema), Some(table), Some(column)] = row.as_slice() else { return Err(odd()) };
            rows.push((schema.as_str(), table.as_str(), column.as_str()));
        }
        let (schema, table, _) = *rows.first().ok_or_else(odd)?;
        let own = rows.iter().filter(|row| (row.0, row.1) == (schema, table));
        let search = Search { table: &wanted.name, columns: own.map(|row| row.2).collect() };
        let named = &wanted.columns;
        let time = search.find("time", named.time.as_deref(), MADE)?;
        let changed = search.known(CHANGED).filter(|changed| Some(changed) != time.as_ref());
        let needed = |which, what, name: &Option<String>, known| {
            search.find(which, name.as_deref(), known)?.ok_or_else(|| search.lacks(which, what))
        };
        Ok(Self {
            schema: schema.to_owned(),
            table: table.to_owned(),
            id: search.known(ID),
            commit: needed("commit", "that names a commit", &named.commit, COMMIT)?,
            status: needed("status", "that tells a status", &named.status, STATUS)?,
            time: time.or_else(|| changed.clone()),
            changed,
            error: search.find("error", named.error.as_deref(), ERROR)?,
            url: search.find("url", named.url.as_deref(), URL)?,
            branch: search.find("branch", named.branch.as_deref(), BRANCH)?,
            environment: search.find("environment", named.environment.as_deref(), ENVIRONMENT)?,
        })
    }
}

/// The columns of a table, to be searched.
struct Search<'a> {
    table: &'a str,
    columns: Vec<&'a str>,
}

impl Search<'_> {
    /// The column the user names, or the first of the known names that the table has.
    fn find(&self, which: &str, named: Option<&str>, known: &[&str]) -> Result<Option<String>, Misheard> {
        let Some(named) = named else { return Ok(self.known(known)) };
        if self.columns.contains(&named) {
            return Ok(Some(named.to_owned()));
        }
        let (table, columns) = (self.table, listed(&self.columns));
        Err(Misheard::Misconfigured(format!(
            "table {table} has no column {named} (it has {columns}); correct {which} under [database] columns"
        )))
    }

    fn known(&self, known: &[&str]) -> Option<String> {
        let column = |name: &&str| self.columns.iter().find(|column| squashed(column) == **name);
        known.iter().find_map(column).map(|column| (*column).to_owned())
    }

    fn lacks(&self, which: &str, what: &str) -> Misheard {
        let (table, columns) = (self.table, listed(&self.columns));
        Misheard::Misconfigured(format!(
            "table {table} has no column {what} (it has {columns}); name it as {which} under [database] columns"
        ))
    }
}

/// Names as people are shown them, some of them if they are many.
pub(super) fn listed(names: &[&str]) -> String {
    const MOST: usize = 12;
    let shown: Vec<_> = names.iter().take(MOST).map(|name| text::cut(&text::visible(name), 63, false)).collect();
    let more = names.len().saturating_sub(MOST);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
