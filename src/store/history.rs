//! What was: decided watches, timelines, notes; and forgetting.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, Sqlite, Transaction};

use super::{Store, StoreError, row};
use crate::base::Timestamp;
use crate::push::{RequestId, Sha};
use crate::watch::{Event, Watch};

/// So many watches are forgotten at once, so that nobody waits long for the database.
const AT_ONCE: i64 = 500;

impl Store {
    /// The newest pushes, the newest first, at most so many.
    pub async fn recent(&self, count: u32) -> Result<Vec<Watch>, StoreError> {
        let bodies = sqlx::query_scalar("SELECT body FROM watch ORDER BY pushed_at DESC, id DESC LIMIT ?");
        Ok(row::watches(bodies.bind(i64::from(count)).fetch_all(&self.pool).await?))
    }

    /// What happened to the watch of this request, in order.
    pub async fn events(&self, id: &RequestId) -> Result<Vec<Event>, StoreError> {
        let bodies = sqlx::query_scalar::<_, String>("SELECT body FROM event WHERE watch_id = ? ORDER BY seq");
        let bodies = bodies.bind(id.as_str()).fetch_all(&self.pool).await?;
        Ok(bodies.iter().filter_map(|body| serde_json::from_str(body).ok()).collect())
    }

    /// The commits that are still watched; their files are never thrown away. Reads no bodies, so a watch that
    /// cannot be read counts, too.
    pub async fn living_commits(&self) -> Result<Vec<Sha>, StoreError> {
        let shas = sqlx::query_scalar::<_, String>("SELECT DISTINCT sha FROM watch WHERE living = 1");
        Ok(shas.fetch_all(&self.pool).await?.iter().filter_map(|sha| sha.parse().ok()).collect())
    }

    /// Forgets watches decided before this time with their timelines, at most 500 a call, and the commits nothing is
    /// known of any more.
    pub async fn forget(&self, before: Timestamp) -> Result<Vec<Sha>, StoreError> {
        let mut change = self.change().await?;
        let old =
            sqlx::query("SELECT id, sha FROM watch WHERE living = 0 AND decided_at < ? ORDER BY decided_at LIMIT ?");
        let old = old.bind(before.as_micros()).bind(AT_ONCE).fetch_all(&mut *change).await?;
        let mut gone = Vec::new();
        for row in &old {
            gone.extend(forget_one(&mut change, row).await?);
        }
        let ignored = sqlx::query("DELETE FROM ignored WHERE pushed_at < ?").bind(before.as_micros());
        ignored.execute(&mut *change).await?;
        change.commit().await?;
        self.pushes().forget();
        Ok(gone)
    }

    /// A note of an earlier monitor.
    pub async fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT value FROM note WHERE name = ?").bind(name);
        Ok(query.fetch_optional(&self.pool).await?)
    }

    /// Leaves a note for a later monitor.
    pub async fn set_note(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let query =
            "INSERT INTO note (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        sqlx::query(query).bind(name).bind(value).execute(&self.pool).await?;
        Ok(())
    }
}

/// The commit, if that was the last that was known of it.
async fn forget_one(change: &mut Transaction<'_, Sqlite>, row: &SqliteRow) -> Result<Option<Sha>, StoreError> {
    let (id, sha): (String, String) = (row.try_get("id")?, row.try_get("sha")?);
    for delete in ["DELETE FROM event WHERE watch_id = ?", "DELETE FROM watch WHERE id = ?"] {
        sqlx::query(delete).bind(&id).execute(&mut **change).await?;
    }
    let query = sqlx::query_scalar("SELECT COUNT(*) FROM watch WHERE sha = ?").bind(&sha);
    let left: i64 = query.fetch_one(&mut **change).await?;
    Ok(if left == 0 { sha.parse().ok() } else { None })
}
