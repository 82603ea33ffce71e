//! Where credentials come from, with real files, commands and environments.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use afterpush::host::secrets::{Bound, Environment, credential, names};
use afterpush::provider::{Provider, by_name};
use afterpush::watch::{Particulars, Target, TargetName, TokenSource};
use tempfile::TempDir;

const TOKEN: &str = "dop_v1_canary_of_the_secrets_tests";

fn provider() -> &'static dyn Provider {
    by_name("digitalocean").expect("it is in the registry")
}

fn target(token: TokenSource) -> Target {
    Target {
        name: TargetName::new("web"),
        provider: "digitalocean".to_owned(),
        app: "shop".to_owned(),
        base_url: "https://api.digitalocean.com".to_owned(),
        token,
        paths: Vec::new(),
        environment: None,
        health: None,
        database: None,
        particulars: Particulars::default(),
    }
}

/// An environment with these variables and this configuration folder.
fn environment(pairs: &[(&str, &str)], config_home: Option<&Path>) -> Environment {
    let wanted: BTreeSet<String> = pairs.iter().map(|(name, _)| (*name).to_owned()).collect();
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Environment::new(pairs, &wanted).with_config_home(config_home.map(Path::to_path_buf))
}

fn file(folder: &TempDir, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = folder.path().join(name);
    let written = fs::create_dir_all(path.with_file_name("")).and_then(|()| fs::write(&path, text));
    let written = written.and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(mode)));
    written.expect("a file in a temporary folder");
    path
}

async fn found(token: TokenSource, environment: &Environment) -> Bound {
    credential(&target(token), provider(), environment).await.expect("a credential").expect("one is wanted")
}

async fn refused(token: TokenSource, environment: &Environment) -> String {
    let words = credential(&target(token), provider(), environment).await.expect_err("no credential");
    assert!(!words.contains(TOKEN), "{words}");
    words
}

fn command(words: &[&str]) -> TokenSource {
    TokenSource::Command(words.iter().map(|&word| word.to_owned()).collect())
}

#[tokio::test]
async fn the_chain_is_the_variables_in_order_and_then_the_tools_file() {
    let home = TempDir::new().unwrap();
    let doctl = format!("access-token: {TOKEN}\nauth-contexts:\n  work: {TOKEN}2\n");
    file(&home, "doctl/config.yaml", &doctl, 0o600);
    let both =
        environment(&[("DIGITALOCEAN_ACCESS_TOKEN", "two"), ("DIGITALOCEAN_TOKEN", " one\n")], Some(home.path()));
    let bound = found(TokenSource::Chain, &both).await;
    assert_eq!(
        (bound.secret.expose(), bound.from.to_string().as_str()),
        ("one", "the environment variable DIGITALOCEAN_TOKEN")
    );
    assert_eq!(bound.origin.host, "api.digitalocean.com");
    let bound = found(TokenSource::Chain, &environment(&[("DIGITALOCEAN_TOKEN", "")], Some(home.path()))).await;
    assert_eq!(bound.secret.expose(), TOKEN);
    assert!(bound.from.to_string().starts_with("the file of doctl"), "{}", bound.from);
    assert!(!format!("{bound:?}").contains(TOKEN));
    let context = environment(&[("DIGITALOCEAN_CONTEXT", "work")], Some(home.path()));
    assert_eq!(found(TokenSource::Chain, &context).await.secret.expose(), format!("{TOKEN}2"));
    let words = refused(TokenSource::Chain, &environment(&[], None)).await;
    assert!(words.contains("set DIGITALOCEAN_TOKEN or DIGITALOCEAN_ACCESS_TOKEN, or log in with doctl"), "{words}");
}

#[tokio::test]
async fn a_configured_source_that_yields_nothing_is_never_replaced_by_another() {
    let home = TempDir::new().unwrap();
    file(&home, "doctl/config.yaml", &format!("access-token: {TOKEN}\n"), 0o600);
    let full = environment(&[("DIGITALOCEAN_TOKEN", TOKEN)], Some(home.path()));
    let empty = file(&home, "empty", "\n", 0o600);
    for source in [
        TokenSource::Env("SHOP_TOKEN".to_owned()),
        command(&["true"]),
        command(&["false"]),
        command(&["/nonexistent/pass", "show"]),
        TokenSource::Command(Vec::new()),
        TokenSource::File(home.path().join("missing")),
        TokenSource::File(empty),
    ] {
        refused(source, &full).await;
    }
    let words = refused(TokenSource::Env("SHOP_TOKEN".to_owned()), &full).await;
    assert!(words.contains("SHOP_TOKEN"), "{words}");
}

#[tokio::test]
async fn a_file_must_be_a_regular_one_and_the_users_alone() {
    let home = TempDir::new().unwrap();
    let none = environment(&[], None);
    let good = file(&home, "good", &format!("{TOKEN}\n"), 0o600);
    assert_eq!(found(TokenSource::File(good), &none).await.secret.expose(), TOKEN);
    for mode in [0o640, 0o604, 0o660] {
        let open = file(&home, "open", TOKEN, mode);
        let words = refused(TokenSource::File(open), &none).await;
        assert!(words.contains("chmod 600"), "{words}");
    }
    let pipe = home.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    for odd in [pipe, home.path().to_path_buf(), PathBuf::from("/dev/null")] {
        refused(TokenSource::File(odd), &none).await;
    }
    let two = file(&home, "two", &format!("{TOKEN} {TOKEN}"), 0o600);
    assert!(refused(TokenSource::File(two), &none).await.contains("more than one word"));
    file(&home, "doctl/config.yaml", &format!("access-token: {TOKEN}\n"), 0o644);
    let words = refused(TokenSource::Chain, &environment(&[], Some(home.path()))).await;
    assert!(words.contains("chmod 600"), "{words}");
}

#[tokio::test]
async fn a_command_is_run_without_a_shell_and_with_little_of_the_environment() {
    let none = environment(&[], None);
    assert_eq!(found(command(&["echo", "$HOME;x"]), &none).await.secret.expose(), "$HOME;x");
    let words =
        refused(command(&["sh", "-c", &format!("echo {TOKEN} >&2; echo {TOKEN} {TOKEN}; exit 3")]), &none).await;
    assert!(words.contains("failed"), "{words}");
    let seen = found(command(&["sh", "-c", "env | cut -d= -f1 | sort | tr '\\n' ,"]), &none).await;
    for name in seen.secret.expose().split(',') {
        assert!(!name.starts_with("CARGO"), "{}", seen.secret.expose());
    }
}

/// A target of another provider.
fn of(provider: &str, base_url: &str, token: TokenSource) -> Target {
    Target { provider: provider.to_owned(), base_url: base_url.to_owned(), ..target(token) }
}

#[tokio::test]
async fn githubs_variables_are_those_of_the_server_that_is_asked() {
    let github = by_name("github").expect("it is in the registry");
    let all = environment(&[("GITHUB_TOKEN", "two"), ("GH_ENTERPRISE_TOKEN", "own")], None);
    for (base_url, token, host) in [
        ("https://api.github.com", "two", "api.github.com"),
        ("https://git.corp.example/api/v3", "own", "git.corp.example"),
    ] {
        let bound = credential(&of("github", base_url, TokenSource::Chain), github, &all).await;
        let bound = bound.expect("a credential").expect("one is wanted");
        assert_eq!((bound.secret.expose(), bound.origin.host.as_str()), (token, host));
    }
    let own = of("github", "https://git.corp.example/api/v3", TokenSource::Chain);
    let only = environment(&[("GH_TOKEN", TOKEN)], None);
    let words = credential(&own, github, &only).await.expect_err("the credential of github.com stays there");
    assert_eq!(
        words,
        "there is no credential for github: set GH_ENTERPRISE_TOKEN or GITHUB_ENTERPRISE_TOKEN, or log in with gh"
    );
    assert_eq!(names([&own]), ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"].map(str::to_owned).into());
}

#[tokio::test]
async fn who_needs_no_credential_is_asked_without_one() {
    let none = environment(&[], None);
    for (name, token) in
        [("http", TokenSource::Chain), ("command", TokenSource::Chain), ("command", TokenSource::Env("T".to_owned()))]
    {
        let provider = by_name(name).expect("it is in the registry");
        let found = credential(&of(name, "https://status.example.com/x", token), provider, &none).await;
        assert!(found.expect("no error").is_none(), "{name}");
    }
    let http = by_name("http").expect("it is in the registry");
    let named = of("http", "https://status.example.com/x", TokenSource::Env("T".to_owned()));
    assert!(credential(&named, http, &none).await.expect_err("it is missing").contains("variable T"));
    let bound = credential(&named, http, &environment(&[("T", TOKEN)], None)).await.expect("one").expect("one");
    assert_eq!(bound.origin.host, "status.example.com");
}

#[test]
fn only_the_variables_somebody_asks_for_are_kept() {
    let targets =
        [target(TokenSource::Chain), target(TokenSource::Env("SHOP_TOKEN".to_owned())), target(command(&["x"]))];
    let wanted = names(&targets);
    let expected = ["DIGITALOCEAN_ACCESS_TOKEN", "DIGITALOCEAN_CONTEXT", "DIGITALOCEAN_TOKEN", "SHOP_TOKEN"];
    assert_eq!(wanted, expected.map(str::to_owned).into());
    let pairs = [("SHOP_TOKEN", TOKEN), ("AWS_SECRET_ACCESS_KEY", "no")];
    let kept = Environment::new(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())), &wanted);
    assert_eq!(kept.secrets().count(), 1);
    assert!(!format!("{kept:?}").contains(TOKEN));
}
