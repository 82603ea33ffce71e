//! Many commits compared with another at once: the same as asking for each of them.

use std::cell::RefCell;
use std::path::Path;

use afterpush::host::git::{Relations, Repo};
use afterpush::push::Sha;
use afterpush::watch::Relation;

use crate::support::Sandbox;

#[test]
fn a_line_of_commits_is_told_what_each_of_them_would_be() {
    let sandbox = Sandbox::new();
    let mut line: Vec<Sha> = (0..6).map(|number| id(&sandbox.commit(&format!("main {number}")))).collect();
    sandbox.git(&["checkout", "--quiet", "-b", "side", line[2].as_str()]);
    let side = [id(&sandbox.commit("side 0")), id(&sandbox.commit("side 1"))];
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.git(&["merge", "--quiet", "--no-ff", "--message", "merged", side[0].as_str()]);
    line.push(id(&sandbox.git(&["rev-parse", "HEAD"])));
    line.push(id(&sandbox.commit("after it")));
    // Pushed by force: not one of those before is in it, and the branch begins anew.
    sandbox.git(&["checkout", "--quiet", "--orphan", "anew"]);
    line.extend([id(&sandbox.commit("anew 0")), id(&sandbox.commit("anew 1"))]);
    line.extend(side);
    let nobody = id(&"ab".repeat(20));
    let others = line.iter().chain([&nobody]).map(|sha| sha.as_str().to_owned()).chain([line[3].short().to_owned()]);
    compare(&sandbox.work(), &line, &others.collect::<Vec<_>>());
}

#[test]
fn where_a_shallow_clone_ends_a_line_is_not_taken_for_apart() {
    let sandbox = Sandbox::new();
    let line: Vec<Sha> = (0..5).map(|number| id(&sandbox.commit(&format!("main {number}")))).collect();
    sandbox.push(&[]).ends(0);
    let url = format!("file://{}", sandbox.remote().display());
    sandbox.git(&["clone", "--quiet", "--depth", "2", &url, "../shallow"]);
    let others: Vec<_> = line.iter().map(|sha| sha.as_str().to_owned()).collect();
    compare(&sandbox.root().join("shallow"), &line, &others);
}

fn compare(place: &Path, ours: &[Sha], others: &[String]) {
    let repo = Repo::discover(place).expect("a repository");
    let mut relations = Relations::default();
    let asked = RefCell::new(Vec::new());
    let ask = |ours: &Sha, other: &str| {
        let relation = repo.relation(ours, other);
        asked.borrow_mut().push(relation);
        relation
    };
    // Twice: from git, and from memory, but for what git did not know.
    for round in 0..2 {
        let line = relations.line(&ask, ours);
        for other in others {
            let one_by_one: Vec<_> = ours.iter().map(|sha| repo.relation(sha, other)).collect();
            assert_eq!(relations.along(&ask, &line, other), one_by_one, "{other}");
        }
        let asked = asked.take();
        assert!(!asked.is_empty() || round > 0, "git has told it");
        assert!(round == 0 || asked.iter().all(|told| *told == Relation::Unknown), "asked again: {asked:?}");
    }
}

fn id(text: &str) -> Sha {
    text.parse().expect("git names commits")
}
