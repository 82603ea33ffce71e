//! A fresh database of each kind, and looks at it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use afterpush::host::sql::{Database, Limits};
use afterpush::records::Want;
use afterpush::watch::{Misheard, Miss, Snapshot, Table};
use afterpush::wire::{Dialect, Secret};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};
use tempfile::TempDir;

use crate::support::{MariaDb, PASSWORD, Postgres};

/// All kinds.
pub const ALL: [Dialect; 3] = [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite];

/// A database that nobody else uses.
pub struct Fresh {
    pub dialect: Dialect,
    pub name: String,
    folder: TempDir,
}

/// Why a look saw nothing.
#[derive(Debug)]
pub enum Blind {
    NoAnswer(String),
    Misheard(Misheard),
}

impl Fresh {
    /// Makes one.
    pub async fn new(dialect: Dialect) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("shop{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        match dialect {
            Dialect::Postgres => Postgres::shared().await.run_in("postgres", &format!("CREATE DATABASE {name}")).await,
            Dialect::MySql => MariaDb::shared().await.run_in("", &format!("CREATE DATABASE {name}")).await,
            Dialect::Sqlite => {}
        }
        Self { dialect, name, folder: TempDir::new().expect("a temporary folder") }
    }

    /// The same with these statements run.
    pub async fn with(dialect: Dialect, statements: &str) -> Self {
        let fresh = Self::new(dialect).await;
        fresh.run(statements).await;
        fresh
    }

    /// Runs statements in it.
    pub async fn run(&self, statements: &str) {
        match self.dialect {
            Dialect::Postgres => Postgres::shared().await.run_in(&self.name, statements).await,
            Dialect::MySql => MariaDb::shared().await.run_in(&self.name, statements).await,
            Dialect::Sqlite => {
                let options = SqliteConnectOptions::new().filename(self.file()).create_if_missing(true);
                let mut connection = options.connect().await.expect("a file");
                let ran = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await;
                ran.unwrap_or_else(|error| panic!("{statements}: {error}"));
            }
        }
    }

    /// The file of a SQLite database.
    pub fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("shop.db")
    }

    /// Its URL.
    pub async fn url(&self) -> String {
        let password = encoded(PASSWORD);
        match self.dialect {
            Dialect::Postgres => {
                let port = Postgres::shared().await.place().port;
                format!("postgres://ada:{password}@127.0.0.1:{port}/{}", self.name)
            }
            Dialect::MySql => {
                let port = MariaDb::shared().await.place().port;
                format!("mysql://ada:{password}@127.0.0.1:{port}/{}", self.name)
            }
            Dialect::Sqlite => format!("sqlite://{}", self.file().display()),
        }
    }

    /// It, to be read.
    pub async fn database(&self) -> Database {
        database(&self.url().await)
    }

    /// A look at its table.
    pub async fn look(&self, table: &Table, want: &Want) -> Result<Snapshot, Blind> {
        look(&self.database().await, table, want).await
    }

    /// A look that sees nothing, and what it says instead.
    pub async fn blind(&self, table: &Table) -> String {
        self.look(table, &Want::default()).await.expect_err("there is nothing to see").to_string()
    }
}

impl std::fmt::Display for Blind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoAnswer(why) => why.fmt(f),
            Self::Misheard(why) => why.fmt(f),
        }
    }
}

/// The database a URL names.
#[track_caller]
pub fn database(url: &str) -> Database {
    Database::of_url(&Secret::new(url), None).expect("a URL")
}

/// Limits for tests in which nobody answers.
pub fn impatient() -> Limits {
    let short = Duration::from_millis(300);
    Limits { connect: short, query: short, total: 2 * short }
}

/// Limits that no test is to run into on a busy machine.
pub fn patient() -> Limits {
    let long = Duration::from_mins(1);
    Limits { connect: long, query: long, total: long }
}

/// One look, as the monitor makes it; whatever it says holds no secret.
pub async fn look(database: &Database, table: &Table, want: &Want) -> Result<Snapshot, Blind> {
    look_within(database, table, want, &patient()).await
}

/// The same within other limits.
pub async fn look_within(database: &Database, table: &Table, want: &Want, limits: &Limits) -> Result<Snapshot, Blind> {
    let seen = database.look(table, want, limits).await.map_err(|why| match why {
        Miss::Misheard(why) => Blind::Misheard(why),
        Miss::NoAnswer(words) | Miss::NoCredential(words) => Blind::NoAnswer(words),
    });
    let words = format!("{seen:?} {database:?} {}", database.place());
    assert!(!words.contains("canary"), "a secret in {words}");
    seen
}

/// Percent-encoded.
pub fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}
