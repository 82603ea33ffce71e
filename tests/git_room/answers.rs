//! Questions put to the repository and to git: the answers must be the same.

use std::path::Path;

use afterpush::host::git::{GitError, Repo};
use afterpush::push::{RefName, RemoteName, Sha};
use afterpush::watch::Relation;

use super::layouts::Place;
use super::sha;

/// A comparison; it panics where the answers differ.
pub type Comparison = fn(&Place, &Repo);

/// Those that only ask.
pub const QUESTIONS: &[Comparison] = &[
    paths_are_those_git_names,
    revisions_resolve_as_git_resolves_them,
    what_names_no_commit_is_said_in_one_sentence,
    commits_are_told_as_git_tells_them,
    kinship_is_that_of_merge_base,
    kinship_with_what_is_not_here_is_unknown,
    the_touched_files_are_those_of_diff_tree,
    refs_are_read_exactly_and_not_peeled,
    reflogs_come_newest_first_with_what_was_there_before,
    tracking_refs_go_through_the_refspecs,
    the_common_dir_alone_gives_the_same_repository_without_a_worktree,
];

/// Those that change the repository first.
pub const CHANGES: &[Comparison] = &[
    the_hooks_folder_follows_the_configuration,
    a_push_is_found_in_the_reflog_of_its_tracking_ref,
    configuration_is_read_as_git_reads_it,
];

fn paths_are_those_git_names(place: &Place, repo: &Repo) {
    let absolute = |what: &str| place.git(&["rev-parse", "--path-format=absolute", what]);
    assert_eq!(repo.git_dir(), Path::new(&absolute("--git-dir")), "{place}");
    assert_eq!(repo.common_dir(), Path::new(&absolute("--git-common-dir")), "{place}");
    let worktree = repo.worktree().map(|path| path.display().to_string());
    assert_eq!(worktree, place.try_git(&["rev-parse", "--show-toplevel"]), "{place}");
    let hooks = place.git(&["rev-parse", "--path-format=absolute", "--git-path", "hooks"]);
    assert_eq!(repo.hooks_dir().expect("a folder"), Path::new(&hooks), "{place}");
}

fn revisions_resolve_as_git_resolves_them(place: &Place, repo: &Repo) {
    let head = place.git(&["rev-parse", "HEAD"]);
    let revisions = [
        "HEAD",
        "@",
        "HEAD~1",
        "HEAD^",
        "main",
        "refs/heads/main",
        "heads/main",
        "origin/main",
        "v1",
        "v1^{}",
        "v1^{commit}",
        "v1-1-g",
        ":/second",
        "main^{/second}",
        "HEAD@{0}",
        "main@{0}",
        "@{upstream}",
        "main@{1 hour ago}",
        &head,
        &head[..9],
        &head[..4],
        &head.to_uppercase(),
    ];
    for revision in revisions {
        let (asked, peeled) =
            if revision.starts_with(":/") { (revision.to_owned(), "") } else { (revision.to_owned(), "^{commit}") };
        let expected = place.try_git(&["rev-parse", "--verify", "--quiet", &format!("{asked}{peeled}")]);
        let found = repo.resolve(revision).ok().map(|sha| sha.to_string());
        assert_eq!(found, expected, "{place}: {revision}");
    }
}

fn what_names_no_commit_is_said_in_one_sentence(place: &Place, repo: &Repo) {
    for revision in ["xyz", "", "--all", "-h", "HEAD~99", "HEAD:README", "HEAD^{tree}", "a b", "HEAD..v1", "x\0y"] {
        let error = repo.resolve(revision).expect_err(revision);
        assert!(matches!(&error, GitError::UnknownRevision(_)), "{place}: {revision:?} gave {error:?}");
    }
    let words = repo.resolve("xyz").expect_err("unknown").to_string();
    assert_eq!(words, "`xyz` is not a commit this repository knows");
    let words = repo.resolve("a\u{1b}[1m").expect_err("unknown").to_string();
    assert_eq!(words, "`a\\u{1b}[1m` is not a commit this repository knows");
}

fn commits_are_told_as_git_tells_them(place: &Place, repo: &Repo) {
    for commit in place.git(&["rev-list", "--all"]).lines() {
        let subject = place.git(&["log", "-1", "--format=%s", commit]);
        assert_eq!(repo.subject(&sha(commit)).as_deref(), Some(&*subject), "{place}");
    }
    assert_eq!(repo.head().map(|head| head.to_string()), place.try_git(&["rev-parse", "HEAD"]), "{place}");
    let unknown = sha(&"7".repeat(place.id_length()));
    assert_eq!(repo.subject(&unknown), None, "{place}");
}

fn kinship_is_that_of_merge_base(place: &Place, repo: &Repo) {
    let all = place.git(&["rev-list", "--all"]);
    let shallow = place.git(&["rev-parse", "--is-shallow-repository"]) == "true";
    for (ours, other) in all.lines().flat_map(|ours| all.lines().map(move |other| (ours, other))) {
        let base = place.try_git(&["merge-base", ours, other]);
        let expected = match base.as_deref() {
            _ if ours == other => Relation::Same,
            Some(base) if base == ours => Relation::Contains,
            Some(base) if base == other => Relation::Older,
            _ if shallow => Relation::Unknown,
            _ => Relation::Apart,
        };
        assert_eq!(repo.relation(&sha(ours), other), expected, "{place}");
        assert_eq!(repo.relation(&sha(ours), &other[..9]), expected, "{place}");
        assert_eq!(repo.merge_base(&sha(ours), &sha(other)).map(|base| base.to_string()), base, "{place}");
        let count = place.git(&["rev-list", "--count", &format!("{ours}..{other}")]);
        assert_eq!(repo.count(&sha(ours), &sha(other)), count.parse().ok(), "{place}");
    }
}

fn kinship_with_what_is_not_here_is_unknown(place: &Place, repo: &Repo) {
    let ours = sha(&place.git(&["rev-parse", "HEAD"]));
    for unknown in ["7777777", &"7".repeat(place.id_length()), "main", "", "ab", "--all"] {
        assert_eq!(repo.relation(&ours, unknown), Relation::Unknown, "{place}: {unknown}");
    }
}

fn the_touched_files_are_those_of_diff_tree(place: &Place, repo: &Repo) {
    let all = place.git(&["rev-list", "--all"]);
    let unknown = "7".repeat(place.id_length());
    for (old, new) in all.lines().flat_map(|old| all.lines().map(move |new| (old, new))) {
        let expected = place.git(&["diff-tree", "-r", "--name-only", "--no-renames", old, new]);
        let mut found = repo.touched(&sha(old), &sha(new)).unwrap_or_else(|| panic!("{place}: {old} {new}"));
        found.sort();
        assert_eq!(found.join("\n"), expected, "{place}");
        assert_eq!(repo.touched(&sha(&unknown), &sha(new)), None, "{place}");
    }
}

fn refs_are_read_exactly_and_not_peeled(place: &Place, repo: &Repo) {
    let names = place.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
    for (name, id) in names.lines().filter_map(|line| line.split_once(' ')) {
        assert_eq!(repo.read_ref(name).map(|id| id.to_string()).as_deref(), Some(id), "{place}: {name}");
    }
    for name in ["refs/heads/none", "heads/main", "main", "refs/heads/../heads/main", "-d", ""] {
        assert_eq!(repo.read_ref(name), None, "{place}: {name}");
    }
    assert_eq!(repo.default_branch("origin").as_deref(), place.origin_head(), "{place}");
    assert_eq!(repo.default_branch("none"), None, "{place}");
}

fn reflogs_come_newest_first_with_what_was_there_before(place: &Place, repo: &Repo) {
    let names = place.git(&["for-each-ref", "--format=%(refname)"]);
    for name in names.lines().chain(["HEAD", "refs/heads/none"]) {
        let expected = place.raw_reflog(name);
        for limit in [1, 2, 100] {
            let found = repo.reflog(name, limit);
            let found: Vec<_> = found
                .iter()
                .map(|e| (e.old.as_ref().map(Sha::to_string), e.new.to_string(), e.message.clone()))
                .collect();
            assert_eq!(found, expected[..expected.len().min(limit)], "{place}: {name}");
        }
    }
}

fn tracking_refs_go_through_the_refspecs(place: &Place, repo: &Repo) {
    let origin = RemoteName::new("origin");
    let tracked = |name: &str| repo.tracking_ref(&origin, &RefName::of_branch(name));
    let expected = place.follows("other").then(|| "refs/remotes/origin/other".to_owned());
    assert_eq!(tracked("other"), expected, "{place}");
    let expected = place.follows("main").then(|| "refs/remotes/origin/main".to_owned());
    assert_eq!(tracked("main"), expected, "{place}");
    let url = RemoteName::new(place.git(&["config", "remote.origin.url"]));
    assert_eq!(repo.tracking_ref(&url, &RefName::of_branch("main")), None, "{place}");
}

fn the_common_dir_alone_gives_the_same_repository_without_a_worktree(place: &Place, repo: &Repo) {
    let common = Repo::open_common(repo.common_dir()).expect("opened");
    assert_eq!(common.common_dir(), repo.common_dir(), "{place}");
    assert_eq!((common.git_dir(), common.worktree()), (repo.common_dir(), None), "{place}");
    assert_eq!(common.read_ref("refs/heads/main"), repo.read_ref("refs/heads/main"), "{place}");
    assert_eq!(common.resolve("main").ok(), repo.resolve("main").ok(), "{place}");
}

fn the_hooks_folder_follows_the_configuration(place: &Place, _: &Repo) {
    for path in ["/elsewhere/hooks", "my-hooks", "~/hooks"] {
        place.git(&["config", "core.hooksPath", path]);
        let hooks = place.git(&["rev-parse", "--path-format=absolute", "--git-path", "hooks"]);
        assert_eq!(place.discover().hooks_dir().expect("a folder"), Path::new(&hooks), "{place}");
    }
}

fn a_push_is_found_in_the_reflog_of_its_tracking_ref(place: &Place, _: &Repo) {
    let Some(tracking) = place.discover().tracking_ref(&RemoteName::new("origin"), &RefName::of_branch("pushed"))
    else {
        return;
    };
    let head = place.git(&["rev-parse", "HEAD"]);
    place.git(&["push", "--quiet", "origin", "HEAD:refs/heads/pushed"]);
    let repo = place.discover();
    assert_eq!(repo.read_ref(&tracking).map(|id| id.to_string()), Some(head.clone()), "{place}");
    let entries = repo.reflog(&tracking, 5);
    assert_eq!(entries.len(), 1, "{place}");
    let entry = &entries[0];
    assert!(entry.is_push() && entry.new.as_str() == head && entry.old.is_none(), "{place}: {entry:?}");
}

fn configuration_is_read_as_git_reads_it(place: &Place, _: &Repo) {
    place.git(&["config", "demo.One", "first"]);
    place.git(&["config", "--add", "demo.one", "two words"]);
    place.git(&["config", "demo.Sub.Section.key", "line\nbreak"]);
    place.git(&["remote", "add", "second", "https://bob:s3cret@example.com/a.git"]);
    place.git(&["config", "url.https://example.net/.insteadOf", "short:"]);
    place.git(&["remote", "add", "third", "short:x.git"]);
    let repo = place.discover();
    assert_eq!(repo.config("demo.one").as_deref(), Some("two words"), "{place}");
    assert_eq!(repo.config_all("demo.one"), ["first", "two words"], "{place}");
    assert_eq!(repo.config("demo.Sub.Section.key").as_deref(), Some("line\nbreak"), "{place}");
    for key in ["demo.none", "nonsense", "", "a b.c"] {
        assert_eq!((repo.config(key), repo.config_all(key)), (None, Vec::new()), "{place}: {key}");
    }
    let remotes = repo.remotes();
    let names: Vec<_> = remotes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["origin", "second", "third"], "{place}");
    assert_eq!(remotes[0].1, place.git(&["remote", "get-url", "origin"]), "{place}");
    assert_eq!(remotes[1].1, "https://example.com/a.git", "{place}");
    assert_eq!(remotes[2].1, "https://example.net/x.git", "{place}");
}
