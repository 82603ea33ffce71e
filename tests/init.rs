//! `afterpush init` on repositories that say, or do not say, where they are deployed.

use std::fs;

use crate::support::{Ran, Sandbox};

const APP: &str =
    "name: shop\nservices:\n- name: web\n  github: {repo: acme/shop, branch: main, deploy_on_push: true}\n";

/// A clone with an app spec.
fn deployed() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join(".do")).expect("a folder");
    fs::write(sandbox.work().join(".do/app.yaml"), APP).expect("an app spec");
    sandbox
}

#[test]
fn init_writes_what_the_repository_says_and_tells_the_next_steps() {
    let sandbox = deployed();
    fs::create_dir(sandbox.work().join("below")).expect("a folder");
    let ran = sandbox.afterpush(&["-C", "below", "init"]).ends(0);
    insta::assert_snapshot!(ran.out(), @r#"
    wrote .afterpush.toml
      digitalocean app shop, found in .do/app.yaml
    "#);
    insta::assert_snapshot!(ran.err(), @r#"
    next:
      set DIGITALOCEAN_TOKEN or DIGITALOCEAN_ACCESS_TOKEN where you push, or log in with doctl
      `afterpush install` puts the hook into this repository
      `afterpush doctor` checks that everything is in place
    "#);
    let text = fs::read_to_string(sandbox.work().join(".afterpush.toml")).expect("the file");
    assert!(
        text.contains("# Found in .do/app.yaml\n[target.shop]\nprovider = \"digitalocean\"\napp = \"shop\"\n"),
        "{text}"
    );
    let printed = sandbox.afterpush(&["init", "--print"]).ends(0);
    assert_eq!(printed.out(), text.trim());
}

#[test]
fn init_overwrites_only_when_told_to() {
    let sandbox = deployed();
    let file = sandbox.work().join(".afterpush.toml");
    fs::write(&file, "# mine\n").expect("a file");
    let refused = sandbox.afterpush(&["init"]).ends(1);
    insta::assert_snapshot!(refused.err().replace(&sandbox.work().display().to_string(), "WORK"), @r#"
    afterpush: WORK/.afterpush.toml is there already
      `afterpush init --print` shows what would be written, `--force` overwrites the file
    "#);
    assert_eq!(fs::read_to_string(&file).expect("the file"), "# mine\n");
    sandbox.afterpush(&["init", "--force"]).ends(0);
    assert_ne!(fs::read_to_string(&file).expect("the file"), "# mine\n");
}

#[test]
fn where_nothing_is_recognised_init_says_what_to_do_and_writes_nothing() {
    let sandbox = Sandbox::new();
    let refused = sandbox.afterpush(&["init"]).ends(4);
    insta::assert_snapshot!(refused.err(), @r#"
    afterpush: nothing here names a provider (looked for .do/app.yaml, .do/app.yml, .github/workflows/, config/deploy.yml)
      write .afterpush.toml by hand: `afterpush init --print` shows a template
    "#);
    assert!(!fs::exists(sandbox.work().join(".afterpush.toml")).expect("the folder can be read"));
    let template = sandbox.afterpush(&["init", "--print"]).ends(0).out();
    assert!(template.contains("# [target.web]"), "{template}");
}

#[test]
fn init_in_a_bare_repository_or_nowhere_is_refused() {
    let sandbox = deployed();
    let bare = sandbox.remote().display().to_string();
    let refused = sandbox.afterpush(&["-C", &bare, "init"]).ends(4);
    assert!(refused.err().contains("a bare repository has no place for .afterpush.toml"), "{refused}");
    let root = sandbox.root().display().to_string();
    sandbox.afterpush(&["-C", &root, "init"]).ends(2);
}

#[test]
fn init_as_json_is_one_document_and_holds_no_secret() {
    let sandbox = deployed();
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_afterpush"));
    let ran = Ran::of(command.args(["init", "--json"]).env("DIGITALOCEAN_TOKEN", "hunter2hunter2")).ends(0);
    let document = ran.json();
    assert_eq!(document["schema"], "afterpush.init/1");
    assert_eq!(document["targets"][0]["app"], "shop");
    assert_eq!(document["next"][0]["command"], "afterpush install", "a token is set already");
    assert!(!ran.out().contains("hunter2"), "{ran}");
}

const WORKFLOW: &str =
    "name: Deploy\non: {push: {branches: [main]}}\njobs:\n  ship: {runs-on: x, environment: production}\n";

/// Adds a file to the clone.
fn add(sandbox: &Sandbox, path: &str, text: &str) {
    let path = sandbox.work().join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

/// A clone whose remote is at GitHub.
fn at_github() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.git(&["remote", "set-url", "origin", "git@github.com:acme/shop.git"]);
    add(&sandbox, ".github/workflows/deploy.yml", WORKFLOW);
    add(&sandbox, ".github/workflows/ci.yml", "on: push\njobs: {test: {runs-on: x}}\n");
    add(&sandbox, ".github/workflows/README.md", "deploy");
    sandbox
}

#[test]
fn the_only_workflow_that_deploys_is_written() {
    let sandbox = at_github();
    let ran = sandbox.afterpush(&["init"]).ends(0);
    insta::assert_snapshot!(ran.out(), @r#"
    wrote .afterpush.toml
      github workflow deploy.yml of acme/shop, found in .github/workflows/deploy.yml
    "#);
    assert!(ran.err().contains("set GH_TOKEN or GITHUB_TOKEN where you push, or log in with gh"), "{ran}");
    let text = fs::read_to_string(sandbox.work().join(".afterpush.toml")).expect("the file");
    let target = "[target.deploy]\nprovider = \"github\"\napp = \"acme/shop\"\nworkflow = \"deploy.yml\"\nbranches = [\"main\"]\n";
    assert!(text.contains(&format!("# Found in .github/workflows/deploy.yml\n{target}")), "{text}");
    let ran = sandbox.afterpush(&["doctor", "--offline"]).ends(0);
    assert!(ran.out().contains("github workflow deploy.yml of acme/shop; pushes of main"), "{ran}");
}

#[test]
fn beside_another_provider_a_workflow_and_a_command_are_uncertain() {
    let sandbox = at_github();
    add(&sandbox, ".do/app.yaml", APP);
    add(&sandbox, "config/deploy.yml", "service: shop\nimage: acme/shop\n");
    let ran = sandbox.afterpush(&["init"]).ends(0);
    insta::assert_snapshot!(ran.out(), @r#"
    wrote .afterpush.toml
      digitalocean app shop, found in .do/app.yaml
      github workflow deploy.yml of acme/shop, found in .github/workflows/deploy.yml (not certain, so commented out)
      command kamal app version, found in config/deploy.yml (not certain, so commented out)
    "#);
    let text = fs::read_to_string(sandbox.work().join(".afterpush.toml")).expect("the file");
    assert!(text.contains("# provider = \"github\"\n# app = \"acme/shop\"\n# workflow = \"deploy.yml\""), "{text}");
    assert!(
        text.contains("once you have run `afterpush trust`") && text.contains("\n# command = [\"kamal\", "),
        "{text}"
    );
    let document = sandbox.afterpush(&["init", "--force", "--json"]).ends(0).json();
    let sure: Vec<_> = document["targets"].as_array().expect("a list").iter().map(|t| t["sure"].clone()).collect();
    assert_eq!(sure, [true, false, false]);
    assert_eq!(document["targets"][2]["command"][0], "kamal");
}
