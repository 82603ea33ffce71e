//! What needs no repository, and what says that it needs one.

use crate::support::{Ran, Sandbox};

#[test]
fn outside_a_repository_the_commands_say_so() {
    let sandbox = Sandbox::new();
    let root = sandbox.root().to_str().expect("UTF-8").to_owned();
    for command in [
        "status",
        "wait",
        "watch",
        "track",
        "list",
        "logs",
        "stop",
        "clean",
        "install",
        "uninstall",
        "init",
        "trust",
        "untrust",
    ] {
        let ran = sandbox.afterpush(&["-C", &root, command]).ends(2);
        assert!(ran.err().contains("not inside a git repository"), "{ran}");
        assert_eq!(ran.out(), "", "{ran}");
    }
    sandbox.afterpush(&["-C", &root, "daemon", "status"]).ends(2);
    sandbox.afterpush(&["-C", "/does/not/exist", "status"]).ends(2);
    sandbox.afterpush(&["list", "--all-repos"]).ends(0);
}

#[test]
fn wrong_words_are_usage_errors_in_the_form_that_was_asked_for() {
    let sandbox = Sandbox::new();
    for words in [&["nonsense"][..], &["status", "--for"], &["status", "no-such-revision"], &["wait", "--timeout", "5"]]
    {
        let ran = sandbox.afterpush(words).ends(2);
        assert!(!ran.err().is_empty() && ran.out().is_empty(), "{ran}");
        let ran = sandbox.afterpush(&[&["--json"], words].concat()).ends(2);
        let error: serde_json::Value = serde_json::from_str(&ran.err()).unwrap_or_else(|why| panic!("{why}: {ran}"));
        assert_eq!(error["schema"], "afterpush.error/1", "{ran}");
    }
    sandbox.afterpush(&["wait", "--ok", "success"]).ends(2);
    let ran = sandbox.afterpush(&["completions", "--json"]).ends(2);
    assert!(ran.err().contains("were not provided: <SHELL>\""), "{ran}");
}

#[test]
fn documentation_comes_from_the_binary() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(sandbox.afterpush(&["completions", shell]).ends(0).out().contains("afterpush"));
    }
    assert!(sandbox.afterpush(&["man"]).ends(0).out().contains(".TH afterpush"));
    sandbox.afterpush(&["man", "--dir", "pages"]).ends(0);
    assert!(sandbox.work().join("pages/afterpush-wait.1").is_file());
    insta::assert_snapshot!("exit_codes", sandbox.afterpush(&["exit-codes"]).ends(0).out());
    assert_eq!(sandbox.afterpush(&["exit-codes", "--json"]).ends(0).json()["codes"][0]["verdicts"][0], "live");
}

#[test]
fn every_command_has_its_help() {
    let sandbox = Sandbox::new();
    let top = help(&sandbox, &["--help"]);
    let commands: Vec<String> = top
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect();
    assert!(commands.len() >= 18, "{commands:?}");
    insta::assert_snapshot!("help", top);
    for command in &commands {
        insta::assert_snapshot!(format!("help_{command}"), help(&sandbox, &[command, "-h"]));
    }
}

fn help(sandbox: &Sandbox, words: &[&str]) -> String {
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_afterpush"));
    Ran::of(command.args(words).env("COLUMNS", "100")).ends(0).out()
}

#[test]
fn colors_come_only_when_they_are_wanted() {
    let sandbox = Sandbox::new();
    let has_color = |words: &[&str], variables: &[(&str, &str)]| {
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_afterpush"));
        let ran = Ran::of(command.args(words).args(["status", "nope"]).envs(variables.iter().copied())).ends(2);
        ran.err().contains('\u{1b}')
    };
    assert!(!has_color(&[], &[]));
    assert!(has_color(&["--color", "always"], &[]));
    assert!(has_color(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!has_color(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!has_color(&["--color=never"], &[("CLICOLOR_FORCE", "1")]));
}
