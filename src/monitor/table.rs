//! One reading of the team's deployments table.

use super::tools::Tools;
use crate::host::sql::Limits;
use crate::provider;
use crate::records;
use crate::watch::{Database, Misheard, Miss, Snapshot};

/// Reads the table for all that want it.
pub async fn read(tools: &Tools, database: &Database, want: &provider::Want) -> Result<Snapshot, Miss> {
    let want = records::Want { commits: want.commits.clone(), back_to: want.back_to };
    match look(tools, database, &want).await {
        // The password may have been renewed since it was read.
        Err(Miss::Misheard(Misheard::Denied(_))) if tools.forget_database(database) => {
            look(tools, database, &want).await
        }
        outcome => outcome,
    }
}

async fn look(tools: &Tools, database: &Database, want: &records::Want) -> Result<Snapshot, Miss> {
    let server = tools.database(database).await.map_err(Miss::NoCredential)?;
    server.look(&database.table, want, &Limits::default()).await
}
