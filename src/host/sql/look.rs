//! One look at a deployments table: a connection, and the questions of the room `records` one after the other.

use super::{Database, Limits};
use crate::records::{self, Heard, Want};
use crate::watch::{Misheard, Miss, Snapshot, Table};
use crate::wire::NoAnswer;

impl Database {
    /// What the table says. Why it says nothing is told without secrets.
    pub async fn look(&self, table: &Table, want: &Want, limits: &Limits) -> Result<Snapshot, Miss> {
        let mut reading = self.open(limits).await.map_err(miss)?;
        let mut ask = records::ask(table, self.dialect());
        let mut answers = Vec::new();
        loop {
            answers.push(reading.perform(&ask).await.map_err(miss)?);
            match records::hear(table, self.dialect(), want, &answers).map_err(Miss::Misheard)? {
                Heard::Ask(next) => ask = next,
                Heard::Seen(snapshot) => {
                    reading.close().await;
                    return Ok(snapshot);
                }
            }
        }
    }
}

fn miss(why: NoAnswer) -> Miss {
    match why {
        NoAnswer::Denied(sentence) => Miss::Misheard(Misheard::Denied(sentence)),
        NoAnswer::Unaskable(sentence) => Miss::Misheard(Misheard::Misconfigured(sentence)),
        other => Miss::NoAnswer(other.to_string()),
    }
}
