//! What is missing or strange is told in one clear sentence.

use std::time::Duration;

use afterpush::host::sql::Limits;
use afterpush::records::Want;
use afterpush::watch::{Columns, Table};
use afterpush::wire::{Dialect, NoAnswer, SqlAsk};

use super::bed::{ALL, Blind, Fresh, database, encoded, look, patient};
use crate::support::PASSWORD;

fn table(name: &str) -> Table {
    Table { name: name.to_owned(), ..Table::default() }
}

#[tokio::test]
async fn a_missing_table_is_told_with_those_that_are_there() {
    for dialect in ALL {
        let fresh = Fresh::new(dialect).await;
        fresh
            .run("CREATE TABLE aaa (x int); CREATE TABLE my_deploys (x int); CREATE VIEW zzz AS SELECT x FROM aaa")
            .await;
        assert_eq!(
            fresh.blind(&Table::default()).await,
            "the database has no table deployments; it has my_deploys, aaa, zzz; name yours under [database] table",
            "{dialect:?}"
        );
        let none = Fresh::with(dialect, "CREATE TABLE x (y int); DROP TABLE x").await.blind(&Table::default()).await;
        assert!(none.contains("none at all"), "{none}");
    }
}

#[tokio::test]
async fn a_table_of_another_schema_is_found_by_its_whole_name() {
    let columns = "(sha text, status text, created_at timestamp)";
    let fresh = Fresh::with(
        Dialect::Postgres,
        &format!("CREATE SCHEMA app; CREATE TABLE app.deployments {columns}; CREATE TABLE \"Deployments\" {columns}"),
    )
    .await;
    let words = fresh.blind(&Table::default()).await;
    assert!(words.contains("it has Deployments, app.deployments;"), "{words}");
    for name in ["Deployments", "app.deployments", "public.Deployments"] {
        fresh.look(&table(name), &Want::default()).await.expect(name);
    }
    let mysql = Fresh::with(Dialect::MySql, "CREATE TABLE deployments (sha text, status text)").await;
    mysql.look(&table(&format!("{}.deployments", mysql.name)), &Want::default()).await.unwrap();
    let sqlite = Fresh::with(Dialect::Sqlite, "CREATE TABLE deployments (sha text, status text)").await;
    sqlite.look(&table("main.deployments"), &Want::default()).await.unwrap();
    assert!(matches!(sqlite.look(&table("temp.deployments"), &Want::default()).await, Err(Blind::Misheard(_))));
}

#[tokio::test]
async fn a_table_without_the_needed_columns_is_told_with_those_it_has() {
    for dialect in ALL {
        let fresh = Fresh::with(dialect, "CREATE TABLE deployments (id int, foo int)").await;
        assert_eq!(
            fresh.blind(&Table::default()).await,
            "table deployments has no column that names a commit (it has id, foo); name it as commit under \
             [database] columns"
        );
        let named = Columns { commit: Some("foo".to_owned()), ..Columns::default() };
        let words = fresh.blind(&Table { columns: named, ..Table::default() }).await;
        assert!(words.contains("has no column that tells a status (it has id, foo)"), "{words}");
        let gone = Columns { commit: Some("commitSha".to_owned()), ..Columns::default() };
        let words = fresh.blind(&Table { columns: gone, ..Table::default() }).await;
        assert!(words.contains("no column commitSha (it has id, foo); correct commit under [database]"), "{words}");
    }
}

#[tokio::test]
async fn columns_of_any_type_are_read() {
    for (dialect, columns) in [
        (Dialect::Postgres, "commit bytea, status boolean, created_at jsonb, error int[], url point, branch interval"),
        (Dialect::MySql, "commit VARBINARY(99), status BIT(4), created_at YEAR, error JSON, url DOUBLE, branch TIME"),
        (Dialect::Sqlite, "\"commit\" BLOB, status REAL, created_at BLOB, error, url INT, branch NUMERIC"),
    ] {
        let fresh = Fresh::with(dialect, &format!("CREATE TABLE deployments ({columns})")).await;
        let row = match dialect {
            Dialect::Postgres => "'\\xdeadbeef', true, '{}', '{1,2}', '(1,2)', '1 day'",
            Dialect::MySql => "X'FFFE00', b'1010', 2026, '[1]', 1e300, '-99:00:00'",
            Dialect::Sqlite => "x'fffe00', 1e300, x'00', 5, -1, 'x'",
        };
        fresh.run(&format!("INSERT INTO deployments VALUES ({row}), (NULL, NULL, NULL, NULL, NULL, NULL)")).await;
        let want = Want { commits: vec!["1".repeat(40).parse().unwrap()], back_to: None };
        let seen = fresh.look(&Table::default(), &want).await.unwrap_or_else(|why| panic!("{dialect:?}: {why}"));
        assert!(seen.deployments.iter().all(|d| d.commits.is_empty()), "{seen:?}");
    }
}

#[tokio::test]
async fn no_name_can_smuggle_a_statement_in() {
    // The configuration refuses these; here they are let through to show that nothing depends on it.
    let odd = [
        "x\"; DROP TABLE deployments; --",
        "x`; DROP TABLE deployments; --",
        "x' OR '1'='1",
        "*",
        "commit\\",
        "$1",
        "?",
    ];
    for dialect in ALL {
        let fresh = Fresh::with(dialect, "CREATE TABLE deployments (sha varchar(50), status varchar(50))").await;
        for name in odd {
            fresh.blind(&table(name)).await;
            let columns = Columns { commit: Some(name.to_owned()), ..Columns::default() };
            fresh.blind(&Table { columns, ..Table::default() }).await;
        }
        // Where such a column is really there, it is only a name.
        for name in odd {
            let quoted = dialect.quoted(name);
            fresh.run(&format!("DROP TABLE deployments; CREATE TABLE deployments ({quoted} varchar(50), status varchar(50)); INSERT INTO deployments VALUES ('{}', 'ok')", "1".repeat(40))).await;
            let columns = Columns { commit: Some(name.to_owned()), ..Columns::default() };
            let want = Want { commits: vec!["1".repeat(40).parse().unwrap()], back_to: None };
            let seen = fresh.look(&Table { columns, ..Table::default() }, &want).await.expect(name);
            assert_eq!(seen.deployments.len(), 1, "{dialect:?} {name}");
        }
    }
}

#[tokio::test]
async fn nothing_can_be_written() {
    for dialect in ALL {
        let fresh = Fresh::with(dialect, "CREATE TABLE deployments (sha varchar(50), status varchar(50))").await;
        let database = fresh.database().await;
        for statement in
            ["INSERT INTO deployments VALUES ('1', 'ok')", "DROP TABLE deployments", "CREATE TABLE x (y int)"]
        {
            let mut reading = database.open(&patient()).await.unwrap();
            let ask = SqlAsk { statement: statement.to_owned(), binds: Vec::new(), most_rows: 1 };
            let refused = reading.perform(&ask).await.expect_err(statement);
            assert!(matches!(refused, NoAnswer::Refused { .. }), "{dialect:?} {statement}: {refused}");
        }
        let seen = fresh.look(&Table::default(), &Want::default()).await.unwrap();
        assert!(seen.deployments.is_empty(), "{dialect:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_or_database_is_told_in_the_servers_words() {
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let fresh = Fresh::new(dialect).await;
        let url = fresh.url().await.replace(&encoded(PASSWORD), "canary-wrong");
        let refused = database(&url).open(&patient()).await.err().expect("a wrong password");
        let words = refused.to_string();
        assert!(matches!(refused, NoAnswer::Denied(_)) && !words.contains("canary"), "{refused:?}");
        assert!(words.contains("127.0.0.1") && words.contains("ada") && words.contains("check user"), "{words}");
        let url = fresh.url().await.replace(&fresh.name, "nowhere");
        let refused = database(&url).open(&patient()).await.err().expect("no such database").to_string();
        assert!(refused.contains("nowhere"), "{refused}");
    }
    let missing = database("sqlite:///nowhere/shop.db").open(&patient()).await.err().unwrap();
    assert_eq!(missing.to_string(), "sqlite at /nowhere/shop.db: there is no such file");
    let folder = database("sqlite:///tmp").open(&patient()).await.err().unwrap();
    assert_eq!(folder.to_string(), "sqlite at /tmp: it is not a file");
    let text = Fresh::new(Dialect::Sqlite).await;
    std::fs::write(text.file(), "this is no database, but long enough to be taken for one".repeat(50)).unwrap();
    assert!(text.blind(&Table::default()).await.contains("not a database"));
}

#[tokio::test]
async fn a_table_one_may_not_read_is_told() {
    let fresh = Fresh::with(
        Dialect::Postgres,
        "CREATE TABLE deployments (sha text, status text); DROP ROLE IF EXISTS guest; \
         CREATE ROLE guest LOGIN PASSWORD 'canary guest'",
    )
    .await;
    let url = fresh.url().await.replace(&format!("ada:{}", encoded(PASSWORD)), "guest:canary%20guest");
    let blind = look(&database(&url), &Table::default(), &Want::default()).await.unwrap_err();
    assert!(blind.to_string().contains("permission denied for table deployments"), "{blind}");
}

#[tokio::test]
async fn more_rows_than_were_asked_for_are_an_error() {
    for dialect in ALL {
        let fresh = Fresh::with(dialect, "CREATE TABLE x (y int); INSERT INTO x VALUES (1), (2), (NULL)").await;
        for (most_rows, is_fine) in [(3, true), (2, false)] {
            let mut reading = fresh.database().await.open(&patient()).await.unwrap();
            let ask = SqlAsk { statement: "SELECT CAST(y AS char(1)) FROM x".to_owned(), binds: Vec::new(), most_rows };
            let told = reading.perform(&ask).await.map(|found| found.rows);
            assert_eq!(told.is_ok(), is_fine, "{dialect:?} {told:?}");
        }
    }
}

#[tokio::test]
async fn a_slow_statement_ends_in_bounded_time() {
    let short = Limits { query: Duration::from_millis(300), ..patient() };
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
    for (dialect, statement) in [
        (Dialect::Postgres, "SELECT CAST(pg_sleep(60) AS text)"),
        (Dialect::MySql, "SELECT SLEEP(60)"),
        (Dialect::Sqlite, endless),
    ] {
        let fresh = Fresh::with(dialect, "CREATE TABLE x (y int)").await;
        let mut reading = fresh.database().await.open(&short).await.unwrap();
        let ask = SqlAsk { statement: statement.to_owned(), binds: Vec::new(), most_rows: 1 };
        let why = reading.perform(&ask).await.expect_err("it takes for ever").to_string();
        let told = why.contains("no answer within 300ms") || why.contains("statement timeout");
        assert!(told, "{why}");
    }
}
