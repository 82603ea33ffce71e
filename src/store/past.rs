//! How past deployments went, so that the next one can be expected.

use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError};
use crate::insight::{Habits, Past};
use crate::watch::Watch;

/// So many deployments of a target are kept.
const KEPT: i64 = 200;

impl Store {
    /// The newest deployments of a target that went live, the newest first.
    pub async fn pasts(&self, target: &str) -> Result<Vec<Past>, StoreError> {
        let query = "SELECT body FROM history WHERE target = ? ORDER BY live_at DESC, watch_id DESC LIMIT ?";
        let most = i64::try_from(Habits::MOST).unwrap_or(i64::MAX);
        let bodies = sqlx::query_scalar::<_, String>(query).bind(target).bind(most).fetch_all(&self.pool).await?;
        Ok(bodies.iter().filter_map(|body| serde_json::from_str(body).ok()).collect())
    }

    /// The targets something is known of.
    pub async fn targets(&self) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar("SELECT DISTINCT target FROM history").fetch_all(&self.pool).await?)
    }
}

/// Takes down what a watch teaches, once.
pub(super) async fn learn(change: &mut Transaction<'_, Sqlite>, watch: &Watch) -> Result<(), StoreError> {
    for (target, live_at, past) in watch.lessons() {
        let body = serde_json::to_string(&past).map_err(StoreError::Body)?;
        let insert = "INSERT INTO history (watch_id, target, live_at, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
        let insert = sqlx::query(insert).bind(watch.id.as_str()).bind(&target).bind(live_at.as_micros()).bind(body);
        if insert.execute(&mut **change).await?.rows_affected() > 0 {
            let forget = "DELETE FROM history WHERE target = ?1 AND watch_id NOT IN \
                          (SELECT watch_id FROM history WHERE target = ?1 ORDER BY live_at DESC LIMIT ?2)";
            sqlx::query(forget).bind(&target).bind(KEPT).execute(&mut **change).await?;
        }
    }
    Ok(())
}
