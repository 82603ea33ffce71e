//! The table in `tests/README.md` says the truth: it has every fault, and every test it names is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// As many faults as were thought of.
const FAULTS: usize = 102;

/// What a row without a test begins its reason with.
const REASONS: [&str; 2] = ["Not here: ", "Later: "];

struct Row {
    number: String,
    tests: Vec<String>,
    words: String,
}

/// The rows of the table; a test's name stands between backquotes.
fn rows() -> Vec<Row> {
    let text = fs::read_to_string(folder().join("tests/README.md")).expect("tests/README.md");
    let lines = text.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit());
    let rows = lines.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [number, _fault, shown] = cells[..] else { panic!("a row has three cells: {line}") };
        let (named, said): (Vec<_>, Vec<_>) = shown.split('`').enumerate().partition(|(place, _)| place % 2 == 1);
        Row {
            number: number.to_owned(),
            tests: named.into_iter().map(|(_, name)| name.to_owned()).collect(),
            words: said.into_iter().map(|(_, words)| words).collect::<String>().trim_matches([' ', ',']).to_owned(),
        }
    });
    rows.collect()
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all tests below a folder.
fn tests_below(folder: &Path, found: &mut BTreeSet<String>) {
    for path in fs::read_dir(folder).expect("a folder of sources").map(|entry| entry.expect("readable").path()) {
        if path.is_dir() {
            tests_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            tests_in(&fs::read_to_string(&path).expect("a source"), found);
        }
    }
}

fn tests_in(text: &str, found: &mut BTreeSet<String>) {
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test]");
        if let Some(rest) = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn ")) {
            let name = rest.split(['(', '<']).next().unwrap_or_default();
            if std::mem::take(&mut is_test) && !found.insert(name.to_owned()) {
                found.insert(format!("{name}, twice"));
            }
        }
    }
}

#[test]
fn every_fault_has_its_row() {
    let numbers: Vec<_> = rows().into_iter().map(|row| row.number).collect();
    let wanted: Vec<_> = (1..=FAULTS).map(|number| number.to_string()).collect();
    assert_eq!(numbers, wanted);
}

#[test]
fn every_test_the_table_names_is_there_and_every_row_without_one_says_why() {
    let mut known = BTreeSet::new();
    for sources in ["src", "tests"] {
        tests_below(&folder().join(sources), &mut known);
    }
    let mut wrong = Vec::new();
    for Row { number, tests, words } in rows() {
        let is_reasoned = REASONS.iter().any(|reason| words.starts_with(reason));
        if tests.is_empty() && !is_reasoned {
            wrong.push(format!("{number} has neither a test nor a reason"));
        }
        let gone = tests.iter().filter(|name| !known.contains(*name));
        wrong.extend(gone.map(|name| format!("{number}: there is no test {name}")));
        let vague = tests.iter().filter(|name| known.contains(&format!("{name}, twice")));
        wrong.extend(vague.map(|name| format!("{number}: there are several tests {name}")));
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_check_sees_tests_and_nothing_else() {
    let mut found = BTreeSet::new();
    tests_in("#[test]\nfn one() {}\nfn helper() {}\n#[tokio::test]\nasync fn two<T>() {}\nfn one() {}", &mut found);
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["one", "two"]);
    assert!(REASONS.iter().all(|reason| reason.ends_with(": ")));
}
