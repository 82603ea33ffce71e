//! What the README says is what the programs say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use afterpush::config::{Layer, LayerKind, Layers, load};
use clap::CommandFactory;

use crate::support::Sandbox;

/// The lines of the README from this heading to the next of its kind.
fn section(heading: &str) -> Vec<String> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("a README");
    let lines = readme.lines().skip_while(|line| *line != heading);
    let found: Vec<_> = lines.skip(1).take_while(|line| !line.starts_with("## ")).map(str::to_owned).collect();
    assert!(!found.is_empty(), "the README has no part {heading}");
    found
}

/// The rows of the first table in a section, cut into cells; without the two lines of its head.
fn table(heading: &str) -> Vec<Vec<String>> {
    let lines = section(heading).into_iter().skip_while(|line| !line.starts_with('|'));
    let rows = lines.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn the_readme_lists_every_command() {
    let listed = table("## Commands").into_iter().map(|row| {
        let mut words = row[0].trim_matches('`').split(' ');
        words.nth(1).expect("a row begins with a command").to_owned()
    });
    let known = afterpush::cli::Cli::command();
    let known = known.get_subcommands().filter(|command| !command.is_hide_set());
    assert_eq!(listed.collect::<Vec<_>>(), known.map(|command| command.get_name().to_owned()).collect::<Vec<_>>());
}

#[test]
fn the_readme_names_every_exit_code() {
    let codes = Sandbox::new().afterpush(&["exit-codes", "--json"]).ends(0).json();
    let known = codes["codes"].as_array().expect("a list of codes").iter().map(|code| {
        let verdicts = code["verdicts"].as_array().expect("a list of verdicts").iter();
        let verdicts: Vec<_> = verdicts.map(|verdict| format!("`{}`", verdict.as_str().expect("a word"))).collect();
        let meaning = code["meaning"].as_str().expect("a text").to_owned();
        vec![code["code"].to_string(), verdicts.join(", "), meaning]
    });
    assert_eq!(table("## Exit codes"), known.collect::<Vec<_>>());
}

#[test]
fn the_readmes_configuration_is_accepted() {
    let lines = section("## Configuration").into_iter().skip_while(|line| line != "```toml").skip(1);
    let text: Vec<_> = lines.take_while(|line| line != "```").collect();
    let layer = Layer::new(LayerKind::Local, "README.md", text.join("\n"));
    let config = load(&Layers { files: vec![layer], ..Layers::default() }).expect("what the README shows is right");
    assert_eq!(config.warnings, []);
}

#[test]
fn the_readme_names_every_variable() {
    let text = section("## Configuration").join("\n");
    let known = afterpush::config::VARIABLES.iter().chain([&afterpush::config::CONFIG_VARIABLE]);
    known.for_each(|name| assert!(text.contains(&format!("`{name}`")), "{name}"));
}

#[test]
fn the_readme_gives_a_reason_for_every_dependency() {
    let manifest = include_str!("../Cargo.toml").parse::<toml::Table>().expect("a manifest");
    let known: BTreeSet<_> = manifest["dependencies"].as_table().expect("a table").keys().cloned().collect();
    let rows = table("## Dependencies");
    let named = rows.iter().flat_map(|row| row[0].split(", ")).map(|name| name.split(' ').next().unwrap_or(name));
    assert_eq!(named.map(str::to_owned).collect::<BTreeSet<_>>(), known);
}
