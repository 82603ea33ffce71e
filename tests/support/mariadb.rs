//! A real MariaDB, with TLS.

use std::path::PathBuf;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use tokio::sync::OnceCell;

use super::server::{Place, Running, program};
use super::{PASSWORD, until_ready};

/// What makes it start sooner. A crash of the server, if not of the machine, still loses nothing.
const SMALL: [&str; 3] =
    ["--innodb-buffer-pool-size=16M", "--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=2"];

/// A server with an administrator `ada`.
pub struct MariaDb {
    running: Running,
    place: Place,
}

impl MariaDb {
    /// The one all tests share.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<MariaDb> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    /// One of the test's own.
    pub async fn start() -> Self {
        let place = Place::new();
        let folder = format!("--datadir={}", place.path("data").display());
        let args = ["--no-defaults", &folder, "--skip-test-db", "--auth-root-authentication-method=normal"];
        place.run(&binary("mariadb-install-db"), &[&args[..], &SMALL].concat());
        let password = PASSWORD.replace('\\', "\\\\").replace('\'', "\\'");
        place.write(
            "init.sql",
            &format!("CREATE USER IF NOT EXISTS ada@'%' IDENTIFIED BY '{password}';\nGRANT ALL ON *.* TO ada@'%';\n"),
        );
        let running = Self::run(&place);
        let server = Self { running, place };
        server.ready().await;
        server
    }

    fn run(place: &Place) -> Running {
        let path = |name: &str| place.path(name).display().to_string();
        let args = [
            "--no-defaults".to_owned(),
            format!("--datadir={}", path("data")),
            format!("--socket={}", path("socket")),
            format!("--pid-file={}", path("pid")),
            format!("--init-file={}", path("init.sql")),
            format!("--ssl-ca={}", path("ca.pem")),
            format!("--ssl-cert={}", path("server.pem")),
            format!("--ssl-key={}", path("server.key")),
            format!("--port={}", place.port),
            "--bind-address=127.0.0.1".to_owned(),
            "--skip-name-resolve".to_owned(),
            "--character-set-server=utf8mb4".to_owned(),
            "--default-time-zone=-05:00".to_owned(),
        ];
        let args: Vec<_> = args.iter().map(String::as_str).chain(SMALL).collect();
        place.start("KILL", &binary("mariadbd"), &args)
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Starts it again where it was.
    pub async fn start_again(&mut self) {
        self.running = Self::run(&self.place);
        self.ready().await;
    }

    /// The folder of its socket and certificates, and its port.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Runs statements in a database; the name `""` stands for none.
    pub async fn run_in(&self, database: &str, statements: &str) {
        let mut connection = self.connect(database).await.expect("it runs");
        let ran = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await;
        ran.unwrap_or_else(|error| panic!("{statements}: {error}"));
    }

    async fn connect(&self, database: &str) -> sqlx::Result<MySqlConnection> {
        let options = MySqlConnectOptions::new().host("127.0.0.1").port(self.place.port);
        let options = options.username("ada").password(PASSWORD).timezone(None::<String>);
        let options = if database.is_empty() { options } else { options.database(database) };
        options.connect().await
    }

    async fn ready(&self) {
        until_ready("MariaDB", || self.place.log(), async || self.connect("").await.is_ok()).await;
    }
}

fn binary(name: &str) -> PathBuf {
    program(name, &["/usr/sbin", "/usr/bin"].map(PathBuf::from), "mariadb-server-core")
}
