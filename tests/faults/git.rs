//! What people do with git while a commit is watched, and ways to push that are not everyday.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, SystemTime};

use afterpush::base::Layout;
use afterpush::standin::{Recipe, Stage};

use crate::support::{Ran, Sandbox, Site, until, write_private, write_program};

/// The branch a push of the site goes to, wherever it comes from.
const ANY_BRANCH: &str = "branches = [\"*\"]";

#[test]
fn a_worktree_that_is_removed_takes_no_watch_along() {
    let site = Site::new();
    let there = site.root().join("aside").display().to_string();
    site.git(&["worktree", "add", "--quiet", "-b", "aside", &there]);
    site.git(&["-C", &there, "commit", "--quiet", "--allow-empty", "--message=from aside"]);
    let sha = site.git(&["-C", &there, "rev-parse", "HEAD"]);
    site.git(&["-C", &there, "push", "--quiet", "origin", "aside:main"]);
    site.until_status(&sha, "that it landed", |status| status["push"]["confirmed"] == true);
    site.git(&["worktree", "remove", &there]);
    site.git(&["branch", "--quiet", "-D", "aside"]);
    site.deploy(&sha, Recipe::live());
    site.decided(&sha, "live", "deployed_live");
}

#[test]
fn packing_and_collecting_in_the_middle_disturbs_nothing() {
    for format in ["files", "reftable"] {
        let site = Site::hooked(Sandbox::with_git_since(45, &[("GIT_DEFAULT_REF_FORMAT", format)]), "");
        assert_eq!(site.git(&["rev-parse", "--show-ref-format"]), format);
        let sha = site.building();
        site.git(&["pack-refs", "--all", "--prune"]);
        site.git(&["gc", "--quiet", "--prune=now", "--aggressive"]);
        site.git(&["reflog", "expire", "--expire=now", "--all"]);
        site.force(&sha, Stage::Active);
        site.decided(&sha, "live", "deployed_live");
    }
}

#[test]
fn a_mirrored_push_is_a_push_of_each_branch() {
    let site = Site::with(ANY_BRANCH);
    let mut commits = Vec::new();
    for branch in ["one", "two"] {
        site.git(&["switch", "--quiet", "--create", branch, "main"]);
        commits.push(site.commit(branch));
    }
    site.git(&["tag", "v1"]);
    site.push(&["--mirror"]).ends(0);
    for sha in &commits {
        site.deploy(sha, Recipe::live());
        let status = site.until_status(sha, "that it landed", |status| status["push"]["confirmed"] == true);
        assert_eq!(status["attempt"], 1, "{status:#}");
    }
}

#[test]
fn of_an_atomic_push_that_is_refused_nothing_was_pushed() {
    let site = Site::with(ANY_BRANCH);
    write_program(&site.remote().join("hooks/update"), "#!/bin/sh\n[ \"$1\" != refs/heads/two ]\n");
    let mut commits = Vec::new();
    for branch in ["one", "two"] {
        site.git(&["switch", "--quiet", "--create", branch, "main"]);
        commits.push(site.commit(branch));
    }
    site.push(&["--atomic", "origin", "one", "two"]).ends(1);
    for sha in &commits {
        site.decided(sha, "not_pushed", "rejected");
    }
    // The control: without --atomic the good one goes through.
    site.push(&["origin", "one", "two"]).ends(1);
    site.until_status(&commits[0], "that it landed", |status| status["push"]["confirmed"] == true);
    site.until_status(&commits[1], "that it was refused", |status| status["reason"] == "rejected");
}

#[test]
fn a_remote_with_two_addresses_is_pushed_to_once() {
    let site = Site::new();
    let second = site.root().join("second.git").display().to_string();
    site.git(&["clone", "--quiet", "--bare", "../remote.git", &second]);
    for url in [site.remote().display().to_string(), second] {
        site.git(&["remote", "set-url", "--add", "--push", "origin", &url]);
    }
    let sha = site.ship(Recipe::live());
    let status = site.decided(&sha, "live", "deployed_live");
    assert_eq!(status["attempt"], 1, "{status:#}");
    site.quiet();
    assert_eq!(site.status(&sha).expect("a status")["attempt"], 1);
}

#[test]
fn a_push_that_one_of_two_addresses_refuses_has_landed_at_the_other() {
    for refusing in ["remote.git", "second.git"] {
        let site = Site::with("register_timeout = \"1s\"");
        site.git(&["clone", "--quiet", "--bare", "../remote.git", "../second.git"]);
        for name in ["remote.git", "second.git"] {
            let url = site.root().join(name).display().to_string();
            site.git(&["remote", "set-url", "--add", "--push", "origin", &url]);
        }
        write_program(&site.root().join(refusing).join("hooks/pre-receive"), "#!/bin/sh\nexit 1\n");
        let sha = site.commit("half welcome");
        assert_ne!(site.push(&[]).code(), Some(0));
        let status = site.until_status(&sha, "that it is done", |status| status["done"] == true);
        let told = (&status["push"]["confirmed"], &status["verdict"], &status["attempt"]);
        assert_eq!(told, (&true.into(), &"no_deploy".into(), &1.into()), "{refusing}: {status:#}");
    }
}

#[test]
fn a_push_from_a_bare_repository_is_proven_by_the_remote() {
    let site = Site::unhooked();
    site.git(&["clone", "--quiet", "--bare", "../remote.git", "../bare.git"]);
    let bare = site.root().join("bare.git");
    let layout = Layout::new(&bare, nix::unistd::getuid().as_raw());
    write_private(&layout.config(), &site.configuration("", ""));
    let run = |program: &str, args: &[&str]| Ran::of(site.command(program).current_dir(&bare).args(args));
    let afterpush = env!("CARGO_BIN_EXE_afterpush");
    run(afterpush, &["install"]).ends(0);
    let tree = run("git", &["rev-parse", "main^{tree}"]).ends(0).out();
    let sha = run("git", &["commit-tree", "-p", "main", "-m", "from a bare repository", &tree]).ends(0).out();
    run("git", &["update-ref", "refs/heads/main", &sha]).ends(0);
    let pushed = run("git", &["push", "origin", "main"]).ends(0);
    assert!(pushed.err().contains("afterpush: noted"), "{pushed}");
    assert_eq!(run("git", &["for-each-ref", "refs/remotes"]).ends(0).out(), "", "nothing here tells that it landed");
    site.deploy(&sha, Recipe::live());
    let answer = run(afterpush, &["wait", "--json", "--timeout", "60s", &sha]).ends(0).json();
    assert_eq!((&answer["verdict"], &answer["push"]["confirmed"]), (&"live".into(), &true.into()), "{answer:#}");
}

#[test]
fn with_submodules_a_push_is_followed_where_it_went() {
    let site = Site::new();
    site.git(&["clone", "--quiet", "--bare", "../remote.git", "../part.git"]);
    let allow = ["-c", "protocol.file.allow=always"];
    let url = site.root().join("part.git").display().to_string();
    site.git(&[&allow[..], &["submodule", "--quiet", "add", &url, "part"]].concat());
    let change = |message: &str| {
        site.git(&["-C", "part", "commit", "--quiet", "--allow-empty", "--message", message]);
        site.git(&["add", "--all"]);
        site.commit(message)
    };
    let layout = Layout::new(&site.work().join(".git/modules/part"), nix::unistd::getuid().as_raw());
    write_private(&layout.config(), &site.configuration("", ""));
    site.afterpush(&["-C", "part", "install"]).ends(0);
    let both = change("both");
    site.push(&["--recurse-submodules=on-demand", "origin", "main"]).ends(0);
    site.deploy(&both, Recipe::live());
    site.decided(&both, "live", "deployed_live");
    let part = site.git(&["-C", "part", "rev-parse", "HEAD"]);
    assert!(site.status(&part).is_none(), "the part's pushes are the part's");
    site.deploy(&part, Recipe::live());
    let answer = site.afterpush(&["-C", "part", "wait", "--json", "--timeout", "60s"]).ends(0).json();
    assert_eq!((&answer["commit"]["sha"], &answer["verdict"]), (&part.into(), &"live".into()), "{answer:#}");
    // git runs the hook with the refs of this repository all the same.
    let only = change("only the part");
    site.push(&["--recurse-submodules=only", "origin", "main"]).ends(0);
    let status = site.until_status(&only, "that it is done", |status| status["done"] == true);
    assert_eq!(status["verdict"], "not_pushed", "{status:#}");
    let told = site.afterpush(&["status", &only]);
    assert!(format!("{}{}", told.out(), told.err()).contains("or git did not send it"), "{told}");
    let unchecked = change("the part is not there yet");
    site.push(&["--recurse-submodules=check", "origin", "main"]).ends(128);
    let status = site.until_status(&unchecked, "that it is done", |status| status["done"] == true);
    assert_eq!(status["verdict"], "not_pushed", "{status:#}");
}

#[test]
fn a_push_for_review_is_no_push_to_the_branch_and_no_refusal() {
    let site = Site::new();
    // Gerrit takes the commit, makes a change of it, and the ref that was pushed to is not there afterwards.
    let takes = "#!/bin/sh\nread -r old new ref\ngit update-ref refs/changes/01/1/1 $new\ngit update-ref -d $ref\n";
    write_program(&site.remote().join("hooks/post-receive"), takes);
    let sha = site.commit("please look at this");
    site.push(&["origin", "HEAD:refs/for/main"]).ends(0);
    assert_eq!(site.git(&["ls-remote", "origin", "refs/for/*"]), "");
    site.decided(&sha, "skipped", "branch_not_deployed");
    site.afterpush(&["wait", &sha]).ends(3);
    // Once it is accepted it comes to the branch, and that counts.
    site.push(&[]).ends(0);
    site.deploy(&sha, Recipe::live());
    site.until_status(&sha, "live", |status| status["verdict"] == "live");
}

#[test]
fn a_branch_that_looks_like_an_option_is_a_branch() {
    let site = Site::with(ANY_BRANCH);
    let sha = site.commit("an option?");
    let name = "refs/heads/--upload-pack=touch pwned";
    let name = name.replace(' ', "\u{a0}");
    site.git(&["update-ref", &name, &sha]);
    site.push(&["origin", &name]).ends(0);
    let status = site.until_status(&sha, "that it landed", |status| status["push"]["confirmed"] == true);
    assert_eq!(status["push"]["ref"], name.as_str(), "{status:#}");
}

#[test]
fn a_branch_that_is_no_text_is_watched_and_its_status_is_json() {
    let site = Site::with(ANY_BRANCH);
    let sha = site.commit("no text");
    let name = std::ffi::OsStr::from_bytes(b"refs/heads/caf\xe9");
    Ran::of(site.command("git").arg("update-ref").arg(name).arg(&sha)).ends(0);
    Ran::of(site.command("git").args(["push", "--quiet", "origin"]).arg(name)).ends(0);
    site.deploy(&sha, Recipe::live());
    let status = site.until_status(&sha, "something", |_| true);
    let shown = status["push"]["ref"].as_str().expect("a text").to_owned();
    assert!(shown.starts_with("refs/heads/caf"), "{status:#}");
    site.afterpush(&["status", "--json", &sha]).json();
}

#[test]
fn a_push_that_takes_long_is_no_refusal() {
    let site = Site::with("register_timeout = \"1s\"");
    let gate = site.root().join("gate");
    // The other side thinks it over.
    let waits = format!("#!/bin/sh\nwhile [ ! -e {} ]; do sleep 0.05; done\n", gate.display());
    write_program(&site.remote().join("hooks/pre-receive"), &waits);
    let sha = site.commit("much to carry");
    let mut git = site.command("git").args(["push", "--quiet"]).spawn().expect("git");
    let pushing = |status: &serde_json::Value| status["phase"] == "pushing";
    site.until_status(&sha, "that it is being pushed", pushing);
    let touched = || fs::metadata(site.layout().alive()).and_then(|alive| alive.modified()).ok();
    let begin = until("the monitor lives", touched);
    let later = |at: SystemTime| at.duration_since(begin).is_ok_and(|gone| gone > Duration::from_secs(3));
    until("the limit is long over", || touched().filter(|at| later(*at)));
    let status = site.until_status(&sha, "anything", |_| true);
    assert!(pushing(&status) && status["verdict"].is_null(), "{status:#}");
    fs::write(&gate, "").expect("our own file");
    assert!(git.wait().expect("it is ours").success());
    site.deploy(&sha, Recipe::live());
    site.decided(&sha, "live", "deployed_live");
}

#[test]
fn a_transport_that_waits_for_the_end_of_its_input_gets_it() {
    let mut site = Site::new();
    let ssh = site.root().join("ssh-stub");
    // It leaves only when nobody holds git's end of the pipe any more.
    write_program(&ssh, "#!/bin/sh\nfor last; do :; done\neval \"$last\"\ncat >/dev/null\n");
    site.set("GIT_SSH_COMMAND", &ssh.display().to_string());
    site.git(&["remote", "set-url", "origin", &format!("ssh://host{}", site.remote().display())]);
    site.building();
    assert_eq!(site.processes().len(), 1, "the monitor is there and git is not");
}

#[test]
#[ignore = "needs git 2.55, which tests/run.sh --all builds"]
fn hooks_that_run_side_by_side_do_not_wait_for_the_monitor() {
    // An older one runs hooks one by one.
    let site = Site::hooked(Sandbox::with_git_since(55, &[]), "");
    let theirs = site.root().join("theirs");
    write_program(&theirs, "#!/bin/sh\necho theirs >&2\n");
    let command = theirs.display().to_string();
    for (key, value) in [
        ("hook.jobs", "4"),
        ("hook.afterpush.parallel", "true"),
        ("hook.theirs.parallel", "true"),
        ("hook.theirs.command", &command),
        ("hook.theirs.event", "pre-push"),
    ] {
        site.git(&["config", key, value]);
    }
    let sha = site.commit("side by side");
    let pushed = site.push(&[]).ends(0);
    assert!(pushed.err().contains("theirs") && pushed.err().contains("afterpush: noted"), "{pushed}");
    assert_eq!(site.processes().len(), 1, "the monitor is at work and git has not waited for it");
    site.deploy(&sha, Recipe::live());
    site.decided(&sha, "live", "deployed_live");

    // The control: what a hook leaves behind with its output open, such a git waits for.
    let gate = site.root().join("gate");
    let leaves = format!("#!/bin/sh\nwhile [ ! -e {0} ]; do echo . >>{0}.rounds; sleep 0.05; done &\n", gate.display());
    write_program(&theirs, &leaves);
    site.commit("held up");
    let mut git = site.command("git").args(["push", "--quiet"]).spawn().expect("git");
    let rounds = || fs::read_to_string(gate.with_extension("rounds")).map_or(0, |text| text.lines().count());
    until("it has been there for a while", || (rounds() > 40).then_some(()));
    assert!(git.try_wait().expect("it is ours").is_none());
    fs::write(&gate, "").expect("our own file");
    assert!(git.wait().expect("it is ours").success());
}
