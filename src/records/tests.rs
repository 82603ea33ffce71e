//! Rows and catalogs of every kind, without a database.

use proptest::prelude::*;

use super::ask::{CLOCK, NEW, OWN};
use super::*;
use crate::watch::{Columns, Deployment, Quality, State, Table};

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
const ALL: [Dialect; 3] = [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite];

fn answer(rows: Vec<Vec<Option<String>>>) -> Rows {
    let at = "2026-11-20T12:00:00Z".parse().unwrap();
    Rows { rows, at, latency: Span::from_millis(2) }
}

/// The catalog's answer for a table with these columns.
fn catalog(columns: &[&str]) -> Rows {
    let row = |column: &&str| ["public", "deployments", column].map(|word| Some(word.to_owned())).to_vec();
    answer(columns.iter().map(row).collect())
}

/// An answer at noon by the database's clock, with these rows: id, commit, status, time.
fn noon(rows: &[(&str, [Option<&str>; 4])]) -> Rows {
    let wide = |what: &str, values: [Option<&str>; 4]| {
        let values = [Some(what)].into_iter().chain(values).chain([None; 5]);
        values.map(|value| value.map(str::to_owned)).collect()
    };
    let clock = wide(CLOCK, [Some("2026-11-20 12:00:00"), None, None, None]);
    answer([clock].into_iter().chain(rows.iter().map(|(what, values)| wide(what, *values))).collect())
}

fn of_columns(columns: &[&str]) -> Result<Found, String> {
    Found::of(&Table::default(), &catalog(columns)).map_err(|why| why.to_string())
}

fn seen(rows: &Rows) -> Snapshot {
    let answers = [catalog(&["id", "sha", "status", "created_at"]), rows.clone()];
    match hear(&Table::default(), Dialect::Sqlite, &Want::default(), &answers) {
        Ok(Heard::Seen(snapshot)) => snapshot,
        other => panic!("nothing was seen: {other:?}"),
    }
}

fn only(values: [Option<&str>; 4]) -> Deployment {
    seen(&noon(&[(NEW, values)])).deployments.remove(0)
}

#[test]
fn columns_are_found_by_the_names_people_give_them() {
    let found =
        of_columns(&["ID", "repo", "commitSha", "sha", "State", "startedAt", "updated_at", "errorMessage"]).unwrap();
    assert_eq!((found.commit.as_str(), found.status.as_str(), found.id.as_deref()), ("commitSha", "State", Some("ID")));
    assert_eq!((found.time.as_deref(), found.changed.as_deref()), (Some("startedAt"), Some("updated_at")));
    assert_eq!(found.error.as_deref(), Some("errorMessage"));
    for (name, other) in [("git_sha", "gitSha"), ("commit", "COMMIT"), ("commit_sha", "CommitSHA"), ("sha", "SHA")] {
        for name in [name, other] {
            assert_eq!(of_columns(&["x", name, "status"]).unwrap().commit, name);
        }
    }
    let late = of_columns(&["sha", "status", "updatedAt"]).unwrap();
    assert_eq!((late.time.as_deref(), late.changed.as_deref()), (Some("updatedAt"), Some("updatedAt")));
    assert_eq!(of_columns(&["sha", "status"]).unwrap().time, None);
    let both = of_columns(&["sha", "status", "updated_at", "started_at", "created_at"]).unwrap();
    assert_eq!(both.time.as_deref(), Some("created_at"));
}

#[test]
fn a_table_without_commit_or_status_is_told_with_what_it_has() {
    let no_commit = of_columns(&["id", "foo\u{1b}"]).unwrap_err();
    assert_eq!(
        no_commit,
        "table deployments has no column that names a commit (it has id, foo\\u{1b}); name it as commit under [database] columns"
    );
    let many: Vec<_> = (0..30).map(|n| format!("c{n}")).chain(["sha".to_owned()]).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let no_status = of_columns(&many).unwrap_err();
    assert!(no_status.contains("c10, c11 and 19 more); name it as status"), "{no_status}");
}

#[test]
fn a_look_is_the_catalog_then_the_rows_and_more_of_them_where_they_are_wanted() {
    let table = Table::default();
    let want = Want { commits: vec![SHA.parse().unwrap()], back_to: "2026-11-01T00:00:00Z".parse().ok() };
    for dialect in ALL {
        let mut answers = Vec::new();
        let mut asked = Vec::new();
        let full = |most: usize| noon(&vec![(NEW, [Some("x"), None, None, Some("2026-11-19")]); most]);
        for answer in [catalog(&["sha", "status", "created_at"]), full(50), full(1_000)] {
            match hear(&table, dialect, &want, &answers).unwrap() {
                Heard::Ask(ask) => asked.push(ask),
                Heard::Seen(_) => panic!("too early"),
            }
            answers.push(answer);
        }
        assert_eq!(asked[0], ask(&table, dialect));
        assert!(asked[1].statement.contains("LIMIT 50)") && asked[2].statement.contains("LIMIT 1000)"));
        // 34 lengths, of which the first three have only digits, which have no case.
        assert_eq!(asked[1].binds.len(), 2 * 34 - 4);
        assert!(asked[1].binds.contains(&SHA.to_owned()) && asked[1].binds.contains(&SHA[..12].to_uppercase()));
        assert!(asked.iter().all(|ask| !ask.statement.contains(SHA)), "values are binds");
        match hear(&table, dialect, &want, &answers).unwrap() {
            Heard::Seen(snapshot) => assert_eq!(snapshot.latency.as_millis(), 6),
            Heard::Ask(ask) => panic!("{ask:?}"),
        }
    }
}

#[test]
fn names_stand_quoted_and_as_the_catalog_spells_them() {
    let columns = ["commit`Sha", "state", "created\"At"];
    let named = Columns { commit: Some(columns[0].into()), time: Some(columns[2].into()), ..Columns::default() };
    let table = Table { columns: named, ..Table::default() };
    for (dialect, quoted) in [
        (Dialect::Postgres, ["\"commit`Sha\"", "\"created\"\"At\"", "\"public\".\"deployments\""]),
        (Dialect::MySql, ["`commit``Sha`", "`created\"At`", "`public`.`deployments`"]),
        (Dialect::Sqlite, ["\"commit`Sha\"", "\"created\"\"At\"", "\"public\".\"deployments\""]),
    ] {
        match hear(&table, dialect, &Want::default(), &[catalog(&columns)]).unwrap() {
            Heard::Ask(ask) => assert!(quoted.iter().all(|name| ask.statement.contains(name)), "{}", ask.statement),
            Heard::Seen(_) => panic!("too early"),
        }
    }
}

#[test]
fn a_missing_table_is_asked_about_once_more_and_told() {
    let table = Table::default();
    let none = answer(Vec::new());
    let next = hear(&table, Dialect::MySql, &Want::default(), std::slice::from_ref(&none)).unwrap();
    assert!(matches!(&next, Heard::Ask(ask) if ask.statement.contains("information_schema.TABLES")), "{next:?}");
    let tables = answer(vec![vec![Some("builds".to_owned())], vec![None], Vec::new()]);
    let told = hear(&table, Dialect::MySql, &Want::default(), &[none, tables]).unwrap_err();
    assert!(matches!(&told, Misheard::NotFound(words) if words.contains("it has builds;")), "{told:?}");
}

#[test]
fn a_row_that_is_dated_ahead_of_the_database_has_no_date_and_is_told_once() {
    let rows = noon(&[
        (NEW, [Some("1"), Some(SHA), Some("failed"), Some("2200-01-01 14:00:00")]),
        (NEW, [Some("2"), Some(SHA), Some("failed"), Some("2026-11-20T13:00:00Z")]),
        (NEW, [Some("3"), Some(SHA), Some("done"), Some("2026-11-20 12:01:59")]),
    ]);
    let snapshot = seen(&rows);
    assert_eq!(dated(&snapshot), [("1", false), ("2", false), ("3", true)]);
    assert_eq!(snapshot.remarks.len(), 1);
    assert_eq!(snapshot.provider_clock, "2026-11-20T12:00:00Z".parse().ok());
}

#[test]
fn where_one_local_time_is_ahead_no_local_time_counts() {
    let older = (NEW, [Some("1"), Some(SHA), Some("failed"), Some("2026-11-20 11:59:00")]);
    assert_eq!(dated(&seen(&noon(&[older]))), [("1", true)]);
    let local = (NEW, [Some("2"), Some(SHA), Some("done"), Some("2026-11-20 13:00:00")]);
    assert_eq!(dated(&seen(&noon(&[older, local]))), [("2", false), ("1", false)]);
    let stray = (NEW, [Some("2"), Some(SHA), Some("done"), Some("2026-11-20T13:00:00Z")]);
    assert_eq!(dated(&seen(&noon(&[older, stray]))), [("2", false), ("1", true)], "its zone is told");
}

fn dated(snapshot: &Snapshot) -> Vec<(&str, bool)> {
    snapshot.deployments.iter().map(|row| (row.id.as_str(), row.created_at.is_some())).collect()
}

#[test]
fn commits_are_hexadecimal_and_long_enough() {
    let marks = |commit: &str| only([None, Some(commit), None, None]).commits;
    for (commit, quality) in [(SHA, Quality::Exact), (&SHA[..7], Quality::Prefix), (&SHA[..39], Quality::Prefix)] {
        let found = marks(&format!(" {} ", commit.to_uppercase()));
        assert_eq!((found[0].sha.as_str(), found[0].quality), (commit, quality));
    }
    for odd in [
        &SHA[..6],
        "0123456789ghijk",
        "0123456 ",
        "v1.2.3-abcdef0",
        "",
        &format!("{SHA}{SHA}"),
        "%%%%%%%",
        "０１２３４５６７",
    ] {
        assert_eq!(marks(odd).len(), usize::from(odd == "0123456 "), "{odd}");
    }
}

#[test]
fn no_status_decides_nothing_and_a_reason_belongs_to_a_failure() {
    let null = only([None, Some(SHA), None, None]);
    assert_eq!(
        (null.state, null.raw_state.as_str(), null.id.as_str()),
        (State::Unknown, "none", &*format!("{SHA} none"))
    );
    assert_eq!(only([None, None, Some(" "), None]).raw_state, "none");
    assert_eq!(only([None, None, Some("weird\u{202e}"), None]).raw_state, "weird\\u{202e}");
    let mut rows =
        noon(&[(OWN, [None, None, Some("build_failed"), None]), (OWN, [None, Some("x"), Some("done"), None])]);
    rows.rows.iter_mut().for_each(|row| row[6] = Some("no hats".to_owned()));
    let snapshot = seen(&rows);
    let why = snapshot.deployments[0].reason.clone().unwrap();
    assert_eq!((why.code.as_str(), why.message.as_str(), why.in_build), ("build_failed", "no hats", Some(true)));
    assert_eq!(snapshot.deployments[1].reason, None);
}

#[test]
fn how_far_the_list_reaches_is_told_honestly() {
    let rows = |count, time| noon(&vec![(NEW, [None, None, None, time]); count]);
    assert_eq!(seen(&rows(49, Some("2026-11-19"))).reaches_back_to, None);
    assert_eq!(seen(&rows(50, Some("2026-11-19"))).reaches_back_to, "2026-11-19T00:00:00Z".parse().ok());
    assert_eq!(seen(&rows(50, None)).reaches_back_to, Some(Timestamp::NEVER));
}

proptest! {
    #[test]
    fn no_rows_make_it_panic(
        columns in prop::collection::vec(prop::collection::vec(prop::option::of(name()), 0..5), 0..6),
        answers in prop::collection::vec(
            prop::collection::vec(prop::collection::vec(prop::option::of(value()), 8..12), 0..6), 0..4),
        commit: bool,
    ) {
        let commits = if commit { vec![SHA.parse().unwrap()] } else { Vec::new() };
        let good = catalog(&["sha", "status", "created_at"]);
        for first in [good, answer(columns)] {
            let answers: Vec<_> = [first].into_iter().chain(answers.iter().cloned().map(answer)).collect();
            for dialect in ALL {
                for back_to in [None, Some(Timestamp::default())] {
                    let want = Want { commits: commits.clone(), back_to };
                    if let Ok(Heard::Seen(snapshot)) = hear(&Table::default(), dialect, &want, &answers) {
                        for found in &snapshot.deployments {
                            prop_assert!(crate::base::text::visible(&found.id) == found.id);
                            prop_assert!(found.state == State::Unknown || found.raw_state != "none");
                        }
                    }
                }
            }
        }
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["sha|status|created_at|public|deployments", ".{0,12}"]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "clock|new|own",
        "done|failed|queued",
        "[0-9a-f]{5,42}",
        "2026-1[0-9]-[0-3][0-9] 1[0-9]:00:00",
        ".{0,20}"
    ]
}
