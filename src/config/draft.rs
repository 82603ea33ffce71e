//! The first `.afterpush.toml` of a repository, with a word on every key and nothing that is secret.

use std::fmt::Write;

use super::value;
use crate::provider::Suggestion;

/// The file for these targets; what is uncertain is commented out, and where nothing is known a target to fill in.
pub fn draft(suggestions: &[Suggestion]) -> String {
    let mut text = HEAD.to_owned();
    let mut names = Vec::new();
    for suggestion in suggestions {
        let name = target_name(&suggestion.target, &names);
        text.push_str(&table(suggestion, &name));
        names.push(name);
    }
    if suggestions.is_empty() {
        text.push_str(BLANK_TARGET);
    }
    text.push_str(FOOT);
    text
}

const HEAD: &str = r#"# What afterpush has to know to follow a push to where it is deployed.
# No secret belongs here, so this file can be committed. Where a token is read from, URLs and commands count here only
# for those who ran `afterpush trust`; else they go into a file of your own, which `afterpush doctor` names.

[watch]
# timeout = "90m"             # then we stop looking (verdict timeout); 24h at most
# register_timeout = "5m"     # then, without any deployment: verdict no_deploy
# branches = ["main"]         # default: the branch the remote's HEAD names
# remotes = ["origin"]
"#;

const BLANK_TARGET: &str = r#"
# One table for each place a commit is deployed to; the name is yours.
# [target.web]
# provider = "digitalocean"   # or github, http, command
# app = "my-app"              # its id or its name; of github owner/repository
# branches = ["main"]         # instead of those of [watch]
# paths = ["web/**"]          # only pushes that touch these
"#;

const FOOT: &str = r#"
[status]
# mirror = true               # also keep .deployment-status-* files in this folder
# keep = "7d"                 # how long the files of decided commits stay
"#;

fn table(suggestion: &Suggestion, name: &str) -> String {
    let mut lines = format!("[target.{name}]\nprovider = {}\n", quoted(suggestion.provider));
    // Writing to a string cannot fail.
    for (key, value) in [("app", &suggestion.app), ("workflow", &suggestion.workflow)] {
        let _ = value.as_ref().map(|value| writeln!(lines, "{key} = {}", quoted(value)));
    }
    if !suggestion.command.is_empty() {
        let _ = writeln!(lines, "command = {}", list(suggestion.command.iter()));
    }
    // A name with characters that mean something in patterns is better left to the defaults.
    let plain = suggestion.branches.iter().filter(|branch| value::branch(branch).is_ok());
    if plain.clone().next().is_some() {
        let _ = writeln!(lines, "branches = {}", list(plain));
    }
    let found_in = crate::base::text::visible(&suggestion.found_in);
    if suggestion.is_sure() && suggestion.app.as_ref().is_none_or(|app| value::plain(app).is_ok()) {
        return format!(
            "\n# Found in {found_in}\n{lines}# paths = [\"web/**\"]          # only pushes that touch these\n"
        );
    }
    let commented = lines.trim_end().replace('\n', "\n# ");
    if !suggestion.command.is_empty() {
        return format!(
            "\n# Found in {found_in}, but not certain: take the # away and put it right; a command counts only\n\
             # once you have run `afterpush trust`\n# {commented}\n"
        );
    }
    format!("\n# Found in {found_in}, but not certain: put it right and take the # away\n# {commented}\n")
}

fn list<'s>(words: impl Iterator<Item = &'s String>) -> String {
    let words: Vec<_> = words.map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

/// A name like the wanted one that is allowed and not taken.
fn target_name(wanted: &str, taken: &[String]) -> String {
    let letters = wanted.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    let letters: String = letters.take(60).collect();
    let name = Some(letters.trim_matches('-')).filter(|name| value::is_target_name(name)).unwrap_or("web");
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{Layer, LayerKind, Layers, load};
    use crate::provider::Certainty;

    fn suggestion(target: &str, app: &str, sure: bool) -> Suggestion {
        Suggestion {
            provider: "digitalocean",
            target: target.to_owned(),
            app: Some(app.to_owned()),
            workflow: None,
            command: Vec::new(),
            branches: vec!["main".to_owned()],
            found_in: ".do/app.yaml".to_owned(),
            certainty: if sure { Certainty::Sure } else { Certainty::Unsure },
        }
    }

    fn load_text(text: String) -> crate::config::Config {
        let files = vec![Layer::new(LayerKind::Tracked, ".afterpush.toml", text)];
        load(&Layers { files, ..Layers::default() }).expect("a draft is right")
    }

    #[test]
    fn a_draft_is_a_configuration() {
        let text = draft(&[suggestion("shop", "shop", true), suggestion("shop!", "shop two", true)]);
        let config = load_text(text.clone());
        let targets: Vec<_> = config.targets.iter().map(|t| (t.target.name.as_str(), t.target.app.as_str())).collect();
        assert_eq!(targets, [("shop", "shop"), ("shop-2", "shop two")]);
        assert!(config.warnings.is_empty());
        insta::assert_snapshot!(text, @r#"
        # What afterpush has to know to follow a push to where it is deployed.
        # No secret belongs here, so this file can be committed. Where a token is read from, URLs and commands count here only
        # for those who ran `afterpush trust`; else they go into a file of your own, which `afterpush doctor` names.

        [watch]
        # timeout = "90m"             # then we stop looking (verdict timeout); 24h at most
        # register_timeout = "5m"     # then, without any deployment: verdict no_deploy
        # branches = ["main"]         # default: the branch the remote's HEAD names
        # remotes = ["origin"]

        # Found in .do/app.yaml
        [target.shop]
        provider = "digitalocean"
        app = "shop"
        branches = ["main"]
        # paths = ["web/**"]          # only pushes that touch these

        # Found in .do/app.yaml
        [target.shop-2]
        provider = "digitalocean"
        app = "shop two"
        branches = ["main"]
        # paths = ["web/**"]          # only pushes that touch these

        [status]
        # mirror = true               # also keep .deployment-status-* files in this folder
        # keep = "7d"                 # how long the files of decided commits stay
        "#);
    }

    #[test]
    fn what_is_uncertain_or_unknown_is_commented_out() {
        let unsure = draft(&[suggestion("shop", "shop", false)]);
        assert!(load_text(unsure.clone()).targets.is_empty());
        assert!(unsure.contains("not certain: put it right"), "{unsure}");
        assert!(load_text(draft(&[])).targets.is_empty());
    }

    #[test]
    fn every_commented_line_is_right_once_the_comment_is_taken_away() {
        let is_key = |line: &str| line.starts_with("# ") && (line.contains(" = ") || line.starts_with("# ["));
        let draft = draft(&[]);
        let lines: Vec<_> = draft.lines().map(|line| if is_key(line) { &line[2..] } else { line }).collect();
        assert_eq!(load_text(lines.join("\n")).targets.len(), 1);
    }

    proptest! {
        #[test]
        fn no_name_breaks_the_draft(target in "\\PC{0,80}", app in "[a-z\"'\\\\#=]{1,20}", branch in "[a-z\"'\\\\/]{1,20}") {
            let one = Suggestion { branches: vec![branch], ..suggestion(&target, &app, true) };
            let config = load_text(draft(&[one.clone(), one]));
            prop_assert_eq!(config.targets.len(), 2);
        }
    }
}
