//! Which pushes are known, so that git's own journal is not read twice.

use std::sync::{Arc, MutexGuard, PoisonError};

use super::pushes::Known;
use super::{Pushes, Store, StoreError};
use crate::base::{Boot, Span, Timestamp};
use crate::push::{RefName, RemoteName, Sha};
use crate::watch::{Landing, Proof, Watch};

/// The hook notes a push before it begins, the reflog when it has ended: a push that was noted at most this long before
/// is taken for the same.
const RECENT: Span = Span::from_hours(1);

impl Store {
    /// Takes down that a push is not to be watched.
    pub async fn ignore(
        &self,
        remote: &RemoteName,
        ref_name: &RefName,
        sha: &Sha,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let query = "INSERT INTO ignored (remote, ref_name, sha, pushed_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
        let query = sqlx::query(query).bind(remote.as_str()).bind(ref_name.as_str()).bind(sha.as_str());
        query.bind(at.as_micros()).execute(&self.pool).await?;
        Ok(())
    }

    /// Whether a push of this commit was not to be watched.
    pub async fn ignores(&self, sha: &Sha) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar("SELECT COUNT(*) FROM ignored WHERE sha = ?").bind(sha.as_str());
        let count: i64 = query.fetch_one(&self.pool).await?;
        Ok(count > 0)
    }

    /// Whether the push of this commit that had ended at this time is watched, was watched, or is to be ignored. A
    /// push that was judged not to have landed does not count: the journal knows better. `boot` is the machine's start
    /// by the clock of now.
    pub async fn knows_push(
        &self,
        remote: &RemoteName,
        ref_name: &RefName,
        sha: &Sha,
        at: Timestamp,
        boot: &Boot,
    ) -> Result<bool, StoreError> {
        let is_here = |watch: &Watch| watch.push.remote == *remote && watch.push.ref_name == *ref_name;
        if self.attempts(sha).await?.iter().any(|watch| is_here(watch) && may_be_of(watch, at, boot)) {
            return Ok(true);
        }
        let query = "SELECT COUNT(*) FROM ignored WHERE remote = ? AND ref_name = ? AND sha = ? AND pushed_at >= ?";
        let query = sqlx::query_scalar(query).bind(remote.as_str()).bind(ref_name.as_str()).bind(sha.as_str());
        let count: i64 = query.bind((at - RECENT).as_micros()).fetch_one(&self.pool).await?;
        Ok(count > 0)
    }

    /// The pushes to a ref after this time, and perhaps some before, but for those that did not get there.
    pub async fn pushes_after(
        &self,
        remote: &RemoteName,
        ref_name: &RefName,
        at: Timestamp,
    ) -> Result<Arc<Pushes>, StoreError> {
        let key = (remote.clone(), ref_name.clone());
        let changes = match self.pushes().known(&key, at) {
            Ok(known) => return Ok(known),
            Err(changes) => changes,
        };
        // In one piece: a thousand rows are a thousand times the way between two threads.
        let query = "SELECT json_group_array(json_array(sha, pushed_at)) FROM (SELECT sha, pushed_at FROM watch \
                     WHERE remote = ? AND ref_name = ? AND pushed_at > ? AND landing <> 'not_landed' \
                     ORDER BY pushed_at, id)";
        let query = sqlx::query_scalar::<_, String>(query).bind(remote.as_str()).bind(ref_name.as_str());
        let rows = query.bind(at.as_micros()).fetch_one(&self.pool).await?;
        let rows: Vec<(String, i64)> = serde_json::from_str(&rows).map_err(StoreError::Body)?;
        let read = |(sha, at): (String, i64)| Some((sha.parse().ok()?, Timestamp::from_micros(at)));
        let pushes = Arc::new(Pushes::new(rows.into_iter().filter_map(read).collect()));
        self.pushes().remember(key, at, &pushes, changes);
        Ok(pushes)
    }

    pub(super) fn pushes(&self) -> MutexGuard<'_, Known> {
        // Whoever panicked with it left it whole: every change is one insertion or all of it gone.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The push of a watch may be the one that had ended at this time. However long it took, it was not found to have landed
/// before it ended, unless the clock was put back between the two.
fn may_be_of(watch: &Watch, ended: Timestamp, boot: &Boot) -> bool {
    let is_recent = watch.push.at >= ended - RECENT;
    let put_back = watch.clock_set_since(boot).min(Span::ZERO);
    match watch.landing {
        // A deployment shows that it landed before git has ended, and so no tracking ref tells of it yet.
        Landing::Landed { by: Proof::Deployment, .. } => true,
        Landing::Landed { at, .. } => is_recent || at - put_back >= ended,
        // One that the user stopped may have pushed long after that.
        Landing::Unproven { git_gone } => is_recent || !git_gone || !watch.is_decided(),
        Landing::NotLanded => false,
    }
}
