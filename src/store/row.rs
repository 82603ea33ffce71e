//! A watch as a row, and back.

use sqlx::Sqlite;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;

use super::StoreError;
use crate::base::Timestamp;
use crate::watch::{Landing, Watch};

/// Takes down a watch that is not known, or not as far.
pub(super) const RECORD: &str = "INSERT INTO watch (sha, attempt, remote, ref_name, pushed_at, landing, living, decided_at, next_look, revision, \
     body, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
     ON CONFLICT (id) DO UPDATE SET sha = excluded.sha, attempt = excluded.attempt, remote = excluded.remote, \
     ref_name = excluded.ref_name, pushed_at = excluded.pushed_at, landing = excluded.landing, \
     living = excluded.living, decided_at = excluded.decided_at, next_look = excluded.next_look, \
     revision = excluded.revision, body = excluded.body WHERE revision < excluded.revision";

/// The columns of a watch, in the order the statement names them.
pub(super) struct Row<'a> {
    watch: &'a Watch,
    body: String,
}

impl<'a> Row<'a> {
    pub(super) fn of(watch: &'a Watch) -> Result<Self, StoreError> {
        Ok(Self { watch, body: super::json(watch)? })
    }

    pub(super) fn bind(self, query: Query<'_, Sqlite, SqliteArguments>) -> Query<'_, Sqlite, SqliteArguments> {
        let watch = self.watch;
        query
            .bind(watch.sha.as_str().to_owned())
            .bind(i64::from(watch.attempt))
            .bind(watch.push.remote.as_str().to_owned())
            .bind(watch.push.ref_name.as_str().to_owned())
            .bind(watch.push.at.as_micros())
            .bind(landing(watch))
            .bind(i64::from(!watch.is_over()))
            .bind(decided_at(watch).map(Timestamp::as_micros))
            .bind(watch.next_look.as_micros())
            .bind(i64::from(watch.revision))
            .bind(self.body)
            .bind(watch.id.as_str().to_owned())
    }
}

const fn landing(watch: &Watch) -> &'static str {
    match watch.landing {
        Landing::Unproven { .. } => "unproven",
        Landing::Landed { .. } => "landed",
        Landing::NotLanded => "not_landed",
    }
}

/// When the last verdict that counts was given.
fn decided_at(watch: &Watch) -> Option<Timestamp> {
    if !watch.is_decided() {
        return None;
    }
    let ending = watch.ending.as_ref().map(|ending| ending.at);
    let verdicts = watch.courses.iter().filter_map(|course| course.times.decided_at).max();
    ending.or(verdicts).or(Some(watch.started_at))
}

/// The watches in these bodies. One that cannot be read is told and left out.
pub(super) fn watches(bodies: Vec<String>) -> Vec<Watch> {
    let read = |body: String| match serde_json::from_str(&body) {
        Ok(watch) => Some(watch),
        Err(why) => {
            tracing::error!(%why, "a watch in the store cannot be read and is left alone");
            None
        }
    };
    bodies.into_iter().filter_map(read).collect()
}
