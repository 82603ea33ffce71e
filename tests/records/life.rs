//! Databases that are down, mute, or come back.

use afterpush::records::Want;
use afterpush::watch::Table;
use afterpush::wire::Dialect;

use super::bed::{Fresh, database, encoded, impatient, look, look_within, patient};
use super::rogue::{Manner, Rogue};
use crate::support::{MariaDb, PASSWORD, Postgres};

const TABLE: &str = "CREATE TABLE deployments (sha varchar(50), status varchar(50));
    INSERT INTO deployments VALUES ('1111111', 'done')";

#[tokio::test]
async fn a_mute_server_ends_a_look_in_bounded_time() {
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let rogue = Rogue::start(dialect, Manner::Mute).await;
        let database = database(&rogue.url(""));
        let blind = look_within(&database, &Table::default(), &Want::default(), &impatient()).await.unwrap_err();
        let expected = format!("{}: no connection within 300ms", database.place());
        assert_eq!(blind.to_string(), expected);
    }
}

#[tokio::test]
async fn postgres_dies_and_comes_back() {
    let mut server = Postgres::start().await;
    server.run_in("postgres", TABLE).await;
    let port = server.place().port;
    let database = database(&format!("postgres://ada:{}@127.0.0.1:{port}/postgres", encoded(PASSWORD)));
    let look = async || look(&database, &Table::default(), &Want::default()).await;
    assert_eq!(look().await.unwrap().deployments.len(), 1);
    server.kill();
    let refused = look().await.unwrap_err().to_string();
    assert_eq!(refused, format!("postgres at 127.0.0.1:{port}/postgres: connection refused"));
    server.start_again().await;
    assert_eq!(look().await.unwrap().deployments.len(), 1);
}

#[tokio::test]
async fn mariadb_dies_and_comes_back() {
    let mut server = MariaDb::start().await;
    server.run_in("", "CREATE DATABASE shop").await;
    server.run_in("shop", TABLE).await;
    let port = server.place().port;
    let database = database(&format!("mariadb://ada:{}@127.0.0.1:{port}/shop", encoded(PASSWORD)));
    let look = async || look(&database, &Table::default(), &Want::default()).await;
    assert_eq!(look().await.unwrap().deployments.len(), 1);
    server.kill();
    let refused = look().await.unwrap_err().to_string();
    assert_eq!(refused, format!("mysql at 127.0.0.1:{port}/shop: connection refused"));
    server.start_again().await;
    assert_eq!(look().await.unwrap().deployments.len(), 1);
}

#[tokio::test]
async fn a_server_that_dies_in_the_middle_of_a_look_is_told() {
    let server = Postgres::start().await;
    let port = server.place().port;
    let database = database(&format!("postgres://ada:{}@127.0.0.1:{port}/postgres", encoded(PASSWORD)));
    let mut reading = database.open(&patient()).await.unwrap();
    drop(server);
    let ask = afterpush::records::ask(&Table::default(), Dialect::Postgres);
    let words = reading.perform(&ask).await.expect_err("nobody is there").to_string();
    assert!(words.starts_with("postgres at 127.0.0.1:"), "{words}");
    reading.close().await;
}

#[tokio::test]
async fn a_file_that_another_program_writes_to_is_read_all_the_same() {
    let fresh = Fresh::with(Dialect::Sqlite, TABLE).await;
    fresh.run("PRAGMA journal_mode = WAL").await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(fresh.file());
    let mut writer = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let begun = "BEGIN IMMEDIATE; INSERT INTO deployments VALUES ('2222222', 'live')";
    sqlx::raw_sql(begun).execute(&mut writer).await.unwrap();
    let count = async || fresh.look(&Table::default(), &Want::default()).await.map(|seen| seen.deployments.len());
    assert_eq!(count().await.unwrap(), 1);
    sqlx::raw_sql("COMMIT").execute(&mut writer).await.unwrap();
    assert_eq!(count().await.unwrap(), 2);
    let away = fresh.file().with_extension("away");
    std::fs::rename(fresh.file(), &away).unwrap();
    assert!(count().await.unwrap_err().to_string().ends_with("there is no such file"));
    assert!(!fresh.file().exists(), "a look makes no file");
    std::fs::rename(&away, fresh.file()).unwrap();
    count().await.unwrap();
}
