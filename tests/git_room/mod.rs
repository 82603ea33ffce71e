//! The repository's answers, compared with git's own, in every kind of repository.

mod answers;
mod layouts;
mod relations;
mod remote;

use std::path::Path;
use std::process::Command;

use afterpush::host::git::{GitError, Repo, Surroundings};
use afterpush::push::{RefName, Sha};

use answers::{CHANGES, QUESTIONS};
use layouts::{Layout, Place};

use crate::support::{Ran, search_path_since};

/// Asks everything in a repository of this kind.
fn compare(layout: Layout) {
    let place = Place::new(layout);
    let repo = place.discover();
    for question in QUESTIONS {
        question(&place, &repo);
    }
    for change in CHANGES {
        change(&place, &repo);
    }
}

/// Does what this test does where git has refs in tables. The code under test takes the git on the path of its
/// process, so a newer one than the machine's takes a process of its own.
#[track_caller]
fn with_tables(test: &str, does: fn()) {
    let path = search_path_since(45);
    if std::env::var_os("PATH").is_some_and(|usual| usual == path) {
        return does();
    }
    let mut anew = Command::new(std::env::current_exe().expect("this program"));
    let anew = anew.args(["--exact", &format!("git_room::{test}")]).env("PATH", &path).env_remove("AFTERPUSH_TEST_GIT");
    let ran = Ran::of(anew).ends(0);
    assert!(ran.out().contains("1 passed"), "{ran}");
}

fn sha(text: &str) -> Sha {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is an id"))
}

#[test]
fn an_ordinary_repository_answers_as_git_does() {
    compare(Layout::Files);
}

#[test]
fn a_packed_repository_answers_as_git_does() {
    compare(Layout::Packed);
}

#[test]
fn a_repository_with_reftables_answers_as_git_does() {
    with_tables("a_repository_with_reftables_answers_as_git_does", || compare(Layout::Reftable));
}

#[test]
fn a_sha256_repository_answers_as_git_does() {
    compare(Layout::Sha256);
}

#[test]
fn a_sha256_repository_with_reftables_answers_as_git_does() {
    with_tables("a_sha256_repository_with_reftables_answers_as_git_does", || compare(Layout::ReftableSha256));
}

#[test]
fn a_bare_repository_answers_as_git_does() {
    compare(Layout::Bare);
}

#[test]
fn a_linked_worktree_answers_as_git_does() {
    compare(Layout::LinkedWorktree);
}

#[test]
fn a_worktree_of_a_bare_repository_answers_as_git_does() {
    compare(Layout::LinkedWorktreeOfBare);
}

#[test]
fn a_repository_named_by_git_dir_answers_as_git_does() {
    compare(Layout::FromElsewhere);
}

#[test]
fn a_repository_with_worktree_configuration_answers_as_git_does() {
    compare(Layout::WorktreeConfig);
}

#[test]
fn a_shallow_clone_answers_as_git_does() {
    compare(Layout::Shallow);
}

#[test]
fn a_partial_clone_answers_as_git_does() {
    compare(Layout::Partial);
}

#[test]
fn a_single_branch_clone_answers_as_git_does() {
    compare(Layout::SingleBranch);
}

#[test]
fn a_repository_without_a_commit_says_so() {
    with_tables("a_repository_without_a_commit_says_so", || {
        for layout in [Layout::Files, Layout::Reftable, Layout::Sha256, Layout::Bare] {
            let place = Place::empty(layout);
            let repo = place.discover();
            assert_eq!(repo.head(), None, "{place}");
            assert_eq!(repo.head_ref(), Some(RefName::new("refs/heads/main")), "{place}");
            assert!(matches!(repo.resolve("HEAD"), Err(GitError::NoCommitYet)), "{place}");
        }
    });
}

#[test]
fn a_subject_is_converted_folded_and_made_inert() {
    for layout in [Layout::Files, Layout::Sha256] {
        let place = Place::new(layout);
        place.git(&["-c", "i18n.commitEncoding=ISO-8859-1", "commit", "--allow-empty", "-m", "caf\u{e9}"]);
        let head = sha(&place.git(&["rev-parse", "HEAD"]));
        let expected = place.git(&["log", "-1", "--format=%s"]);
        assert_eq!(place.discover().subject(&head), Some(expected), "{place}");
        place.git(&["commit", "--allow-empty", "-m", "one\ntwo \u{1b}[31m\n\nbody"]);
        let head = sha(&place.git(&["rev-parse", "HEAD"]));
        assert_eq!(place.discover().subject(&head).as_deref(), Some("one two \\u{1b}[31m"), "{place}");
    }
}

#[test]
fn outside_a_repository_there_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    for dir in [folder.path(), &folder.path().join("none")] {
        let found = Repo::discover_with(dir, &Surroundings::default());
        assert!(matches!(found, Err(GitError::NotARepository(_))));
    }
}

#[test]
fn the_search_ends_at_the_ceiling() {
    let place = Place::new(Layout::Files);
    let below = place.dir().join("below/deep");
    std::fs::create_dir_all(&below).expect("made");
    let ceiling = |path: &Path| Surroundings::default().with("GIT_CEILING_DIRECTORIES", path);
    assert!(Repo::discover_with(&below, &ceiling(place.dir())).is_err());
    assert!(Repo::discover_with(&below, &Surroundings::default()).is_ok());
}

#[test]
fn inside_a_hook_the_repository_is_the_one_of_the_push() {
    for layout in [Layout::LinkedWorktree, Layout::LinkedWorktreeOfBare, Layout::Files] {
        // What git sets for a hook in a linked worktree; the current folder is its root.
        let place = Place::new(layout);
        let outside = place.discover();
        let inside = Surroundings::default().with("GIT_DIR", outside.git_dir());
        let repo = Repo::discover_with(place.dir(), &inside).expect("found");
        let paths = |repo: &Repo| [repo.git_dir(), repo.common_dir()].map(Path::to_path_buf);
        assert_eq!(paths(&repo), paths(&outside), "{place}");
        assert_eq!(repo.worktree(), outside.worktree(), "{place}");
    }
}
