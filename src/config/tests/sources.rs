//! Health endpoints and the deployments table: what is read, what is refused, and whose word counts.

use super::*;
use crate::watch::{
    Columns, Database, DatabaseUrl, Endpoint, Health, Source, State, Table, TokenSource, Version, VersionPart,
};

const URL: &str = "https://shop.example.com";

fn health(lines: &str) -> Option<Health> {
    let config = config(vec![local(&format!("{WEB}[target.web.health]\n{lines}"))]);
    config.targets[0].target.health.clone()
}

fn health_complaint(line: &str) -> String {
    let complaint = complaint(vec![local(&format!("{WEB}[target.web.health]\n{line}\n"))]);
    complaint.replace("/r/.git/afterpush/u1/config.toml:5: target.web.health.", "")
}

fn database(lines: &str) -> Option<Database> {
    config(vec![local(&format!("{WEB}[database]\n{lines}"))]).targets[0].target.database.clone()
}

fn database_complaint(line: &str) -> String {
    let complaint = complaint(vec![local(&format!("{WEB}[database]\n{line}\n"))]);
    complaint.replace("/r/.git/afterpush/u1/config.toml:5: database.", "")
}

fn endpoint(path: &str) -> Endpoint {
    Endpoint { url: format!("{URL}/{path}"), html: false }
}

#[test]
fn endpoints_have_five_minutes_and_soak_for_ten_unless_told_otherwise() {
    let version = |part| Some(Version { url: format!("{URL}/version"), part });
    let bare = health(&format!("live = \"{URL}/live\"\nversion = \"{URL}/version\"\n")).expect("endpoints");
    assert_eq!((bare.live, bare.ready), (Some(endpoint("live")), None));
    assert_eq!(bare.version, version(VersionPart::Body));
    assert_eq!((bare.within, bare.soak), (Span::from_mins(5), Span::from_mins(10)));
    let full = health(&format!(
        "ready = {{ url = \"{URL}/up\", html = true }}\nversion = {{ url = \"{URL}/version\", pointer = \"/git/sha\" }}\n\
         within = \"90s\"\nsoak = \"0s\"\n"
    ));
    let full = full.expect("endpoints");
    assert_eq!(full.ready, Some(Endpoint { url: format!("{URL}/up"), html: true }));
    assert_eq!(full.version, version(VersionPart::Pointer("/git/sha".to_owned())));
    assert_eq!((full.within.as_secs(), full.soak), (90, Span::ZERO));
    let header = health(&format!("version = {{ url = \"{URL}/version\", header = \"X-Commit\" }}\n")).expect("one");
    assert_eq!(header.version, version(VersionPart::Header("x-commit".to_owned())));
}

#[test]
fn without_endpoints_there_is_nothing_to_soak_unless_it_is_told() {
    assert_eq!(health("within = \"1m\"\n"), None);
    assert_eq!(health("soak = \"1m\"\n").map(|health| health.soak), Some(Span::from_mins(1)));
}

#[test]
fn a_wrong_endpoint_is_one_sentence() {
    insta::assert_snapshot!(
        [
            "live = \"http://shop.example.com/\"",
            "live = \"https://user:canary@shop.example.com/\"",
            "live = 7",
            "ready = { html = true }",
            "ready = { url = \"https://x.example.com\", xhtml = true }",
            "version = { url = \"https://x.example.com\", pointer = \"commit\" }",
            "version = { url = \"https://x.example.com\", header = \"a b\" }",
            "version = { url = \"https://x.example.com\", header = \"a\", pointer = \"/b\" }",
            "within = \"0s\"",
            "soak = \"25h\"",
            "alive = \"https://x.example.com\"",
        ]
        .map(health_complaint)
        .join("\n")
    );
}

#[test]
fn the_tracked_file_may_say_how_long_but_not_whom_to_ask() {
    let theirs = format!("{WEB}[target.web.health]\nready = \"https://evil.example.com\"\nwithin = \"1m\"\n");
    let mine = format!("[target.web.health]\nready = \"{URL}/ready\"\n");
    let config = config(vec![tracked(&theirs), local(&mine)]);
    let health = config.targets[0].target.health.as_ref().expect("endpoints");
    assert_eq!((&health.ready, health.within), (&Some(endpoint("ready")), Span::from_mins(1)));
    assert!(config.warnings[0].message.contains("target.web.health.ready"), "{:?}", config.warnings);
    assert_eq!(config.origin_of("target.web.health.within").map(|at| at.kind), Some(LayerKind::Tracked));
}

#[test]
fn a_database_is_told_by_its_parts_or_by_what_tells_its_url() {
    let of = |url| Database { url, ca: None, table: Table::default() };
    assert_eq!(database(""), Some(of(DatabaseUrl::Told(TokenSource::Chain))));
    let env = DatabaseUrl::Told(TokenSource::Env("DATABASE_URL".to_owned()));
    assert_eq!(database("url = { env = \"DATABASE_URL\" }\n"), Some(of(env)));
    assert_eq!(database("url = \"sqlite:///srv/app.db\"\n"), Some(of(DatabaseUrl::File("/srv/app.db".into()))));
    let full = database(
        "ca = \"/etc/ca.pem\"\ntable = \"app.Deploys\"\nstates = { shipped = \"live\" }\n\
         columns = { commit = \"commitSha\", time = \"startedAt\", error = \"errorMessage\" }\n",
    );
    let full = full.expect("a database");
    let column = |name: &str| Some(name.to_owned());
    let columns = Columns {
        commit: column("commitSha"),
        time: column("startedAt"),
        error: column("errorMessage"),
        ..Columns::default()
    };
    assert_eq!(full.ca, Some("/etc/ca.pem".into()));
    assert_eq!((full.table.name.as_str(), full.table.columns), ("app.Deploys", columns));
    assert_eq!(full.table.words.get("shipped"), Some(&State::Succeeded));
    assert_eq!(config(vec![local(WEB)]).targets[0].target.database, None);
}

#[test]
fn a_wrong_database_is_one_sentence_without_its_password() {
    let told = [
        "url = \"mysql://root:canary@127.0.0.1/shop\"",
        "url = \"sqlite:relative.db\"",
        "url = { secret = \"canary\" }",
        "ca = \"ca.pem\"",
        "table = \"a; drop table b\"",
        "columns = { commit = \"a`b\" }",
        "columns = { comit = \"sha\" }",
        "states = { done = \"finished\" }",
        "password = \"canary\"",
    ]
    .map(database_complaint)
    .join("\n");
    assert!(!told.contains("canary"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn a_database_in_the_tracked_file_is_not_read() {
    let config = config(vec![tracked(&format!("{WEB}[database]\nurl = {{ env = \"DATABASE_URL\" }}\n"))]);
    assert_eq!(config.targets[0].target.database, None);
    assert!(config.warnings[0].message.contains("comes with the clone: database;"), "{:?}", config.warnings);
}

#[test]
fn a_target_without_a_provider_needs_the_table() {
    const NONE: &str = "[target.web]\nprovider = \"none\"\n";
    let config = config(vec![tracked(NONE), local("[database]\n")]);
    assert_eq!(config.targets[0].target.lead(), Source::Database);
    insta::assert_snapshot!(complaint(vec![tracked(NONE)]), @r#".afterpush.toml:2: provider = "none" lets the deployments table decide: add [database] to a file of your own; where only an endpoint tells what is served, use provider = "http""#);
    insta::assert_snapshot!(complaint(vec![local(&format!("{NONE}app = \"x\"\n[database]\n"))]), @r#"/r/.git/afterpush/u1/config.toml:3: target.web.app is not read by provider "none", which reads nothing of the kind"#);
    let withheld = load(&layers(vec![tracked(&format!("{NONE}[database]\n"))])).expect("it is only ignored");
    assert!(withheld.targets.is_empty() && withheld.warnings.len() == 1);
}
