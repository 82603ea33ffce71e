//! To whom a password is told: real servers with a certificate, and rogues without one.

use std::path::Path;

use afterpush::host::sql::{Database, Limits};
use afterpush::records::Want;
use afterpush::watch::Table;
use afterpush::wire::{Dialect, Secret, SqlAsk};

use super::bed::{Fresh, database, impatient, look, patient};
use super::rogue::{Manner, Rogue, with_papers};
use crate::support::{Authority, MariaDb, Postgres};

const SERVERS: [Dialect; 2] = [Dialect::Postgres, Dialect::MySql];
/// The password of [`Rogue::url`].
const CANARY: &str = "canary-password";

fn trusting(url: &str, ca: &Path) -> Database {
    Database::of_url(&Secret::new(url), Some(ca)).expect("a URL")
}

/// The sentence of a refusal.
async fn refusal(database: &Database, limits: &Limits) -> String {
    let words = database.open(limits).await.err().expect("it must not be trusted").to_string();
    assert!(!words.contains("canary"), "{words}");
    words
}

fn strict(dialect: Dialect) -> &'static str {
    if dialect == Dialect::Postgres { "?sslmode=verify-full" } else { "?ssl-mode=VERIFY_IDENTITY" }
}

async fn ca(dialect: Dialect) -> std::path::PathBuf {
    match dialect {
        Dialect::Postgres => Postgres::shared().await.place().path("ca.pem"),
        _ => MariaDb::shared().await.place().path("ca.pem"),
    }
}

#[tokio::test]
async fn a_server_with_a_certificate_of_the_named_authority_is_trusted() {
    for dialect in SERVERS {
        let fresh = Fresh::with(dialect, "CREATE TABLE deployments (sha varchar(50), status varchar(50))").await;
        let url = format!("{}{}", fresh.url().await, strict(dialect));
        for url in [url.clone(), url.replace("127.0.0.1", "localhost")] {
            let trusted = trusting(&url, &ca(dialect).await);
            look(&trusted, &Table::default(), &Want::default()).await.unwrap_or_else(|why| panic!("{why}"));
        }
        let words = refusal(&database(&url), &patient()).await;
        assert!(words.contains("nobody known has signed it") && words.contains("with ca"), "{words}");
        let other = url.replace("127.0.0.1", "127.0.0.2");
        assert!(refusal(&trusting(&other, &ca(dialect).await), &patient()).await.contains("refused"));
    }
}

#[tokio::test]
async fn what_is_asked_for_on_this_machine_is_what_is_done() {
    for (dialect, question) in [
        (Dialect::Postgres, "SELECT CAST(ssl AS text) FROM pg_stat_ssl WHERE pid = pg_backend_pid()"),
        (
            Dialect::MySql,
            "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'SSL_VERSION'",
        ),
    ] {
        let url = Fresh::new(dialect).await.url().await;
        for (asked, is_on) in [("prefer", true), ("require", true), ("verify-ca", true), ("disable", false)] {
            let database = trusting(&format!("{url}?sslmode={asked}"), &ca(dialect).await);
            let mut reading = database.open(&patient()).await.unwrap();
            let ask = SqlAsk { statement: question.to_owned(), binds: Vec::new(), most_rows: 1 };
            let value = reading.perform(&ask).await.unwrap().rows[0][0].clone().unwrap_or_default();
            assert_eq!(value == "true" || value.starts_with("TLS"), is_on, "{dialect:?} {asked}: {value}");
            reading.close().await;
        }
    }
}

#[tokio::test]
async fn a_server_that_takes_tls_back_gets_no_password() {
    for dialect in SERVERS {
        let rogue = Rogue::start(dialect, Manner::Downgrade).await;
        for asked in ["?sslmode=require", "?sslmode=verify-ca", "?sslmode=verify-full"] {
            let words = refusal(&database(&rogue.url(asked)), &patient()).await;
            assert!(words.ends_with("it does not offer TLS, which is required here; no password was sent"), "{words}");
        }
        assert!(!rogue.heard("ada") && !rogue.heard(CANARY), "{dialect:?}");
        // The control: on this machine, where nothing was asked for, the talk goes on in the open.
        refusal(&database(&rogue.url("")), &patient()).await;
        assert!(rogue.heard("ada"), "{dialect:?}");
        // MySQL's driver never tells a password in clear, PostgreSQL's does where it may.
        assert_eq!(rogue.heard(CANARY), dialect == Dialect::Postgres);
    }
}

#[tokio::test]
async fn a_certificate_of_nobody_or_for_another_host_is_not_trusted() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let folder = tempfile::TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    for dialect in SERVERS {
        for (papers, words) in [
            (stranger.papers(&["127.0.0.1"]), "TLS: certificate not trusted (nobody known has signed it)"),
            (authority.papers(&["db.example.com"]), "TLS: certificate not trusted (it is for another name)"),
        ] {
            let rogue = Rogue::start(dialect, with_papers(&papers)).await;
            let told = refusal(&trusting(&rogue.url(strict(dialect)), &ca), &patient()).await;
            assert!(told.contains(words), "{told}");
            assert!(!rogue.heard("ada") && !rogue.heard(CANARY), "{dialect:?}");
        }
        // The control: one with good papers is spoken to.
        let rogue = Rogue::start(dialect, with_papers(&authority.papers(&["127.0.0.1"]))).await;
        refusal(&trusting(&rogue.url(strict(dialect)), &ca), &patient()).await;
        assert!(rogue.heard("ada"), "{dialect:?}");
    }
}

#[tokio::test]
async fn mysql_8_gets_no_password_in_clear_and_the_cure_is_told() {
    let rogue = Rogue::start(Dialect::MySql, Manner::Sha2).await;
    let words = refusal(&database(&rogue.url("")), &patient()).await;
    assert!(words.contains("caching_sha2_password") && words.contains("let the server offer TLS"), "{words}");
    assert!(rogue.heard("ada") && !rogue.heard(CANARY));
}

#[tokio::test]
async fn a_ca_file_that_is_none_is_told() {
    let folder = tempfile::TempDir::new().unwrap();
    let (missing, text) = (folder.path().join("missing.pem"), folder.path().join("text.pem"));
    std::fs::write(&text, "no certificate").unwrap();
    let broken = folder.path().join("broken.pem");
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let rogue = Rogue::start(Dialect::Postgres, with_papers(&Authority::new().papers(&["127.0.0.1"]))).await;
    let told = async |ca: &Path| refusal(&trusting(&rogue.url(strict(Dialect::Postgres)), ca), &patient()).await;
    assert!(told(&missing).await.contains("missing.pem cannot be read: No such file"));
    assert!(told(&text).await.ends_with("text.pem holds no certificate in PEM form"));
    told(&broken).await;
    assert!(!rogue.heard(CANARY));
}

#[tokio::test]
async fn what_does_not_speak_the_language_is_told() {
    let nonsense: [&'static [u8]; 6] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\0\0\0\0",
        b"\xff\xff\xff\x00",
        b"\x01\0\0\0\x0a",
        b"S\x15\x03\x03\0\x02\x02\x28",
        b"N\0\0\0\0",
    ];
    for dialect in SERVERS {
        for bytes in nonsense {
            let rogue = Rogue::start(dialect, Manner::Says(bytes)).await;
            let words = refusal(&database(&rogue.url("")), &impatient()).await;
            assert!(words.contains(" at 127.0.0.1:"), "{words}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_makes_a_driver_panic_ends_only_the_look() {
    for dialect in SERVERS {
        let rogue = Rogue::start(dialect, Manner::Empty).await;
        let words = refusal(&database(&rogue.url("")), &patient()).await;
        let expected = format!("what answers there does not speak {}'s language", dialect.as_str());
        assert!(words.ends_with(&expected), "{words}");
    }
}
