//! Where the database's URL and password come from.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use afterpush::host::secrets::{Environment, database};
use afterpush::host::sql::{Database, VARIABLES};
use afterpush::records::Want;
use afterpush::watch::{self, DatabaseUrl, Table, TokenSource};
use afterpush::wire::{Dialect, Secret};
use tempfile::TempDir;

use super::bed::{Fresh, encoded, look};
use crate::support::{MariaDb, PASSWORD, Postgres};

const TABLE: &str = "CREATE TABLE deployments (sha varchar(50), status varchar(50))";

fn environment(pairs: &[(&str, &str)]) -> Environment {
    let wanted: BTreeSet<String> = pairs.iter().map(|(name, _)| (*name).to_owned()).collect();
    Environment::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), &wanted)
}

fn told(source: TokenSource) -> watch::Database {
    watch::Database { url: DatabaseUrl::Told(source), ca: None, table: Table::default() }
}

async fn sees(database: &Database) {
    look(database, &Table::default(), &Want::default()).await.unwrap_or_else(|why| panic!("{why}"));
}

#[tokio::test]
async fn a_password_with_any_characters_comes_through_in_parts() {
    for (dialect, kind) in [(Dialect::Postgres, "postgres"), (Dialect::MySql, "mysql")] {
        let fresh = Fresh::with(dialect, TABLE).await;
        let port = match dialect {
            Dialect::Postgres => Postgres::shared().await.place().port,
            _ => MariaDb::shared().await.place().port,
        };
        let port = port.to_string();
        let pairs = [("DB_HOST", "localhost"), ("DB_PORT", &port), ("DB_USER", "ada"), ("DB_PASS", PASSWORD)];
        let pairs = [&pairs[..], &[("DB_NAME", &fresh.name), ("DB_TYPE", kind)]].concat();
        assert!(pairs.iter().all(|(name, _)| VARIABLES.contains(name)));
        sees(&database(&told(TokenSource::Chain), &environment(&pairs)).await.unwrap()).await;
    }
}

#[tokio::test]
async fn a_password_with_any_characters_comes_through_a_url_as_it_is() {
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let fresh = Fresh::with(dialect, TABLE).await;
        // A per cent sign before two digits always means a character.
        let url = fresh.url().await.replace(&encoded(PASSWORD), &PASSWORD.replace('%', "%25"));
        sees(&Database::of_url(&Secret::new(&url), None).unwrap()).await;
    }
}

#[tokio::test]
async fn the_servers_own_socket_needs_no_tls() {
    let fresh = Fresh::with(Dialect::Postgres, TABLE).await;
    let place = Postgres::shared().await.place();
    let (folder, port, password) = (place.path(""), place.port.to_string(), encoded(PASSWORD));
    let folder = folder.display().to_string();
    let url = format!("postgres://ada:{password}@:{port}/{}?host={folder}&sslmode=verify-full", fresh.name);
    sees(&Database::of_url(&Secret::new(&url), None).unwrap()).await;
    let fresh = Fresh::with(Dialect::MySql, TABLE).await;
    let socket = MariaDb::shared().await.place().path("socket").display().to_string();
    let pairs = [("DB_HOST", socket.as_str()), ("DB_USER", "ada"), ("DB_PASS", PASSWORD), ("DB_NAME", &fresh.name)];
    sees(&database(&told(TokenSource::Chain), &environment(&pairs)).await.unwrap()).await;
}

#[tokio::test]
async fn a_url_comes_from_a_variable_a_command_or_a_file() {
    let fresh = Fresh::with(Dialect::Sqlite, TABLE).await;
    let (url, home) = (fresh.url().await, TempDir::new().unwrap());
    let file = home.path().join("url");
    fs::write(&file, format!("{url}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let full = environment(&[("DATABASE_URL", &url)]);
    for source in [
        TokenSource::Env("DATABASE_URL".to_owned()),
        TokenSource::Command(vec!["echo".to_owned(), url.clone()]),
        TokenSource::File(file),
    ] {
        sees(&database(&told(source.clone()), &full).await.unwrap()).await;
    }
}

#[tokio::test]
async fn a_source_that_yields_nothing_is_never_replaced_by_another() {
    let parts = [("DB_HOST", "127.0.0.1"), ("DB_USER", "ada"), ("DB_PASS", "canary"), ("DB_NAME", "shop")];
    let full = environment(
        &[&parts[..], &[("DATABASE_URL", "postgres://ada:canary@h/d"), ("ODD", "canary\ncanary")]].concat(),
    );
    for (source, word) in [
        (TokenSource::Env("SHOP_URL".to_owned()), "SHOP_URL"),
        (TokenSource::Env("ODD".to_owned()), "more than one line"),
        (TokenSource::Command(vec!["true".to_owned()]), "empty"),
        (TokenSource::Command(vec!["echo".to_owned(), "canary://x".to_owned()]), "the command echo: "),
        (TokenSource::File(PathBuf::from("/nonexistent/url")), "/nonexistent/url"),
    ] {
        let words = database(&told(source.clone()), &full).await.expect_err("it yields nothing");
        assert!(words.contains(word) && !words.contains("canary"), "{words}");
    }
    let bare = environment(&[("DATABASE_URL", "postgres://ada:canary@h/d")]);
    assert!(database(&told(TokenSource::Chain), &bare).await.unwrap_err().starts_with("DB_HOST is not set"));
}
