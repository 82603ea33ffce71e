//! What is noted of a push.

use std::fs;

use afterpush::base::Layout;
use afterpush::push::{Asked, PushNote};

use crate::support::hooked::{Hooked, refs, requests};
use crate::support::{Ran, write_program};

#[test]
fn a_push_is_noted_and_the_user_told_on_stderr_alone() {
    let hooked = Hooked::new();
    let old = hooked.sandbox.git(&["rev-parse", "HEAD"]);
    let new = hooked.sandbox.commit("two");
    let ran = hooked.push(&["--porcelain"]);
    assert!(!ran.out().contains("afterpush"), "{ran}");
    assert!(ran.err().contains(&format!("afterpush: noted {} -> origin/main", &new[..7])), "{ran}");
    let push = hooked.only_push();
    assert_eq!(push.remote.as_str(), "origin");
    assert_eq!(push.url, "../remote.git");
    assert_eq!(push.worktree, Some(hooked.sandbox.work()));
    assert_eq!(refs(&push), [format!("refs/heads/main {new}")]);
    assert_eq!(push.refs[0].old.as_ref().map(ToString::to_string), Some(old));
    assert!(!push.cut && !push.refs[0].moved);
    assert!(push.git.is_some_and(|git| !git.dry_run));
}

#[test]
fn the_ref_on_the_remote_counts_and_tags_and_deletions_do_not() {
    let hooked = Hooked::new();
    let one = hooked.sandbox.commit("one");
    hooked.sandbox.git(&["checkout", "--quiet", "-b", "feature"]);
    let two = hooked.sandbox.commit("two");
    hooked.sandbox.git(&["tag", "--annotate", "--message=v1", "v1"]);
    hooked.push(&["origin", "main:refs/heads/prod", "HEAD:main", &format!("{one}:refs/heads/by-id"), "v1"]);
    let push = hooked.only_push();
    let mut noted = refs(&push);
    noted.sort();
    let wanted =
        [format!("refs/heads/by-id {one}"), format!("refs/heads/main {two}"), format!("refs/heads/prod {one}")];
    assert_eq!(noted, wanted);
    assert!(push.refs.iter().all(|update| update.old.is_some() == (update.name.as_str() == "refs/heads/main")));
    hooked.push(&["origin", "--delete", "prod", "by-id"]);
    hooked.push(&["origin", "--delete", "v1"]);
    hooked.push(&["origin", "v1"]);
    assert!(hooked.push(&["origin", "feature:main"]).err().contains("up-to-date"));
    assert_eq!(hooked.requests().len(), 1, "tags, deletions and nothing to push leave no request");
}

#[test]
fn a_forced_push_is_noted_like_any_other() {
    let hooked = Hooked::new();
    let lost = hooked.sandbox.commit("lost");
    hooked.push(&[]);
    hooked.sandbox.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    let new = hooked.sandbox.commit("instead");
    hooked.sandbox.push(&[]).ends(1);
    assert_eq!(hooked.requests().len(), 1, "git tells the hook nothing of a push it rejects itself");
    hooked.push(&["--force"]);
    let Asked::Push(PushNote { refs, .. }) = &hooked.requests()[1].asked else { panic!("not a push") };
    assert_eq!(refs[0].old.as_ref().map(ToString::to_string), Some(lost));
    assert_eq!(refs[0].new.as_str(), new);
}

#[test]
fn a_dry_run_is_seen_through_a_hook_manager() {
    let hooked = Hooked::new();
    let place = hooked.sandbox.work().join(".git/hooks/pre-push");
    fs::rename(&place, place.with_extension("own")).expect("renamed");
    write_program(&place, "#!/bin/sh\nsh -c '\"$0.own\" \"$@\"; exit $?' \"$0\" \"$@\"\n");
    hooked.sandbox.commit("two");
    assert!(hooked.push(&["--dry-run"]).err().contains("(dry run)"));
    assert!(hooked.only_push().git.is_some_and(|git| git.dry_run));
}

#[test]
fn the_password_in_a_url_goes_nowhere() {
    let hooked = Hooked::new();
    hooked.sandbox.git(&["config", "protocol.http.allow", "always"]);
    hooked.sandbox.git(&["remote", "add", "web", "http://bob:s3cret@127.0.0.1:9/x.git"]);
    let sha = hooked.sandbox.commit("two");
    let line = format!("refs/heads/main {sha} refs/heads/main {}\n", "0".repeat(40));
    let url = "http://bob:s3cret@127.0.0.1:9/x.git";
    for remote in ["web", url] {
        let script = "printf '%s' \"$1\" | .git/hooks/pre-push \"$2\" \"$3\"";
        let ran = Ran::of(&mut hooked.command("sh", &["-c", script, "sh", &line, remote, url])).ends(0);
        assert!(ran.err().contains("noted"), "{ran}");
        assert!(!ran.err().contains("s3cret"), "{ran}");
    }
    for request in hooked.requests() {
        let text = serde_json::to_string(&request).expect("serializable");
        assert!(!text.contains("s3cret") && !text.contains("bob"), "{text}");
    }
}

#[test]
fn every_kind_of_repository_is_found() {
    let hooked = Hooked::new();
    let sandbox = &hooked.sandbox;
    let git_dir = sandbox.work().join(".git");
    let layout = sandbox.layout();
    let worktree = sandbox.root().join("linked");
    sandbox.git(&["worktree", "add", "--quiet", "-b", "side", &worktree.to_string_lossy()]);
    let mut push = hooked.command("git", &["push", "--quiet", "origin", "side"]);
    Ran::of(push.current_dir(&worktree)).ends(0);
    let Asked::Push(noted) = &requests(&layout)[0].asked else { panic!("not a push") };
    assert_eq!(noted.worktree.as_ref(), Some(&worktree));

    sandbox.commit("two");
    let git_dir_option = format!("--git-dir={}", git_dir.display());
    Ran::of(
        hooked.command("git", &[&git_dir_option, "push", "--quiet", "../remote.git", "main:x"]).current_dir(&worktree),
    )
    .ends(0);
    let mut push = hooked.command("git", &[&git_dir_option, "push", "--quiet"]);
    push.arg(sandbox.remote()).arg("main:y");
    Ran::of(push.current_dir("/")).ends(0);
    assert_eq!(requests(&layout).len(), 3);

    let bare = sandbox.root().join("bare.git");
    sandbox.git(&["clone", "--quiet", "--bare", "../remote.git", &bare.to_string_lossy()]);
    hooked.install(&bare, "pre-push");
    Ran::of(hooked.command("git", &["push", "--quiet", "origin", "main:z"]).current_dir(&bare)).ends(0);
    let of_bare = Layout::new(&bare, nix::unistd::geteuid().as_raw());
    let Asked::Push(noted) = &requests(&of_bare)[0].asked else { panic!("not a push") };
    assert_eq!(noted.worktree, None);
}

#[test]
fn a_repository_with_long_ids_is_noted_whole() {
    let hooked = Hooked::new();
    let sandbox = &hooked.sandbox;
    let (remote, work) = (sandbox.root().join("long.git"), sandbox.root().join("long"));
    sandbox.git(&["init", "--quiet", "--object-format=sha256", "--bare", &remote.to_string_lossy()]);
    sandbox.git(&["init", "--quiet", "--object-format=sha256", "-b", "main", &work.to_string_lossy()]);
    hooked.install(&work.join(".git"), "pre-push");
    let git = |args: &[&str]| Ran::of(hooked.command("git", args).current_dir(&work)).ends(0).out();
    git(&["commit", "--quiet", "--allow-empty", "-m", "one"]);
    git(&["push", "--quiet", &remote.to_string_lossy(), "main"]);
    let noted = requests(&Layout::new(&work.join(".git"), nix::unistd::geteuid().as_raw()));
    let Asked::Push(push) = &noted[0].asked else { panic!("not a push") };
    assert_eq!(push.refs[0].new.as_str(), git(&["rev-parse", "HEAD"]));
    assert_eq!(push.refs[0].new.as_str().len(), 64);
    assert_eq!(noted[0].id.about().as_ref(), Some(&push.refs[0].new));
}

#[test]
fn a_remote_that_moved_is_told_before_git_finds_out() {
    let hooked = Hooked::new();
    let elsewhere = hooked.sandbox.root().join("elsewhere");
    hooked.sandbox.git(&["clone", "--quiet", "../remote.git", &elsewhere.to_string_lossy()]);
    let theirs = |args: &[&str]| Ran::of(hooked.command("git", args).current_dir(&elsewhere)).ends(0);
    theirs(&["commit", "--quiet", "--allow-empty", "-m", "theirs"]);
    theirs(&["push", "--quiet"]);
    hooked.sandbox.commit("ours");
    let ran = hooked.push(&["--force"]);
    let line = "origin/main has moved since the last fetch; if git rejects this push: git pull --rebase";
    assert!(ran.err().contains(line), "{ran}");
    assert!(hooked.only_push().refs[0].moved);
}

#[test]
fn a_push_that_is_to_be_ignored_is_recorded_in_silence() {
    let hooked = Hooked::new();
    hooked.stand_in("#!/bin/sh\necho started > \"${0%/*}/started\"\n");
    let sha = hooked.sandbox.commit("two");
    let mut push = hooked.command("git", &["push", "--quiet"]);
    let ran = Ran::of(push.env("AFTERPUSH", "0")).ends(0);
    assert_eq!(ran.err(), "");
    let requests = hooked.requests();
    let Asked::Ignore(ignored) = &requests[0].asked else { panic!("not ignored: {requests:?}") };
    assert_eq!(ignored.refs[0].new.as_str(), sha);
    assert!(!hooked.bin().join("started").exists());
}

#[test]
fn a_post_push_notes_head() {
    let hooked = Hooked::new();
    let shim = hooked.install(&hooked.sandbox.work().join(".git"), "post-push");
    let sha = hooked.sandbox.commit("two");
    for args in [&[][..], &["origin", "main"], &["up", "refs/heads/prod"]] {
        Ran::of(&mut hooked.command(&shim.to_string_lossy(), args)).ends(0);
    }
    let pushes: Vec<_> = hooked.requests().into_iter().map(|request| request.asked).collect();
    let wanted = [("origin", "main", "../remote.git"), ("origin", "main", "../remote.git"), ("up", "prod", "")];
    for (asked, (remote, branch, url)) in pushes.iter().zip(wanted) {
        let Asked::Push(push) = asked else { panic!("not a push") };
        assert_eq!((push.remote.as_str(), push.url.as_str()), (remote, url));
        assert_eq!(refs(push), [format!("refs/heads/{branch} {sha}")]);
    }
    hooked.sandbox.git(&["checkout", "--quiet", "--detach"]);
    let ran = Ran::of(&mut hooked.command(&shim.to_string_lossy(), &[])).ends(0);
    assert!(ran.err().contains("no branch is checked out"), "{ran}");
}

#[test]
fn a_hook_for_all_repositories_is_silent_where_nothing_is_configured() {
    let hooked = Hooked::new();
    let sha = hooked.sandbox.commit("two");
    let line = format!("refs/heads/main {sha} refs/heads/main {}\n", "0".repeat(40));
    let script = "printf '%s' \"$1\" | \"$2\" --if-configured pre-push origin url";
    let hook = hooked.hook();
    let run = || Ran::of(&mut hooked.command("sh", &["-c", script, "sh", &line, &hook.to_string_lossy()])).ends(0);
    assert_eq!(run().err(), "");
    assert!(!hooked.sandbox.layout().root().exists());
    fs::write(hooked.sandbox.work().join(".afterpush.toml"), "").expect("written");
    assert!(run().err().contains("noted"));
    assert_eq!(hooked.requests().len(), 1);
    fs::remove_file(hooked.sandbox.work().join(".afterpush.toml")).expect("removed");
    assert_eq!(run().err(), "");
    let user = hooked.sandbox.root().join("config/afterpush");
    fs::create_dir(&user).expect("a folder");
    fs::write(user.join("config.toml"), "").expect("written");
    assert!(run().err().contains("noted"), "the user's own configuration counts as well");
}
