//! The statements. Names stand in them only as the catalog spells them, and quoted; all else is a bind.
//!
//! Every value is cast to text and cut, so that no type of the table can be one we cannot read, and no text too long.

use super::columns::Found;
use crate::push::Sha;
use crate::watch::Table;
use crate::wire::{Dialect, SqlAsk};

/// Columns of one table; more than any has.
const MOST_COLUMNS: usize = 4_096;
/// Tables that are named where the right one is missing.
const MOST_TABLES: usize = 12;
/// Rows of the watched commits, besides the newest rows.
const MOST_OWN: usize = 200;
/// Watched commits that are asked for by name; the rows of others are found while they are among the newest.
const MOST_COMMITS: usize = 40;
/// Fewer digits of an id name no commit.
const SHORTEST: usize = 7;

/// What a row of an answer to [`rows`] is, its first value.
pub(super) const CLOCK: &str = "clock";
pub(super) const NEW: &str = "new";
pub(super) const OWN: &str = "own";

/// The values behind it, and how much of each is read.
const WIDTHS: [usize; 9] = [100, 80, 60, 60, 60, 500, 500, 200, 100];

/// Schema, table and name of the table's columns, in their order.
pub(super) fn columns(table: &Table, dialect: Dialect) -> SqlAsk {
    let (schema, table) = table.schema_and_table();
    let binds: Vec<_> = [Some(table), schema].into_iter().flatten().map(str::to_owned).collect();
    let statement = match (dialect, schema) {
        (Dialect::Postgres, schema) => {
            let seen = if schema.is_some() { "n.nspname = $2" } else { "pg_catalog.pg_table_is_visible(c.oid)" };
            format!(
                "SELECT CAST(n.nspname AS text), CAST(c.relname AS text), CAST(a.attname AS text) \
                 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped \
                 AND c.relname = $1 AND {seen} ORDER BY a.attnum"
            )
        }
        (Dialect::MySql, schema) => {
            let schema = if schema.is_some() { "?" } else { "DATABASE()" };
            format!(
                "SELECT CAST(TABLE_SCHEMA AS CHAR), CAST(TABLE_NAME AS CHAR), CAST(COLUMN_NAME AS CHAR) \
                 FROM information_schema.COLUMNS WHERE TABLE_NAME = ? AND TABLE_SCHEMA = {schema} \
                 ORDER BY ORDINAL_POSITION"
            )
        }
        (Dialect::Sqlite, schema) => {
            let (schema, place) = if schema.is_some() { ("?2", "?1, ?2") } else { ("'main'", "?1") };
            format!("SELECT {schema}, ?1, name FROM pragma_table_xinfo({place}) WHERE hidden <> 1 ORDER BY cid")
        }
    };
    SqlAsk { statement, binds, most_rows: MOST_COLUMNS }
}

/// Names of tables this user may see, those about deployments first.
pub(super) fn tables(dialect: Dialect) -> SqlAsk {
    let names = match dialect {
        Dialect::Postgres => {
            "SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN CAST(c.relname AS text) \
             ELSE CAST(n.nspname AS text) || '.' || CAST(c.relname AS text) END AS name \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname <> 'information_schema' \
             AND n.nspname NOT LIKE 'pg\\_%'"
        }
        Dialect::MySql => {
            "SELECT CAST(TABLE_NAME AS CHAR) AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
        }
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        }
    };
    let order = "CASE WHEN lower(name) LIKE '%deploy%' THEN 0 ELSE 1 END, name";
    let statement = format!("SELECT name FROM ({names}) AS seen ORDER BY {order} LIMIT {MOST_TABLES}");
    SqlAsk { statement, binds: Vec::new(), most_rows: MOST_TABLES }
}

/// The database's clock, its `most` newest rows, and the rows of the watched commits.
pub(super) fn rows(found: &Found, dialect: Dialect, commits: &[Sha], most: usize) -> SqlAsk {
    let table = table(found, dialect);
    let order = found.time.as_ref().or(found.id.as_ref()).map(|column| dialect.quoted(column));
    let order_by = order.as_ref().map(|column| format!(" ORDER BY {column} DESC")).unwrap_or_default();
    // Rows without a time are no news; where they come first in the order, as in PostgreSQL, they would hide what is.
    let dated = order.as_ref().map(|column| format!(" WHERE {column} IS NOT NULL")).unwrap_or_default();
    let values = values(found, dialect);
    let newest = format!(
        "SELECT '{CLOCK}', {}{} UNION ALL SELECT * FROM \
         (SELECT '{NEW}' AS what, {values} FROM {table}{dated}{order_by} LIMIT {most}) AS newest",
        clock(dialect),
        format!(", {}", nothing(dialect)).repeat(WIDTHS.len() - 1),
    );
    let binds = spellings(commits);
    let own = if binds.is_empty() {
        String::new()
    } else {
        let places: Vec<_> = (1..=binds.len()).map(|number| dialect.placeholder(number)).collect();
        let (commit, places) = (comparable(&found.commit, dialect), places.join(", "));
        format!(
            " UNION ALL SELECT * FROM (SELECT '{OWN}' AS what, {values} FROM {table} \
             WHERE {commit} IN ({places}){order_by} LIMIT {MOST_OWN}) AS own"
        )
    };
    SqlAsk { statement: newest + &own, binds, most_rows: 1 + most + MOST_OWN }
}

fn table(found: &Found, dialect: Dialect) -> String {
    format!("{}.{}", dialect.quoted(&found.schema), dialect.quoted(&found.table))
}

fn values(found: &Found, dialect: Dialect) -> String {
    let columns = [
        found.id.as_deref(),
        Some(found.commit.as_str()),
        Some(found.status.as_str()),
        found.time.as_deref(),
        found.changed.as_deref(),
        found.error.as_deref(),
        found.url.as_deref(),
        found.branch.as_deref(),
        found.environment.as_deref(),
    ];
    let values = columns.into_iter().zip(WIDTHS).enumerate().map(|(number, (column, width))| {
        let value = column.map_or_else(|| nothing(dialect).to_owned(), |column| text(column, width, dialect));
        format!("{value} AS value{number}")
    });
    values.collect::<Vec<_>>().join(", ")
}

/// The beginning of a column's value, as text.
fn text(column: &str, width: usize, dialect: Dialect) -> String {
    let column = dialect.quoted(column);
    match dialect {
        Dialect::Postgres => format!("left(CAST({column} AS text), {width})"),
        Dialect::MySql => format!("LEFT(CAST({column} AS CHAR CHARACTER SET utf8mb4), {width})"),
        Dialect::Sqlite => format!("substr(CAST({column} AS text), 1, {width})"),
    }
}

const fn nothing(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "CAST(NULL AS text)",
        Dialect::MySql => "CAST(NULL AS CHAR CHARACTER SET utf8mb4)",
        Dialect::Sqlite => "NULL",
    }
}

const fn clock(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "CAST(pg_catalog.clock_timestamp() AS text)",
        Dialect::MySql => "CAST(UTC_TIMESTAMP(6) AS CHAR CHARACTER SET utf8mb4)",
        Dialect::Sqlite => "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    }
}

/// The commit's column, ready to be compared with text, such that an index on it can be used.
fn comparable(column: &str, dialect: Dialect) -> String {
    let column = dialect.quoted(column);
    if dialect == Dialect::Postgres { format!("CAST({column} AS text)") } else { column }
}

/// All the ways in which a table may have these commits: whole or cut, in lower or upper case. A list of them is
/// found through an index, which a pattern or a function of the column is not.
fn spellings(commits: &[Sha]) -> Vec<String> {
    let mut binds = Vec::new();
    for sha in commits.iter().take(MOST_COMMITS).map(Sha::as_str) {
        for digits in (SHORTEST..=sha.len()).map(|length| &sha[..length]) {
            binds.push(digits.to_owned());
            binds.push(digits.to_ascii_uppercase());
        }
    }
    binds.sort_unstable();
    binds.dedup();
    binds
}
