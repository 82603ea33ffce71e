//! A real PostgreSQL, with TLS.

use std::fs;
use std::path::PathBuf;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use tokio::sync::OnceCell;

use super::server::{Place, Running, program};
use super::{PASSWORD, until_ready};

/// A server with a superuser `ada`.
pub struct Postgres {
    running: Running,
    place: Place,
}

impl Postgres {
    /// The one all tests share.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Postgres> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    /// One of the test's own.
    pub async fn start() -> Self {
        let place = Place::new();
        place.write("password", PASSWORD);
        let args = ["-D", "data", "-U", "ada", "--pwfile=password", "-A", "scram-sha-256"];
        place.run(&binary("initdb"), &[&args[..], &["-E", "UTF8", "--locale=C", "--no-sync", "-N"]].concat());
        let running = Self::run(&place);
        let server = Self { running, place };
        server.ready().await;
        server
    }

    fn run(place: &Place) -> Running {
        let (port, folder) = (place.port.to_string(), place.path("").display().to_string());
        let fixed = ["-D", "data", "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "ssl=on"];
        let papers = ["-c", "ssl_cert_file=../server.pem", "-c", "ssl_key_file=../server.key"];
        let small = ["-c", "shared_buffers=16MB", "-c", "timezone=America/New_York", "-p", &port, "-k", &folder];
        place.start("QUIT", &binary("postgres"), &[&fixed[..], &papers, &small].concat())
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Starts it again where it was.
    pub async fn start_again(&mut self) {
        // It would refuse to start beside the one that was killed.
        let _ = fs::remove_file(self.place.path("data/postmaster.pid"));
        self.running = Self::run(&self.place);
        self.ready().await;
    }

    /// The folder of its socket and certificates, and its port.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Runs statements in a database.
    pub async fn run_in(&self, database: &str, statements: &str) {
        let mut connection = self.connect(database).await.expect("it runs");
        let ran = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await;
        ran.unwrap_or_else(|error| panic!("{statements}: {error}"));
    }

    async fn connect(&self, database: &str) -> sqlx::Result<PgConnection> {
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(self.place.port);
        options.username("ada").password(PASSWORD).database(database).connect().await
    }

    async fn ready(&self) {
        until_ready("PostgreSQL", || self.place.log(), async || self.connect("postgres").await.is_ok()).await;
    }
}

/// A program of the server; Debian does not put them on the path.
fn binary(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    program(name, &folders, "postgresql")
}
