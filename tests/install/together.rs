//! Beside managers of hooks as they come from their registries: both hooks run, a refusal of theirs refuses the
//! push, and neither side's coming, renewal or going silently stops the other. `tests/managers.sh` installs them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use afterpush::standin::Recipe;

use super::clone::{Look, look};
use crate::support::{Ran, Site, write_program};

/// A manager of hooks, and how it is told to run the program `theirs` before a push.
struct Manager {
    name: &'static str,
    /// The file that says so.
    configuration: (&'static str, &'static str),
    /// Its command that writes its hooks.
    install: &'static [&'static str],
    /// Its command that takes them out again.
    uninstall: &'static [&'static str],
}

const HUSKY: Manager = Manager {
    name: "husky",
    configuration: (".husky/pre-push", "theirs \"$@\"\n"),
    install: &["husky"],
    // It has none of its own.
    uninstall: &["git", "config", "--unset", "core.hooksPath"],
};
const LEFTHOOK: Manager = Manager {
    name: "lefthook",
    configuration: ("lefthook.yml", "pre-push:\n  commands:\n    test:\n      run: theirs {0}\n"),
    install: &["lefthook", "install"],
    uninstall: &["lefthook", "uninstall"],
};
const FOR_PRE_COMMIT: (&str, &str) = (
    ".pre-commit-config.yaml",
    "repos:\n- repo: local\n  hooks:\n  - {id: theirs, name: theirs, entry: theirs, language: system, \
     always_run: true, pass_filenames: false, stages: [pre-push]}\n",
);
const PRE_COMMIT: Manager = Manager {
    name: "pre-commit",
    configuration: FOR_PRE_COMMIT,
    install: &["pre-commit", "install", "--hook-type", "pre-push"],
    uninstall: &["pre-commit", "uninstall", "--hook-type", "pre-push"],
};
/// Reads pre-commit's configuration.
const PREK: Manager = Manager {
    name: "prek",
    configuration: FOR_PRE_COMMIT,
    install: &["prek", "install", "--hook-type", "pre-push"],
    uninstall: &["prek", "uninstall", "--hook-type", "pre-push"],
};

/// A site without our hook in which a manager can be at home.
struct Home {
    site: Site,
    manager: &'static Manager,
}

impl Home {
    /// The manager's programs are there, its configuration and its hooks are not.
    fn of(manager: &'static Manager) -> Self {
        let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/managers/bin");
        let program = bin.join(manager.name);
        assert!(program.exists(), "{} is missing; tests/managers.sh installs it", program.display());
        let mut site = Site::unhooked();
        let tools = site.root().join("tools");
        let record = site.root().join("theirs").display().to_string();
        let script = format!("#!/bin/sh\necho ran >>{record}.ran\n[ ! -e {record}.refuses ]\n");
        write_program(&tools.join("theirs"), &script);
        site.find_first(&bin);
        site.find_first(&tools);
        Self { site, manager }
    }

    #[track_caller]
    fn run(&self, words: &[&str]) {
        Ran::of(self.site.command(words[0]).args(&words[1..])).ends(0);
    }

    /// Installs or renews the manager's hooks.
    #[track_caller]
    fn install_theirs(&self) {
        let (name, text) = self.manager.configuration;
        let file = self.site.work().join(name);
        if !file.exists() {
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(file, text).expect("written");
            self.site.git(&["add", "--all"]);
        }
        self.run(self.manager.install);
    }

    /// Installs our hook; where that is lefthook's business, the way the refusal tells.
    #[track_caller]
    fn install_ours(&self) -> Ran {
        let ran = self.site.afterpush(&["install", "--file"]);
        let lines = ran.err();
        let Some((_, snippet)) = lines.split_once("then run `lefthook install`:\n") else { return ran.ends(0) };
        ran.ends(1);
        let lines = snippet.lines().map(|line| line.strip_prefix("  ").expect("an indent"));
        let snippet = lines.collect::<Vec<_>>().join("\n");
        fs::write(self.site.work().join("lefthook-local.yml"), snippet).expect("written");
        self.install_theirs();
        self.site.afterpush(&["install", "--file"]).ends(0)
    }

    /// A commit that changes a file: without one lefthook passes over its commands.
    #[track_caller]
    fn change(&self) -> String {
        fs::write(self.site.work().join("changed"), self.site.git(&["rev-parse", "HEAD"])).expect("written");
        self.site.git(&["add", "changed"]);
        self.site.commit("a change")
    }

    /// How often their program has run since this was asked last.
    fn theirs_ran(&self) -> usize {
        let record = self.site.root().join("theirs.ran");
        let ran = fs::read_to_string(&record).map_or(0, |text| text.lines().count());
        // Not there if it did not run.
        let _ = fs::remove_file(record);
        ran
    }

    /// A push runs both hooks, each once, and is followed to its verdict.
    #[track_caller]
    fn push_runs_both(&self) {
        let sha = self.change();
        let pushed = self.site.push(&[]).ends(0);
        assert_eq!((self.theirs_ran(), noted(&pushed)), (1, 1), "{pushed}");
        self.site.deploy(&sha, Recipe::live());
        self.site.decided(&sha, "live", "deployed_live");
    }

    /// Their refusal refuses the push, and nobody says that it arrived.
    #[track_caller]
    fn a_refusal_refuses(&self) {
        let gate = self.site.root().join("theirs.refuses");
        fs::write(&gate, "").expect("written");
        let sha = self.change();
        let pushed = self.site.push(&[]).ends(1);
        fs::remove_file(gate).expect("removed");
        assert_eq!(self.theirs_ran(), 1, "{pushed}");
        if noted(&pushed) == 0 {
            self.site.afterpush(&["status", &sha]).ends(7);
        } else {
            let status = self.site.until_status(&sha, "that it is done", |status| status["done"] == true);
            assert_eq!(status["verdict"], "not_pushed", "{status:#}");
        }
        // The same commit, once it is good enough.
        let pushed = self.site.push(&[]).ends(0);
        assert_eq!((self.theirs_ran(), noted(&pushed)), (1, 1), "{pushed}");
        self.site.deploy(&sha, Recipe::live());
        self.site.until_status(&sha, "live", |status| status["verdict"] == "live");
    }

    /// A push runs theirs and not ours.
    #[track_caller]
    fn push_runs_theirs_alone(&self) {
        self.change();
        let pushed = self.site.push(&[]).ends(0);
        assert_eq!(self.theirs_ran(), 1, "{pushed}");
        assert!(!pushed.err().contains("afterpush"), "{pushed}");
    }

    /// What `afterpush doctor` says of the hook: how it stands, and the details.
    #[track_caller]
    fn doctor(&self) -> (String, String) {
        let report = self.site.afterpush(&["doctor", "--json"]).json();
        let checks = report["checks"].as_array().expect("checks");
        let hook = checks.iter().find(|check| check["id"] == "hook").expect("a check of the hook");
        let text = |key: &str| hook[key].as_str().unwrap_or_default().to_owned();
        (text("state"), text("detail"))
    }

    #[track_caller]
    fn is_well(&self) {
        let (state, detail) = self.doctor();
        assert_eq!(state, "ok", "{detail}");
    }

    /// Takes our hook out; what was added by hand goes by hand.
    #[track_caller]
    fn uninstall_ours(&self) {
        let ran = self.site.afterpush(&["uninstall"]).ends(0);
        let local = self.site.work().join("lefthook-local.yml");
        if local.exists() {
            assert!(
                ran.out().contains("still watched through the call in") && ran.out().contains("lefthook-local.yml"),
                "{ran}"
            );
            fs::remove_file(local).expect("removed");
        }
    }

    /// Hooks and configuration as they are now, whatever the sandbox's folder.
    fn traces(&self) -> BTreeMap<PathBuf, Look> {
        let work = self.site.work();
        let ours = [".git/hooks", ".git/config", ".git/info/exclude", ".husky", "lefthook.yml", "lefthook-local.yml"];
        let all =
            look(&work).into_iter().map(|(path, seen)| (path.strip_prefix(&work).expect("below").to_owned(), seen));
        all.filter(|(path, _)| ours.iter().any(|ours| path.starts_with(ours))).collect()
    }
}

/// How often the hook has told of the push.
fn noted(pushed: &Ran) -> usize {
    // lefthook prints what its commands say on standard output.
    [pushed.out(), pushed.err()].iter().map(|text| text.matches("afterpush: noted").count()).sum()
}

/// The manager was there first: ours joins it, survives its renewal, and leaves it as it was.
fn ours_joins(manager: &'static Manager) {
    let home = Home::of(manager);
    home.install_theirs();
    home.push_runs_theirs_alone();
    let before = home.traces();
    home.install_ours();
    home.is_well();
    home.push_runs_both();
    home.a_refusal_refuses();
    home.install_theirs();
    home.is_well();
    home.push_runs_both();
    let again = home.install_ours();
    assert!(again.out().ends_with("(nothing had to change)"), "{again}");
    home.uninstall_ours();
    assert_eq!(home.traces(), before);
    home.push_runs_theirs_alone();
}

/// Ours was there first: who has displaced it is told, installing mends it, and then it is as if theirs was first.
fn theirs_comes(manager: &'static Manager, displaced: Option<&str>) {
    let alone = Home::of(manager);
    alone.install_theirs();
    let home = Home::of(manager);
    let before = home.traces();
    home.install_ours();
    home.install_theirs();
    match displaced {
        None => home.is_well(),
        Some(by) => {
            assert_eq!(home.doctor(), ("failed".to_owned(), format!("{by} has taken its place")));
            home.push_runs_theirs_alone();
            home.install_ours();
            home.is_well();
        }
    }
    home.push_runs_both();
    home.a_refusal_refuses();
    home.uninstall_ours();
    assert_eq!(home.traces(), alone.traces());
    home.push_runs_theirs_alone();
    home.run(manager.uninstall);
    let mut left = home.traces();
    left.retain(|path, _| path.starts_with(".git"));
    assert_eq!(left, before);
}

/// The manager goes and ours stays.
fn theirs_goes(manager: &'static Manager) {
    let home = Home::of(manager);
    home.install_ours();
    home.install_theirs();
    home.install_ours();
    home.run(manager.uninstall);
    home.is_well();
    let sha = home.site.ship(Recipe::live());
    assert_eq!(home.theirs_ran(), 0);
    home.site.decided(&sha, "live", "deployed_live");
}

#[test]
fn husky_first_and_both_hooks_run() {
    ours_joins(&HUSKY);
}

#[test]
fn lefthook_first_and_both_hooks_run() {
    ours_joins(&LEFTHOOK);
}

#[test]
fn pre_commit_first_and_both_hooks_run() {
    ours_joins(&PRE_COMMIT);
}

#[test]
fn prek_first_and_both_hooks_run() {
    ours_joins(&PREK);
}

#[test]
fn husky_after_us_is_named_and_joined() {
    theirs_comes(&HUSKY, Some("core.hooksPath (local), which leads to .husky/_"));
}

#[test]
fn lefthook_after_us_is_named_and_joined() {
    theirs_comes(&LEFTHOOK, Some("lefthook"));
}

#[test]
fn pre_commit_after_us_runs_our_hook_by_itself() {
    theirs_comes(&PRE_COMMIT, None);
}

#[test]
fn prek_after_us_runs_our_hook_by_itself() {
    theirs_comes(&PREK, None);
}

#[test]
fn lefthook_does_not_pass_over_us_where_a_commit_changes_no_file() {
    let home = Home::of(&LEFTHOOK);
    home.install_theirs();
    home.push_runs_theirs_alone();
    home.install_ours();
    let sha = home.site.commit("deploy it once more");
    let pushed = home.site.push(&[]).ends(0);
    assert_eq!((home.theirs_ran(), noted(&pushed)), (0, 1), "the control is theirs: {pushed}");
    home.site.deploy(&sha, Recipe::live());
    home.site.decided(&sha, "live", "deployed_live");
}

#[test]
fn a_manager_told_to_overwrite_the_hook_is_noticed() {
    for manager in [&PRE_COMMIT, &PREK] {
        let home = Home::of(manager);
        home.install_ours();
        home.install_theirs();
        home.run(&[manager.install, &["--overwrite"]].concat());
        assert_eq!(home.doctor(), ("failed".to_owned(), "not installed, so no push is noticed".to_owned()));
        home.push_runs_theirs_alone();
        home.install_ours();
        home.is_well();
        home.push_runs_both();
    }
}

#[test]
fn a_manager_that_goes_leaves_our_hook_at_work() {
    for manager in [&HUSKY, &LEFTHOOK, &PRE_COMMIT, &PREK] {
        theirs_goes(manager);
    }
}

#[test]
fn git_lfs_carries_its_files_and_the_push_is_watched() {
    let site = Site::unhooked();
    let lfs = |args: &[&str]| Ran::of(site.command("git").arg("lfs").args(args));
    lfs(&["install", "--local"]).ends(0);
    let hook = site.work().join(".git/hooks/pre-push");
    let theirs = fs::read(&hook).expect("its hook");
    lfs(&["track", "*.bin"]).ends(0);
    for name in ["first", "second"] {
        site.afterpush(&["install", "--file"]).ends(0);
        fs::write(site.work().join("large.bin"), name.repeat(10_000)).expect("written");
        site.git(&["add", "--all"]);
        let sha = site.ship(Recipe::live());
        site.decided(&sha, "live", "deployed_live");
        let pointer = site.git(&["cat-file", "blob", "HEAD:large.bin"]);
        let id = pointer.lines().find_map(|line| line.strip_prefix("oid sha256:")).expect("a pointer");
        let carried = site.remote().join("lfs/objects").join(&id[..2]).join(&id[2..4]).join(id);
        assert!(carried.exists(), "{} was not carried", carried.display());
        // It writes over a hook only when it is told to, and then over ours.
        lfs(&["update", "--force"]).ends(0);
        assert_eq!(fs::read(&hook).expect("its hook"), theirs);
        let check = site.afterpush(&["doctor"]).out();
        assert!(check.contains("another hook has taken its place"), "{check}");
    }
    site.afterpush(&["install", "--file"]).ends(0);
    site.afterpush(&["uninstall"]).ends(0);
    assert_eq!(fs::read(&hook).expect("its hook"), theirs);
}
