//! Which pushes go where.

use super::*;
use crate::watch::Trigger;

fn main_branch() -> Vec<Trigger> {
    vec![Trigger { branch: "deploy".to_owned(), on_push: true }]
}

#[test]
fn branches_come_from_the_first_that_knows() {
    let both = Hints { remote_head: Some("trunk"), triggers: None };
    let triggers = main_branch();
    let app = Hints { remote_head: None, triggers: Some(&triggers) };
    let plain = config(vec![tracked(WEB)]);
    let watched = config(vec![tracked(&format!("{WEB}[watch]\nbranches = [\"a\"]\n"))]);
    let own = config(vec![tracked(&format!("[watch]\nbranches = [\"a\"]\n{WEB}branches = [\"b\"]\n"))]);
    for (config, hints, expected) in [
        (&own, both, vec!["b"]),
        (&watched, both, vec!["a"]),
        (&plain, Hints { triggers: Some(&triggers), ..both }, vec!["trunk"]),
        (&plain, app, vec!["deploy"]),
        (&plain, Hints { triggers: Some(&[]), ..Hints::default() }, vec!["main", "master"]),
        (&plain, Hints::default(), vec!["main", "master"]),
    ] {
        assert_eq!(branches_for(&config.targets[0], &config.watch, hints), expected);
    }
}

#[test]
fn a_push_goes_to_the_targets_of_its_branch_and_remote() {
    let second = "[target.next]\nprovider = \"digitalocean\"\napp = \"n\"\nbranches = [\"next\", \"release/*\"]\n";
    let config = config(vec![tracked(&format!("{WEB}{second}"))]);
    let names = |remote: &str, branch: &str| {
        let found = config.targets_for(remote, branch, |_| Hints { remote_head: Some("main{x"), triggers: None });
        found.iter().map(|t| t.target.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names("origin", "main{x"), ["web"]);
    assert_eq!(names("origin", "release/1"), ["next"]);
    for (remote, branch) in [("origin", "release/1/2"), ("origin", "release"), ("origin", "next/x"), ("other", "next")]
    {
        assert_eq!(names(remote, branch), Vec::<String>::new(), "{remote} {branch}");
    }
}

#[test]
fn paths_match_as_people_expect() {
    for (pattern, file, expected) in [
        ("web/**", "web/src/a.js", true),
        ("web/**", "website/a.js", false),
        ("web", "web/src/a.js", true),
        ("./web/", "web/a.js", true),
        ("*.toml", "Cargo.toml", true),
        ("*.toml", "sub/Cargo.toml", false),
        ("**/*.toml", "sub/Cargo.toml", true),
        ("{web,api}/*.js", "api/a.js", true),
        ("[ab].txt", "c.txt", false),
    ] {
        assert_eq!(touches(&[pattern.to_owned()], [file]), expected, "{pattern} {file}");
    }
    assert!(touches(&[], ["anything"]) && touches(&[], []));
    assert!(!touches(&["web/**".to_owned()], []));
}
