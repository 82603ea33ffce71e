//! What must survive? Watches, their timelines, and pushes that are to be left alone, in one SQLite file.
//!
//! The store is the truth: status files are drawn from it. One process writes, the holder of the monitor's lock;
//! others may read beside it. Each method is one transaction, on the disk when it returns. The journal is a
//! write-ahead log brought to the disk at each commit (`synchronous = FULL`): readers never hold up the writer, and
//! one `fsync` a change is enough. A watch is kept as JSON beside the columns it is found by, so a new field needs a
//! default and no migration; tables change only through the numbered files in `migrations/`.

pub mod blocking;
mod history;
mod journal;
mod opening;
mod past;
mod pushes;
mod row;

use std::sync::{Arc, Mutex};

use serde::Serialize;
use sqlx::{Sqlite, SqlitePool, Transaction};

use crate::push::{RequestId, Sha};
use crate::watch::{Event, Watch};

pub use opening::{StoreError, files};
pub use pushes::Pushes;
use row::Row;

/// Begins a transaction that may write.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// What became of a watch, and what happened to it.
#[derive(Clone, Debug)]
pub struct Change {
    /// The watch as it is now.
    pub watch: Arc<Watch>,
    /// The new lines of its timeline.
    pub events: Vec<Event>,
}

/// The open database.
#[derive(Debug)]
pub struct Store {
    pool: SqlitePool,
    is_fresh: bool,
    known: Mutex<pushes::Known>,
}

impl Store {
    /// The database had no tables when it was opened: a first start, or the old one was lost.
    pub const fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// Takes down what became of watches and what happened to them: all of it or, on failure, nothing. Of a watch the
    /// store knows as much or more of (its revision is not lower) nothing is changed. Returns how many were news.
    pub async fn record<'c>(&self, changes: impl IntoIterator<Item = &'c Change>) -> Result<usize, StoreError> {
        let mut transaction = self.change().await?;
        let mut news = Vec::new();
        for Change { watch, events } in changes {
            let done = Row::of(watch)?.bind(sqlx::query(row::RECORD)).execute(&mut *transaction).await?;
            if done.rows_affected() > 0 {
                append(&mut transaction, &watch.id, events).await?;
                past::learn(&mut transaction, watch).await?;
                news.push(watch);
            }
        }
        transaction.commit().await?;
        let mut pushes = self.pushes();
        for watch in &news {
            pushes.written(watch);
        }
        Ok(news.len())
    }

    /// All watches that are not over, the one to be looked at first in front. A watch that cannot be read is left
    /// where it is and told in the log; it does not take the others with it.
    pub async fn living(&self) -> Result<Vec<Watch>, StoreError> {
        let bodies = sqlx::query_scalar("SELECT body FROM watch WHERE living = 1 ORDER BY next_look, id");
        Ok(row::watches(bodies.fetch_all(&self.pool).await?))
    }

    /// The watch that came of this request.
    pub async fn by_id(&self, id: &RequestId) -> Result<Option<Watch>, StoreError> {
        let body = sqlx::query_scalar("SELECT body FROM watch WHERE id = ?").bind(id.as_str());
        Ok(row::watches(body.fetch_all(&self.pool).await?).pop())
    }

    /// The newest attempt of a commit.
    pub async fn newest(&self, sha: &Sha) -> Result<Option<Watch>, StoreError> {
        Ok(self.attempts(sha).await?.pop())
    }

    /// All attempts of a commit, the oldest first.
    pub async fn attempts(&self, sha: &Sha) -> Result<Vec<Watch>, StoreError> {
        let bodies = sqlx::query_scalar("SELECT body FROM watch WHERE sha = ? ORDER BY attempt, pushed_at, id");
        Ok(row::watches(bodies.bind(sha.as_str()).fetch_all(&self.pool).await?))
    }

    /// The attempts of the commits of these watches that are not among them.
    pub async fn other_attempts<'w>(
        &self,
        watches: impl IntoIterator<Item = &'w Watch>,
    ) -> Result<Vec<Watch>, StoreError> {
        let (shas, ids): (Vec<_>, Vec<_>) = watches.into_iter().map(|watch| (watch.sha.as_str(), &watch.id)).unzip();
        let bodies = sqlx::query_scalar(
            "SELECT body FROM watch WHERE sha IN (SELECT value FROM json_each(?)) \
             AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY sha, attempt, pushed_at, id",
        );
        let bodies = bodies.bind(json(&shas)?).bind(json(&ids)?);
        Ok(row::watches(bodies.fetch_all(&self.pool).await?))
    }

    /// Ends the connection and folds the write-ahead log into the database.
    pub async fn close(self) {
        self.pool.close().await;
    }

    /// Takes no changes any more, or takes them again.
    #[cfg(test)]
    pub(crate) async fn refuse(&self, refuses: bool) {
        let pragma = if refuses { "PRAGMA query_only = 1" } else { "PRAGMA query_only = 0" };
        sqlx::query(pragma).execute(&self.pool).await.expect("a database that is open");
    }

    /// Ends the connection of a monitor that was killed: a process that is gone holds no file open.
    #[cfg(test)]
    pub(crate) async fn disconnect(&self) {
        self.pool.close().await;
    }

    /// A transaction that has the right to write from its first statement on.
    async fn change(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        match self.pool.begin_with(BEGIN).await {
            // Where the disk was full, SQLite has ended the last transaction by itself, and sqlx still counts it.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.pool.acquire().await?.close().await?;
                Ok(self.pool.begin_with(BEGIN).await?)
            }
            begun => Ok(begun?),
        }
    }
}

async fn append(change: &mut Transaction<'_, Sqlite>, id: &RequestId, events: &[Event]) -> Result<(), StoreError> {
    for event in events {
        let body = json(event)?;
        sqlx::query(
            "INSERT INTO event (watch_id, seq, body) \
             SELECT ?, COALESCE(MAX(seq), 0) + 1, ? FROM event WHERE watch_id = ?",
        )
        .bind(id.as_str())
        .bind(body)
        .bind(id.as_str())
        .execute(&mut **change)
        .await?;
    }
    Ok(())
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::Body)
}

#[cfg(test)]
mod tests;
