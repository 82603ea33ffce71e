//! The database, from where its URL or its parts come from.

use std::path::Path;

use super::{Environment, configured};
use crate::host::sql::{Database, VARIABLES};
use crate::watch::{self, DatabaseUrl, TokenSource};
use crate::wire::Secret;

/// The value of a variable. Blanks around a credential are no part of it, except around the database's password.
pub(super) fn trimmed(name: &str, value: &str) -> Secret {
    if name == "DB_PASS" { Secret::verbatim(value) } else { Secret::new(value) }
}

/// The database the configuration names. The error is a sentence that says what to do and holds no secret.
pub async fn database(database: &watch::Database, environment: &Environment) -> Result<Database, String> {
    let ca = database.ca.as_deref();
    match &database.url {
        DatabaseUrl::File(path) => Database::of_file(path),
        DatabaseUrl::Told(source) => of_source(source, environment, ca).await,
    }
}

/// The same from a source of secrets: a variable, a command or a file gives the URL; the chain is the parts `DB_HOST`,
/// `DB_PORT`, `DB_USER`, `DB_PASS` and `DB_NAME`. `ca` is a file with certificates to trust beside the system's.
async fn of_source(source: &TokenSource, environment: &Environment, ca: Option<&Path>) -> Result<Database, String> {
    let Some((url, from)) = configured(source, environment).await? else {
        let parts = environment.or_login_shell(VARIABLES).await?;
        let loss = environment.loss(VARIABLES.iter().copied());
        return Database::of_parts(|name| parts.get(name).cloned(), ca).map_err(|why| why + &loss);
    };
    if url.is_empty() {
        return Err(format!("{from} is empty, the URL of a database was expected"));
    }
    // A whole file, an error message.
    if url.expose().contains(char::is_control) {
        return Err(format!("{from} holds more than one line; exactly one URL of a database was expected"));
    }
    Database::of_url(&url, ca).map_err(|why| format!("{from}: {why}"))
}
