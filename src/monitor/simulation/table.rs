//! The team's deployments table, as their own program would keep it: a real SQLite file.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{ConnectOptions, query};

use crate::standin::{Deployed, Stage};

/// The table, and what it says of each deployment.
pub(super) struct Table {
    connection: SqliteConnection,
    written: Vec<&'static str>,
}

impl Table {
    pub(super) async fn make(path: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let mut connection = options.synchronous(SqliteSynchronous::Off).connect().await.expect("a database");
        let columns = "id INTEGER PRIMARY KEY, commit_sha TEXT, branch TEXT, status TEXT, created_at TEXT";
        let make = sqlx::AssertSqlSafe(format!("CREATE TABLE deployments ({columns})"));
        query(make).execute(&mut connection).await.expect("a table");
        Self { connection, written: Vec::new() }
    }

    /// Takes down what has changed.
    pub(super) async fn write(&mut self, deployments: &[Deployed]) {
        for (number, deployed) in deployments.iter().enumerate() {
            let word = word(&deployed.stage, deployed.was_live);
            if self.written.get(number) == Some(&word) {
                continue;
            }
            let replace = "INSERT OR REPLACE INTO deployments VALUES (?, ?, 'main', ?, ?)";
            let id = i64::try_from(number).expect("a small number");
            let replace = query(replace).bind(id).bind(&deployed.sha).bind(word).bind(deployed.created_at.to_string());
            replace.execute(&mut self.connection).await.expect("a row");
            self.written.truncate(number);
            self.written.push(word);
        }
    }
}

/// The program's word for a stage.
pub(super) const fn word(stage: &Stage, was_live: bool) -> &'static str {
    match stage {
        Stage::PendingBuild => "pending",
        Stage::Building => "building",
        Stage::PendingDeploy | Stage::Deploying | Stage::Other(_) => "deploying",
        Stage::Active => "live",
        Stage::BuildError | Stage::DeployError => "failed",
        Stage::Superseded if was_live => "superseded",
        Stage::Canceled | Stage::Superseded => "cancelled",
    }
}
