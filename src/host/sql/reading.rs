//! One look at a database: a connection, a read-only transaction, statements one after the other.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Row};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::words::Words;
use super::{Database, Limits, Seat, Tls};
use crate::base::{Clock, Span, text};
use crate::host::clock::Machine;
use crate::wire::{Dialect, NoAnswer, Rows, SqlAsk};

/// More than the certificates of all authorities there are.
const LARGEST_CA: u64 = 1 << 20;

/// A database that is being read. The transaction is read-only on the server's side, so that no statement could
/// write, whatever went wrong here; it ends with the connection.
pub struct Reading {
    connection: Connection,
    words: Words,
    limits: Limits,
    ends: Instant,
}

enum Connection {
    Postgres(PgConnection),
    MySql(MySqlConnection),
    Sqlite(SqliteConnection),
}

impl Database {
    /// Connects and begins the transaction.
    pub async fn open(&self, limits: &Limits) -> Result<Reading, NoAnswer> {
        let (words, ends) = (Words::new(self), Instant::now() + limits.total);
        let ca = self.ca.as_deref().map(certificates).transpose().map_err(NoAnswer::Unaskable)?;
        let (database, limits) = (self.clone(), *limits);
        // In a task of its own: before TLS has verified anybody, whoever answers may send what makes the driver panic.
        let mut task = JoinSet::new();
        task.spawn(async move { database.connection(ca, &limits).await });
        match timeout(limits.connect.min(limits.total), task.join_next()).await {
            Ok(Some(Ok(Ok(connection)))) => Ok(Reading { connection, words, limits, ends }),
            Ok(Some(Ok(Err(error)))) => Err(words.of(&error)),
            Ok(_) => Err(words.nonsense()),
            Err(_) => Err(words.no_connection(limits.connect)),
        }
    }

    async fn connection(&self, ca: Option<Vec<u8>>, limits: &Limits) -> sqlx::Result<Connection> {
        match self.dialect {
            Dialect::Postgres => self.postgres(ca, limits).await.map(Connection::Postgres),
            Dialect::MySql => self.mysql(ca, limits).await.map(Connection::MySql),
            Dialect::Sqlite => self.sqlite(limits).await.map(Connection::Sqlite),
        }
    }

    async fn postgres(&self, ca: Option<Vec<u8>>, limits: &Limits) -> sqlx::Result<PgConnection> {
        // Poolers know no `extra_float_digits`, and the user's own `PGPASSWORD` and `.pgpass` are not for this server.
        let options = PgConnectOptions::new_without_pgpass().extra_float_digits(None).application_name("afterpush");
        let options = options.username(&self.user).password(self.password.expose()).database(&self.name);
        let options = match &self.seat {
            Seat::Tcp { host, port } => options.host(host).port(*port),
            Seat::Socket { path, port } => options.socket(path).port(*port),
            Seat::File(_) => options,
        };
        let options = options.ssl_mode(match self.tls {
            Tls::Off => PgSslMode::Disable,
            Tls::IfOffered => PgSslMode::Prefer,
            Tls::Unverified => PgSslMode::Require,
            Tls::TrustedAuthority => PgSslMode::VerifyCa,
            Tls::Verified => PgSslMode::VerifyFull,
        });
        let options = ca.into_iter().fold(options, PgConnectOptions::ssl_root_cert_from_pem);
        let mut connection = options.disable_statement_logging().connect().await?;
        // Only for this transaction: behind a pooler the session is somebody else's next.
        let milliseconds = limits.query.as_millis().max(1);
        let begin = format!(
            "BEGIN READ ONLY; SET LOCAL statement_timeout = {milliseconds}; SET LOCAL TIME ZONE 'UTC'; \
             SET LOCAL DateStyle = 'ISO'"
        );
        sqlx::raw_sql(AssertSqlSafe(begin)).execute(&mut connection).await?;
        Ok(connection)
    }

    async fn mysql(&self, ca: Option<Vec<u8>>, limits: &Limits) -> sqlx::Result<MySqlConnection> {
        let options = MySqlConnectOptions::new().username(&self.user).database(&self.name);
        let options = options.timezone(Some("+00:00".to_owned())).pipes_as_concat(false).no_engine_substitution(false);
        let options = if self.password.is_empty() { options } else { options.password(self.password.expose()) };
        let options = match &self.seat {
            Seat::Tcp { host, port } => options.host(host).port(*port),
            Seat::Socket { path, .. } => options.socket(path),
            Seat::File(_) => options,
        };
        let options = options.ssl_mode(match self.tls {
            Tls::Off => MySqlSslMode::Disabled,
            Tls::IfOffered => MySqlSslMode::Preferred,
            Tls::Unverified => MySqlSslMode::Required,
            Tls::TrustedAuthority => MySqlSslMode::VerifyCa,
            Tls::Verified => MySqlSslMode::VerifyIdentity,
        });
        let options = ca.into_iter().fold(options, MySqlConnectOptions::ssl_ca_from_pem);
        let mut connection = options.disable_statement_logging().connect().await?;
        // MariaDB counts seconds, MySQL milliseconds, and neither knows the other's variable. Ours is the real limit.
        let seconds = limits.query.as_secs().max(1);
        let of_mariadb = format!("SET SESSION max_statement_time = {seconds}");
        if sqlx::raw_sql(AssertSqlSafe(of_mariadb)).execute(&mut connection).await.is_err() {
            let of_mysql = format!("SET SESSION max_execution_time = {}", seconds * 1000);
            let _ = sqlx::raw_sql(AssertSqlSafe(of_mysql)).execute(&mut connection).await;
        }
        // MariaDB's statements that change tables end a transaction first, and would then run outside of it. A proxy
        // that does not know this has to know the next, which is what counts: no such statement is ever sent.
        let _ = sqlx::raw_sql("SET SESSION TRANSACTION READ ONLY").execute(&mut connection).await;
        sqlx::raw_sql("START TRANSACTION READ ONLY").execute(&mut connection).await?;
        Ok(connection)
    }

    async fn sqlite(&self, limits: &Limits) -> sqlx::Result<SqliteConnection> {
        let Seat::File(path) = &self.seat else { return Err(sqlx::Error::Io(std::io::ErrorKind::NotFound.into())) };
        // A pipe would be waited for.
        let facts = tokio::fs::metadata(path).await?;
        if !facts.is_file() {
            return Err(sqlx::Error::Io(std::io::ErrorKind::InvalidInput.into()));
        }
        let options = SqliteConnectOptions::new().filename(path).read_only(true).create_if_missing(false);
        let options = options.busy_timeout(limits.query).pragma("query_only", "1").disable_statement_logging();
        let mut connection = options.connect().await?;
        let ends = Instant::now() + limits.total;
        connection.lock_handle().await?.set_progress_handler(10_000, move || Instant::now() < ends);
        sqlx::raw_sql("BEGIN").execute(&mut connection).await?;
        Ok(connection)
    }
}

/// The certificates of a file in PEM.
fn certificates(path: &Path) -> Result<Vec<u8>, String> {
    let shown = text::visible(&path.display().to_string());
    let unreadable = |error: std::io::Error| {
        format!("the CA file {shown} cannot be read: {}", text::without_number(&error.to_string()))
    };
    let mut pem = Vec::new();
    // Opening a pipe must not wait for somebody who writes into it.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(unreadable)?;
    file.take(LARGEST_CA).read_to_end(&mut pem).map_err(unreadable)?;
    if String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
        return Ok(pem);
    }
    Err(format!("the CA file {shown} holds no certificate in PEM form"))
}

/// All rows of a statement as text. The three drivers have no common type that could be asked.
macro_rules! rows {
    ($connection:expr, $ask:expr) => {{
        let query = sqlx::query(AssertSqlSafe($ask.statement.clone())).persistent(false);
        let query = $ask.binds.iter().fold(query, |query, value| query.bind(value.as_str()));
        let found = query.fetch_all($connection).await?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let value =
            |row: &_, at| Row::try_get_unchecked::<Option<Vec<u8>>, usize>(row, at).map(|found| found.map(text));
        found.iter().map(|row| (0..row.len()).map(|at| value(row, at)).collect()).collect()
    }};
}

impl Connection {
    async fn rows(&mut self, ask: &SqlAsk) -> sqlx::Result<Vec<Vec<Option<String>>>> {
        match self {
            Self::Postgres(connection) => rows!(connection, ask),
            Self::MySql(connection) => rows!(connection, ask),
            Self::Sqlite(connection) => rows!(connection, ask),
        }
    }
}

impl Reading {
    /// Asks, and reads the rows within the limits. After an error nothing more can be asked.
    pub async fn perform(&mut self, ask: &SqlAsk) -> Result<Rows, NoAnswer> {
        let started = Instant::now();
        let limit = self.limits.query.min(self.ends.saturating_duration_since(started));
        let rows = match timeout(limit, self.connection.rows(ask)).await {
            Ok(Ok(rows)) => rows,
            Ok(Err(error)) => return Err(self.words.of(&error)),
            Err(_) => return Err(self.words.too_slow(limit)),
        };
        if rows.len() > ask.most_rows {
            return Err(self.words.too_many(ask.most_rows));
        }
        Ok(Rows { rows, at: Machine.now(), latency: Span::from_std(started.elapsed()) })
    }

    /// Says goodbye, so that the server does not note a broken connection. One that does not listen is left.
    pub async fn close(self) {
        let goodbye = async {
            match self.connection {
                Connection::Postgres(connection) => connection.close().await,
                Connection::MySql(connection) => connection.close().await,
                Connection::Sqlite(connection) => connection.close().await,
            }
        };
        let _ = timeout(Duration::from_secs(1), goodbye).await;
    }
}
