//! The team's own database, read and never written: PostgreSQL, MySQL and MariaDB, SQLite.
//!
//! Each look opens a connection of its own and closes it. Looks are seconds or minutes apart and few; a connection
//! kept idle between them would take one of the few a small database has, and would have to be mistrusted anyway
//! after a sleep or a restart of the server.
//!
//! Off this machine TLS is required and the server's certificate verified, whatever the URL says: by default the
//! driver hands the password to any server that answers "no TLS here". Nothing here derives `Debug` through the
//! driver's options, which would print the password.

mod look;
mod parts;
mod reading;
mod tls;
mod url;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::text;
use crate::wire::{Dialect, Secret};

pub use parts::VARIABLES;
pub use reading::Reading;
pub use tls::{Asked, Tls, tls_for};

/// How long each part of a look may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Name resolution, TCP, TLS, the password, the transaction's beginning.
    pub connect: Duration,
    /// One statement.
    pub query: Duration,
    /// The whole look.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), query: Duration::from_secs(10), total: Duration::from_secs(20) }
    }
}

/// A database that can be asked: where it is and who asks.
#[derive(Clone)]
pub struct Database {
    dialect: Dialect,
    seat: Seat,
    user: String,
    /// Empty where there is none.
    password: Secret,
    name: String,
    tls: Tls,
    /// Certificates that are trusted beside the system's.
    ca: Option<PathBuf>,
    /// All of the URL, where it was given as one.
    url: Option<Secret>,
}

/// Where a database is.
#[derive(Clone, PartialEq, Eq)]
enum Seat {
    Tcp {
        host: String,
        port: u16,
    },
    /// The server's socket; of PostgreSQL the folder it lies in, and the port that is part of its name.
    Socket {
        path: PathBuf,
        port: u16,
    },
    File(PathBuf),
}

impl Database {
    /// The database a URL names: `mysql://`, `mariadb://`, `postgres://`, `postgresql://`, or `sqlite:` with an
    /// absolute path (a background process has no folder that a relative one could begin in). The error is a
    /// sentence that does not repeat the URL.
    pub fn of_url(url: &Secret, ca: Option<&Path>) -> Result<Self, String> {
        url::database(url, ca)
    }

    /// The database that `DB_HOST`, `DB_PORT`, `DB_USER`, `DB_PASS` and `DB_NAME` name, see [`VARIABLES`]. Which
    /// kind it is says `DB_TYPE` (or `DB_CONNECTION`, `DB_DRIVER`), else the port; without either it is MySQL.
    pub fn of_parts(get: impl Fn(&str) -> Option<Secret>, ca: Option<&Path>) -> Result<Self, String> {
        parts::database(get, ca)
    }

    /// The SQLite database in a file, named by its absolute path.
    pub fn of_file(path: &Path) -> Result<Self, String> {
        parts::file(path, None)
    }

    /// Its language.
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What and where it is, safe to show: `mysql at 127.0.0.1:3306/shop`.
    pub fn place(&self) -> String {
        let seat = match &self.seat {
            Seat::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}/{}", self.name),
            Seat::Tcp { host, port } => format!("{host}:{port}/{}", self.name),
            Seat::Socket { path, .. } => format!("{} ({})", path.display(), self.name),
            Seat::File(path) => path.display().to_string(),
        };
        format!("{} at {}", self.dialect.as_str(), text::cut(&text::visible(&seat), 120, false))
    }

    /// The values that must not be seen anywhere, for the redactor.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        [&self.password].into_iter().filter(|secret| !secret.is_empty()).chain(&self.url)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("place", &self.place()).field("tls", &self.tls).finish_non_exhaustive()
    }
}
