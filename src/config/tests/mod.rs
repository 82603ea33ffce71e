//! What the layers come to, and what is said of those that are wrong.

mod choices;
mod errors;
mod sources;
mod trust;

use super::*;
use crate::watch::TokenSource;

/// A target that is complete.
const WEB: &str = "[target.web]\nprovider = \"digitalocean\"\napp = \"shop\"\n";

fn tracked(text: &str) -> Layer {
    Layer::new(LayerKind::Tracked, ".afterpush.toml", text)
}

fn local(text: &str) -> Layer {
    Layer::new(LayerKind::Local, "/r/.git/afterpush/u1/config.toml", text)
}

fn user(text: &str) -> Layer {
    Layer::new(LayerKind::User, "/home/ann/.config/afterpush/config.toml", text)
}

fn layers(files: Vec<Layer>) -> Layers {
    Layers { files, variables: Vec::new(), local_path: "/r/.git/afterpush/u1/config.toml".to_owned() }
}

/// The configuration of these files, which is right.
fn config(files: Vec<Layer>) -> Config {
    load(&layers(files)).expect("the configuration is right")
}

/// What is said of these files, which are wrong.
fn complaint(files: Vec<Layer>) -> String {
    load(&layers(files)).expect_err("the configuration is wrong").to_string()
}

#[test]
fn nothing_told_means_the_built_in_values() {
    let config = config(Vec::new());
    assert_eq!(config.policy(), Policy::default());
    assert_eq!(config.watch.remotes, ["origin"]);
    assert_eq!((config.watch.branches, config.status.mirror), (None, false));
    assert_eq!(config.status.keep.to_string(), "7d");
    assert!(config.targets.is_empty() && config.warnings.is_empty());
}

#[test]
fn every_key_is_read() {
    let config = config(vec![local(
        r#"
        [watch]
        timeout = "30m"
        register_timeout = "90s"
        branches = ["main", "refs/heads/release/*"]
        remotes = ["origin", "live"]
        [target.web]
        provider = "digitalocean"
        app = "shop"
        branches = ["live"]
        paths = ["web/**", "*.toml"]
        token = { env = "SHOP_TOKEN" }
        base_url = "http://127.0.0.1:8080/api/"
        [status]
        mirror = true
        keep = "30d"
        [credentials]
        env_from_login_shell = true
        "#,
    )]);
    assert!(config.credentials.env_from_login_shell);
    assert_eq!(config.watch.timeout, Span::from_mins(30));
    assert_eq!(config.watch.register_timeout, Span::from_secs(90));
    assert_eq!(config.watch.branches.as_deref(), Some(&["main".to_owned(), "release/*".to_owned()][..]));
    assert_eq!(config.watch.remotes, ["origin", "live"]);
    assert_eq!((config.status.mirror, config.status.keep), (true, Span::from_hours(720)));
    let web = config.target("web").expect("the target");
    assert_eq!(web.branches.as_deref(), Some(&["live".to_owned()][..]));
    assert_eq!(web.target.paths, ["web/**", "*.toml"]);
    assert_eq!(web.target.token, TokenSource::Env("SHOP_TOKEN".to_owned()));
    assert_eq!(web.target.base_url, "http://127.0.0.1:8080/api");
}

#[test]
fn the_stronger_layer_wins_key_by_key_and_is_named() {
    let mut layers = layers(vec![
        user("[watch]\ntimeout = \"10m\"\nremotes = [\"up\"]\n[status]\nkeep = \"1d\"\n"),
        tracked(&format!("{WEB}[watch]\ntimeout = \"20m\"\nregister_timeout = \"2m\"\n")),
        local("[watch]\ntimeout = \"30m\"\n[target.web]\napp = \"mine\"\n"),
    ]);
    layers.variables = vec![("AFTERPUSH_REGISTER_TIMEOUT".to_owned(), "3m".to_owned())];
    let config = load(&layers).expect("the configuration is right");
    let told = |key: &str| config.origin_of(key).map_or_else(|| "built-in".to_owned(), ToString::to_string);
    assert_eq!(config.watch.timeout, Span::from_mins(30));
    assert_eq!(config.watch.register_timeout, Span::from_mins(3));
    assert_eq!(config.watch.remotes, ["up"]);
    assert_eq!(config.targets[0].target.app, "mine");
    assert_eq!(told("watch.timeout"), "/r/.git/afterpush/u1/config.toml:2");
    assert_eq!(told("watch.register_timeout"), "AFTERPUSH_REGISTER_TIMEOUT");
    assert_eq!(told("watch.remotes"), "/home/ann/.config/afterpush/config.toml:3");
    assert_eq!(told("watch.branches"), "built-in");
    assert_eq!(told("target.web.app"), "/r/.git/afterpush/u1/config.toml:4");
    assert_eq!(told("target.web.provider"), ".afterpush.toml:2");
    assert_eq!(config.origins().count(), 6);
}

#[test]
fn targets_keep_the_order_of_the_shared_file() {
    let two = "[target.web]\nprovider = \"digitalocean\"\napp = \"w\"\n[target.api]\nprovider = \"digitalocean\"\napp = \"a\"\n";
    let config = config(vec![
        local("[target.extra]\nprovider = \"digitalocean\"\napp = \"x\"\n[target.api]\napp = \"b\"\n"),
        tracked(two),
    ]);
    let names: Vec<_> = config.targets.iter().map(|t| t.target.name.as_str()).collect();
    assert_eq!(names, ["web", "api", "extra"]);
}

#[test]
fn the_users_defaults_for_a_target_make_no_target() {
    let defaults = "[target.web]\nprovider = \"digitalocean\"\ntoken = { env = \"T\" }\n";
    assert!(config(vec![user(defaults)]).targets.is_empty());
    let config = config(vec![user(defaults), tracked(WEB)]);
    assert_eq!(config.targets[0].target.token, TokenSource::Env("T".to_owned()));
}

#[test]
fn empty_variables_say_nothing_and_lists_are_separated_by_commas() {
    let mut layers = layers(vec![tracked(WEB)]);
    let set = [("AFTERPUSH_TIMEOUT", " "), ("AFTERPUSH_BRANCHES", "main, next"), ("AFTERPUSH_MIRROR", "1")];
    layers.variables = set.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let config = load(&layers).expect("the configuration is right");
    assert_eq!(config.watch.timeout, Span::from_mins(90));
    assert_eq!(config.watch.branches.as_deref(), Some(&["main".to_owned(), "next".to_owned()][..]));
    assert!(config.status.mirror);
}

#[test]
fn every_documented_variable_is_read() {
    for name in VARIABLES {
        let mut layers = layers(Vec::new());
        layers.variables = vec![((*name).to_owned(), "!\u{1}".to_owned())];
        let error = load(&layers).expect_err("no setting takes this value");
        assert_eq!(error.file, *name);
    }
}

#[test]
fn what_only_some_providers_read_is_read() {
    let config = config(vec![local(
        r#"
        [target.runs]
        provider = "github"
        app = "acme/shop"
        workflow = "deploy.yml"
        [target.live]
        provider = "github"
        app = "acme/shop"
        environment = "production"
        [target.status]
        provider = "http"
        url = "https://status.example.com/x?y=z"
        pointers = { list = "/all", commit = "/sha", state = "/state" }
        states = { shipped = "live", "rolling out" = "deploying" }
        [target.kamal]
        provider = "command"
        command = ["kamal", "app", "version"]
        limit = "1m"
        "#,
    )]);
    let of = |name: &str| &config.target(name).expect("the target").target;
    assert_eq!(of("runs").base_url, "https://api.github.com");
    assert_eq!(of("runs").particulars.workflow.as_deref(), Some("deploy.yml"));
    assert_eq!(of("live").environment.as_deref(), Some("production"));
    assert_eq!(of("status").base_url, "https://status.example.com/x?y=z");
    assert_eq!(of("status").particulars.pointers["list"], "/all");
    assert_eq!(of("status").particulars.states["rolling out"], crate::watch::State::Deploying);
    assert_eq!(of("kamal").particulars.limit, Some(Span::from_mins(1)));
    assert_eq!((of("kamal").app.as_str(), of("kamal").base_url.as_str()), ("", ""));
    let kept = serde_json::to_string(of("status")).expect("JSON");
    assert_eq!(&serde_json::from_str::<Target>(&kept).expect("what was kept"), of("status"));
}
