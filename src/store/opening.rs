//! Opening the database: a private file, the right journal, a sound content, the newest tables.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::Store;
use crate::base::Timestamp;
use crate::process::{Demand, Unread};

/// The tables' history: each text brings the database from its place's number to the next.
const MIGRATIONS: [&str; 2] =
    [include_str!("migrations/0001_watches.sql"), include_str!("migrations/0002_history.sql")];
/// How long one process waits for another's transaction.
const BUSY: Duration = Duration::from_secs(10);
/// What belongs to the database besides its file.
const SIDES: [&str; 2] = ["-wal", "-shm"];

/// The files of the database at `path`, that one the last.
pub fn files(path: &Path) -> [PathBuf; 3] {
    [SIDES[0], SIDES[1], ""].map(|suffix| beside(path, suffix))
}

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Its content is damaged. [`Store::set_aside`] makes room for a new one.
    #[error("the store is damaged ({0})")]
    Corrupt(String),
    /// A newer version of afterpush has changed its tables.
    #[error("the store has the schema {found}, and this version of afterpush knows {known} at most; use the newer one")]
    Newer {
        /// The number in the file.
        found: i64,
        /// The highest this program knows.
        known: i64,
    },
    /// The file itself cannot be opened or made.
    #[error("the store's file cannot be opened: {0}")]
    File(#[source] io::Error),
    /// Something else lies in the place of one of its files.
    #[error("the store's file {} is not used: {_1}", _0.display())]
    Foreign(PathBuf, #[source] Unread),
    /// The database refused, for example because the disk is full.
    #[error("the store did not take it: {0}")]
    Database(#[source] sqlx::Error),
    /// A watch or event cannot be written as JSON.
    #[error("it cannot be written down: {0}")]
    Body(#[source] serde_json::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // SQLITE_CORRUPT and SQLITE_NOTADB, without the extended part of the number.
        let code = error.as_database_error().and_then(|e| e.code()?.parse::<i32>().ok()).map(|code| code & 0xff);
        match code {
            Some(11 | 26) => Self::Corrupt(error.to_string()),
            _ => Self::Database(error),
        }
    }
}

impl Store {
    /// Opens the database for the one process that writes, making it where it is missing, and checks it.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        private_file(path, own_file(path)?.as_ref()).map_err(StoreError::File)?;
        let options = options(path).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let pool = pool(options).await?;
        check(&pool).await?;
        let found = schema(&pool).await?;
        migrate(&pool, found).await?;
        Ok(Self { pool, is_fresh: found == 0, known: Mutex::default() })
    }

    /// Opens the database to read beside the monitor. `None`: there is none, or nothing in it yet.
    pub async fn open_to_read(path: &Path) -> Result<Option<Self>, StoreError> {
        if own_file(path)?.is_none() {
            return Ok(None);
        }
        let pool = pool(options(path).pragma("query_only", "1")).await?;
        let found = schema(&pool).await?;
        Ok((found > 0).then_some(Self { pool, is_fresh: false, known: Mutex::default() }))
    }

    /// Moves a damaged database, and what belongs to it, out of the way. The new path.
    pub fn set_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
        let stamp: String = now.whole_seconds().to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let aside = beside(path, &format!(".corrupt-{stamp}"));
        for side in SIDES {
            match fs::rename(beside(path, side), beside(&aside, side)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(path, &aside)?;
        Ok(aside)
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).create_if_missing(false).busy_timeout(BUSY)
}

/// One connection: there is one writer, and a reader asks one question.
async fn pool(options: SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    Ok(pool.connect_with(options).await?)
}

/// What is known of the file; `None` where there is none. An error where it, or what belongs to it, is not afterpush's
/// own, so that SQLite writes nowhere else and nobody else writes here.
fn own_file(path: &Path) -> Result<Option<Metadata>, StoreError> {
    let mut found = None;
    for name in files(path) {
        found = match fs::symlink_metadata(&name) {
            Ok(about) => Some(about),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(StoreError::File(error)),
        };
        let checked = found.as_ref().map_or(Ok(()), |about| Demand::OursToMend.check(about));
        checked.map_err(|why| StoreError::Foreign(name, why))?;
    }
    Ok(found)
}

/// Makes the file 0600 before SQLite opens it; SQLite gives the files beside it the same mode.
fn private_file(path: &Path, found: Option<&Metadata>) -> io::Result<()> {
    if found.is_some_and(|about| about.permissions().mode() & 0o7777 == 0o600) {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(found.is_none()).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    options.open(path)?.set_permissions(Permissions::from_mode(0o600))?;
    // The name, too, has to be there after a power cut.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

async fn check(pool: &SqlitePool) -> Result<(), StoreError> {
    let said: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(pool).await?;
    if said == "ok" { Ok(()) } else { Err(StoreError::Corrupt(said)) }
}

async fn schema(pool: &SqlitePool) -> Result<i64, StoreError> {
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(pool).await?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known { Err(StoreError::Newer { found, known }) } else { Ok(found) }
}

async fn migrate(pool: &SqlitePool, found: i64) -> Result<(), StoreError> {
    let done = usize::try_from(found).unwrap_or(0);
    for (number, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        let mut change = pool.begin_with(super::BEGIN).await?;
        sqlx::raw_sql(*migration).execute(&mut *change).await?;
        // A pragma takes no bound value; the number is ours.
        let stamp = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {}", number + 1));
        sqlx::raw_sql(stamp).execute(&mut *change).await?;
        change.commit().await?;
    }
    Ok(())
}
