//! One story, told of every kind of database: the same rows mean the same.

use afterpush::push::Sha;
use afterpush::records::Want;
use afterpush::watch::Table;
use afterpush::watch::{Deployment, Quality, Snapshot, State};
use afterpush::wire::Dialect;

use super::bed::{ALL, Fresh};

const ONE: &str = "1111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222";
const THREE: &str = "abcdef3333333333333333333333333333333333";

/// The table, the way an application in TypeScript has it.
const fn table(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => {
            "CREATE TYPE stage AS ENUM ('QUEUED', 'Building', 'in_progress', 'success', 'failed', 'CANCELLED', 'odd one');
             CREATE TABLE deployments (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), \"commitSha\" varchar(64),
             status stage, \"createdAt\" timestamptz, \"updatedAt\" timestamp, \"errorMessage\" text,
             \"deploymentUrl\" text, branch varchar(50), environment char(20), payload jsonb)"
        }
        Dialect::MySql => {
            "CREATE TABLE deployments (id int AUTO_INCREMENT PRIMARY KEY, commitSha char(64), status
             ENUM('QUEUED', 'Building', 'in_progress', 'success', 'failed', 'CANCELLED', 'odd one'),
             createdAt TIMESTAMP(3) NULL, updatedAt DATETIME NULL, errorMessage LONGTEXT, deploymentUrl TEXT,
             branch varchar(50) CHARACTER SET latin1, environment varchar(20), payload JSON)"
        }
        Dialect::Sqlite => {
            "CREATE TABLE deployments (id INTEGER PRIMARY KEY, commitSha TEXT, status TEXT, createdAt TEXT, updatedAt
             DATETIME, errorMessage, deploymentUrl TEXT, branch TEXT, environment TEXT, payload BLOB)"
        }
    }
}

/// The rows, the oldest first.
fn rows(dialect: Dialect) -> String {
    let names = "commitSha, status, createdAt, updatedAt, errorMessage, deploymentUrl, branch, environment";
    let names = match dialect {
        Dialect::Postgres => {
            "\"commitSha\", status, \"createdAt\", \"updatedAt\", \"errorMessage\", \"deploymentUrl\", \
             branch, environment"
        }
        _ => names,
    };
    let huge = "x".repeat(3_000_000);
    // MySQL keeps a TIMESTAMP by the session's clock, which the tests' server has in another zone.
    let zone = if dialect == Dialect::MySql { "SET time_zone = '+00:00';" } else { "SET TIME ZONE 'UTC';" };
    let zone = if dialect == Dialect::Sqlite { "" } else { zone };
    format!(
        "{zone} INSERT INTO deployments ({names}) VALUES
         ('{ONE}', 'success', '2026-11-01 10:00:00', '2026-11-01 10:05:00', 'all well', 'https://shop.example.com/1', 'main', 'production'),
         ('{ONE}', 'failed', '2026-11-02 10:00:00', NULL, 'npm ERR! \u{1b}[31mbad', 'javascript:alert(1)', 'refs/heads/main', NULL),
         ('{TWO_SHORT}', 'in_progress', '2026-11-03 10:00:00', NULL, NULL, 'https://ada:pw@example.com/', 'refs/tags/v1', 'production'),
         ('{THREE_UPPER}', 'failed', '2026-11-04 10:00:00', NULL, '{huge}', NULL, 'main', NULL),
         (NULL, 'QUEUED', '2026-11-05 10:00:00', NULL, NULL, NULL, NULL, NULL),
         ('not a commit', 'odd one', '2026-11-06 10:00:00', NULL, NULL, NULL, '', NULL),
         ('{ONE}', NULL, '2026-11-07 10:00:00.25', NULL, NULL, NULL, 'main', NULL),
         ('{TWO}', 'CANCELLED', NULL, NULL, NULL, NULL, NULL, NULL),
         ('{ONE}', 'Building', '2200-01-01 00:00:00', NULL, NULL, NULL, NULL, NULL)",
        TWO_SHORT = &TWO[..7],
        THREE_UPPER = THREE.to_uppercase(),
    )
    .replace("'2200-01-01", if dialect == Dialect::MySql { "'2038-01-01" } else { "'2200-01-01" })
}

fn commits(all: &[&str]) -> Want {
    Want { commits: all.iter().map(|sha| sha.parse::<Sha>().expect("an id")).collect(), back_to: None }
}

/// What matters of a deployment, in a line.
fn line(deployment: &Deployment) -> String {
    let commit = deployment.commits.first().map_or("none", |mark| &mark.sha[..7]);
    let branch = deployment.branch.as_deref().unwrap_or("-");
    let environment = deployment.environment.as_deref().unwrap_or("-");
    let at = deployment.created_at.map_or("never".to_owned(), |at| at.to_string());
    format!("{at} {commit} {:?} ({}) {branch} {environment}", deployment.state, deployment.raw_state)
}

async fn told(dialect: Dialect, want: &Want) -> Snapshot {
    let fresh = Fresh::with(dialect, table(dialect)).await;
    fresh.run(&rows(dialect)).await;
    fresh.look(&Table::default(), want).await.unwrap_or_else(|why| panic!("{dialect:?}: {why}"))
}

#[tokio::test]
async fn the_same_rows_mean_the_same_in_every_database() {
    for dialect in ALL {
        let seen = told(dialect, &commits(&[ONE, TWO])).await;
        let lines: Vec<_> = seen.deployments.iter().map(line).collect();
        let expected = [
            "never 1111111 Building (Building) - -",
            "2026-11-07T10:00:00.25Z 1111111 Unknown (none) main -",
            "2026-11-06T10:00:00Z none Unknown (odd one) - -",
            "2026-11-05T10:00:00Z none Queued (QUEUED) - -",
            "2026-11-04T10:00:00Z abcdef3 Failed (failed) main -",
            "2026-11-03T10:00:00Z 2222222 Deploying (in_progress) - production",
            "2026-11-02T10:00:00Z 1111111 Failed (failed) main -",
            "2026-11-01T10:00:00Z 1111111 Succeeded (success) main production",
            "never 2222222 Canceled (CANCELLED) - -",
        ];
        assert_eq!(lines, expected, "{dialect:?}");
        check_details(dialect, &seen);
    }
}

fn check_details(dialect: Dialect, seen: &Snapshot) {
    let of = |day: &str| seen.deployments.iter().find(|d| line(d).starts_with(day)).expect("a row of that day");
    let failed = of("2026-11-02").reason.as_ref().expect("it tells why");
    assert_eq!(failed.message, "npm ERR! \\u{1b}[31mbad", "{dialect:?}");
    assert_eq!((of("2026-11-02").url.as_deref(), of("2026-11-03").url.as_deref()), (None, None));
    assert_eq!(of("2026-11-01").url.as_deref(), Some("https://shop.example.com/1"));
    assert_eq!(of("2026-11-01").reason, None, "it did not fail");
    assert_eq!(of("2026-11-01").updated_at, "2026-11-01T10:05:00Z".parse().ok());
    assert_eq!(of("2026-11-04").reason.as_ref().map(|why| why.message.len()), Some(500), "{dialect:?}");
    assert_eq!(of("2026-11-04").commits[0].sha, THREE);
    let quality = |day| of(day).commits[0].quality;
    assert_eq!((quality("2026-11-03"), quality("2026-11-01")), (Quality::Prefix, Quality::Exact));
    let clock = seen.provider_clock.expect("the database tells its time");
    assert!(clock.since(seen.observed_at).as_secs().abs() < 60, "{dialect:?}: the same machine, {clock}");
    assert_eq!(seen.remarks.len(), 1, "{:?}", seen.remarks);
    assert_eq!(seen.reaches_back_to, None, "these are all rows");
    let ids: std::collections::BTreeSet<_> = seen.deployments.iter().map(|d| &d.id).collect();
    assert_eq!(ids.len(), 9, "{dialect:?}: {ids:?}");
}

#[tokio::test]
async fn a_watched_commit_is_found_however_old_its_row_is_and_however_it_is_spelled() {
    for dialect in ALL {
        let fresh =
            Fresh::with(dialect, "CREATE TABLE deployments (sha varchar(64), state varchar(20), created_at bigint)")
                .await;
        let old = [
            ONE.to_owned(),
            TWO[..12].to_owned(),
            THREE.to_uppercase(),
            THREE[..9].to_uppercase(),
            ONE[..6].to_owned(),
        ];
        let old = old.iter().zip(1..).map(|(sha, at)| format!("('{sha}', 'done', {})", 1_700_000_000 + at));
        let new = (0..1_200).map(|n: u32| format!("('{:040x}', 'live', {})", 0xfee_d000_u32 + n, 1_700_001_000 + n));
        let rows: Vec<_> = old.chain(new).collect();
        fresh.run(&format!("INSERT INTO deployments VALUES {}", rows.join(", "))).await;
        let unwatched = fresh.look(&Table::default(), &Want::default()).await.unwrap();
        assert_eq!(unwatched.deployments.len(), 50, "{dialect:?}");
        assert_eq!(unwatched.reaches_back_to, "2023-11-14T22:49:10Z".parse().ok(), "{dialect:?}");
        let seen = fresh.look(&Table::default(), &commits(&[ONE, TWO, THREE])).await.unwrap();
        let found: Vec<_> = seen.deployments[50..].iter().map(|d| d.commits[0].sha.clone()).collect();
        let expected = [THREE[..9].to_owned(), THREE.to_owned(), TWO[..12].to_owned(), ONE.to_owned()];
        assert_eq!(found, expected, "{dialect:?}");
        let back_to = "2023-11-14T22:48:00Z".parse().ok();
        let farther = fresh.look(&Table::default(), &Want { back_to, ..Want::default() }).await.unwrap();
        assert_eq!(farther.deployments.len(), 1_000, "{dialect:?}");
        assert!(farther.reaches_back_to < back_to, "{dialect:?}");
    }
}

#[tokio::test]
async fn an_empty_table_is_a_good_answer() {
    for dialect in ALL {
        let fresh = Fresh::with(dialect, table(dialect)).await;
        let seen = fresh.look(&Table::default(), &commits(&[ONE])).await.unwrap();
        assert_eq!((seen.deployments.len(), seen.reaches_back_to), (0, None), "{dialect:?}");
        assert!(seen.provider_clock.is_some(), "{dialect:?}");
    }
}

#[tokio::test]
async fn the_columns_and_words_the_user_names_are_taken() {
    for dialect in ALL {
        let table = "CREATE TABLE rollouts (nr int, sha varchar(50), what varchar(50), how varchar(50), wann varchar(50), status int)";
        let fresh = Fresh::with(dialect, table).await;
        fresh.run(&format!("INSERT INTO rollouts VALUES (1, 'x', '{ONE}', 'Shipped', '1700000000123', 5)")).await;
        let table: Table = serde_json::from_str(
            r#"{"name": "rollouts", "columns": {"commit": "what", "status": "how", "time": "wann"},
                "words": {"shipped": "succeeded"}}"#,
        )
        .unwrap();
        let seen = fresh.look(&table, &commits(&[ONE])).await.unwrap();
        let only = &seen.deployments[0];
        assert_eq!((seen.deployments.len(), only.state), (1, State::Succeeded), "{dialect:?}");
        assert_eq!(only.created_at, "2023-11-14T22:13:20.123Z".parse().ok());
        assert_eq!(only.commits[0].sha, ONE);
    }
}
