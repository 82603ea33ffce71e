//! Whose files they are: root as a guest, two users of one repository, and what a monitor keeps from others of its
//! own user.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use afterpush::base::Layout;
use afterpush::standin::{Pace, Recipe, Stage};

use crate::support::{Ran, Site, copy_program, until};

/// Two users of one group; that nobody has an account with these ids does not matter.
const ADA: u32 = 61_001;
const EVE: u32 = 61_002;
const GROUP: u32 = 61_000;

/// A site that belongs to Ada and that her group may write, as `git init --shared=group` leaves it.
fn of_ada() -> Site {
    let mut site = Site::unhooked();
    let home = site.root().join("home/.gitconfig");
    fs::write(&home, "[safe]\n\tdirectory = *\n").expect("git trusts the folder");
    site.set("GIT_CONFIG_GLOBAL", &home.display().to_string());
    site.git(&["config", "core.sharedRepository", "group"]);
    for program in [env!("CARGO_BIN_EXE_afterpush"), env!("CARGO_BIN_EXE_afterpush-hook")] {
        let program = Path::new(program);
        let to = site.root().join("home").join(program.file_name().expect("a file"));
        copy_program(program, &to);
    }
    fs::remove_dir_all(layout(&site, 0).root()).expect("nothing of root's");
    give_to_ada(site.root());
    site
}

/// Hands over a folder and all below it.
fn give_to_ada(path: &Path) {
    let about = path.symlink_metadata().expect("it is there");
    if about.is_symlink() {
        return;
    }
    chown(path, Some(ADA), Some(GROUP)).expect("root may give files away");
    let shared = if about.is_dir() { 0o2770 } else { 0o660 | about.mode() & 0o110 };
    fs::set_permissions(path, fs::Permissions::from_mode(shared)).expect("a mode");
    if about.is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            give_to_ada(&entry.expect("an entry").path());
        }
    }
}

/// The site's files for this user.
fn layout(site: &Site, uid: u32) -> Layout {
    Layout::new(&site.work().join(".git"), uid)
}

/// A program run by this user in the site.
fn by(site: &Site, uid: u32, program: &str, args: &[&str]) -> Ran {
    Ran::of(calling(site, uid, program).args(args))
}

fn calling(site: &Site, uid: u32, program: &str) -> Command {
    let mut command = site.command(program);
    // Each user has a home of their own; git's configuration is the one in Ada's.
    let own = site.root().join(format!("home/{uid}"));
    command.env("HOME", &own).env("XDG_STATE_HOME", own.join("state")).env("XDG_CONFIG_HOME", own.join("config"));
    command.uid(uid).gid(GROUP);
    command
}

fn afterpush(site: &Site, uid: u32, args: &[&str]) -> Ran {
    by(site, uid, &site.root().join("home/afterpush").display().to_string(), args)
}

/// The user's own configuration, which leads to the stand-in.
fn configure(site: &Site, uid: u32) {
    let text = site.configuration("", "");
    let script = "umask 077; mkdir -p \"$1\" \"$HOME\" && cat >\"$1/config.toml\" <<END\n$2\nEND";
    let private = layout(site, uid).private().display().to_string();
    by(site, uid, "sh", &["-c", script, "sh", &private, &text]).ends(0);
}

/// A configuration that counts for everybody. It leads to the real provider, so nobody may get as far as asking it.
fn configure_in_the_clone(site: &Site) {
    let tracked = "[target.web]\nprovider = \"digitalocean\"\napp = \"web\"\n";
    fs::write(site.work().join(".afterpush.toml"), tracked).expect("the tracked file");
}

/// Everything of afterpush's in the repository that belongs to this user.
fn owned(site: &Site, uid: u32) -> Vec<String> {
    let git = site.work().join(".git");
    let mut find = Command::new("find");
    find.args([git.join("afterpush"), git.join("hooks"), git.join("config")]).args(["-user", &uid.to_string()]);
    Ran::of(&mut find).ends(0).out().lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs root: files of several users"]
fn root_leaves_nothing_of_ours_in_another_users_repository() {
    let site = of_ada();
    configure(&site, ADA);
    configure_in_the_clone(&site);
    afterpush(&site, ADA, &["install"]).ends(0);
    by(&site, 0, "git", &["commit", "--quiet", "--allow-empty", "--message=by root"]).ends(0);
    let push = by(&site, 0, "git", &["push", "origin", "main"]).ends(0);
    let why = "the repository belongs to the user with the id 61001, who could not remove what root leaves in it";
    assert!(push.err().contains(&format!("afterpush: this push is not noted: {why}")), "{push}");
    for args in [&["track"][..], &["wait", "--timeout", "9s"], &["daemon"], &["install"], &["uninstall"]] {
        let ran = afterpush(&site, 0, args);
        assert!(ran.code() != Some(0) && ran.err().contains(why), "{ran}");
    }
    assert_eq!(owned(&site, 0), Vec::<String>::new());
    assert!(!owned(&site, ADA).is_empty(), "what is looked for can be found");
}

#[test]
#[ignore = "needs root: files of several users"]
fn two_users_of_one_repository_have_two_monitors_and_share_the_answers() {
    let site = of_ada();
    site.pace(Pace::ByHand);
    let shas = [ADA, EVE].map(|uid| {
        configure(&site, uid);
        let commit = ["commit", "--quiet", "--allow-empty", "--message=a change"];
        by(&site, uid, "git", &commit).ends(0);
        by(&site, uid, "git", &["push", "--quiet", "origin", "main"]).ends(0);
        let sha = by(&site, uid, "git", &["rev-parse", "HEAD"]).ends(0).out();
        site.deploy(&sha, Recipe::live());
        afterpush(&site, uid, &["wait", "--for", "registered", "--timeout", "60s"]).ends(0);
        sha
    });
    let pids = [ADA, EVE].map(|uid| {
        let about = layout(&site, uid).private().metadata().expect("a folder for each");
        assert_eq!((about.uid(), about.mode() & 0o777), (uid, 0o700));
        afterpush(&site, uid, &["daemon", "status", "--json"]).ends(0).json()["pid"].clone()
    });
    assert_ne!(pids[0], pids[1]);
    // The second contains the first.
    site.force(&shas[1], Stage::Active);
    for (owner, sha) in [(ADA, &shas[0]), (EVE, &shas[1])] {
        for uid in [ADA, EVE] {
            until("it is live for everybody", || {
                (afterpush(&site, uid, &["status", sha, "-q"]).out() == "live").then_some(())
            });
        }
        assert_eq!(layout(&site, owner).status(sha).metadata().expect("a status file").uid(), owner);
    }
    let eve = layout(&site, EVE).private().display().to_string();
    by(&site, ADA, "ls", &[&eve]).ends(2);
}

#[test]
#[ignore = "needs root: files of several users"]
fn what_another_user_has_put_in_our_place_is_told_and_not_used() {
    let site = of_ada();
    configure(&site, ADA);
    afterpush(&site, ADA, &["install"]).ends(0);
    let (own, moved) = (layout(&site, ADA), layout(&site, ADA).root().join("moved"));
    by(&site, ADA, "chmod", &["770", &own.root().display().to_string()]).ends(0);
    fs::rename(own.private(), &moved).expect("Ada's folder is moved away");
    by(&site, EVE, "mkdir", &["-m", "777", &own.private().display().to_string()]).ends(0);
    by(&site, ADA, "git", &["commit", "--quiet", "--allow-empty", "--message=a change"]).ends(0);
    let push = by(&site, ADA, "git", &["push", "origin", "main"]).ends(0);
    assert!(
        push.err().contains("afterpush: this push is not noted: ") && push.err().contains("somebody else"),
        "{push}"
    );
    assert_eq!(fs::read_dir(own.private()).expect("Eve's folder").count(), 0, "nothing was put there");
    let doctor = afterpush(&site, ADA, &["doctor", "--offline"]).ends(0).out();
    assert!(doctor.contains("x  permissions") && doctor.contains("belongs to another user"), "{doctor}");
    configure_in_the_clone(&site);
    let track = afterpush(&site, ADA, &["track"]).ends(1);
    assert!(track.err().contains("the folder belongs to somebody else"), "{track}");
}

#[test]
#[ignore = "needs root: files of several users"]
fn what_belongs_to_another_user_is_told_and_keeps_the_monitor_from_working() {
    let site = of_ada();
    site.git(&["config", "--unset", "core.sharedRepository"]);
    configure(&site, ADA);
    let own = layout(&site, ADA);
    by(&site, ADA, "mkdir", &[&own.status_dir().display().to_string()]).ends(0);
    for path in [own.status_dir(), own.store()] {
        let shown = path.display().to_string();
        by(&site, ADA, "touch", &[&shown]).ends(0);
        chown(&path, Some(EVE), None).expect("root may give files away");
        let doctor = afterpush(&site, ADA, &["doctor", "--offline", "--exit-code"]).ends(1).out();
        assert!(doctor.contains(&format!("{shown} belongs to another user")), "{doctor}");
        assert!(doctor.contains(&format!("fix: chown {ADA} {shown}")), "{doctor}");
        let wait = afterpush(&site, ADA, &["wait", "--timeout", "90s"]).ends(5);
        assert!(wait.err().contains("the monitor cannot work: ") && wait.err().contains(&shown), "{wait}");
        chown(&path, Some(ADA), None).expect("root may give files away");
    }
    let doctor = afterpush(&site, ADA, &["doctor", "--offline"]).ends(0).out();
    assert!(doctor.contains("ok permissions"), "{doctor}");
}

#[test]
#[ignore = "needs root: another user's processes"]
fn a_monitor_shows_its_memory_to_nobody_of_its_own_user() {
    let site = of_ada();
    configure(&site, ADA);
    site.pace(Pace::ByHand);
    by(&site, ADA, "git", &["commit", "--quiet", "--allow-empty", "--message=a change"]).ends(0);
    by(&site, ADA, "git", &["push", "--quiet", "origin", "main"]).ends(0);
    afterpush(&site, ADA, &["track"]).ends(0);
    let pid =
        until("the monitor runs", || afterpush(&site, ADA, &["daemon", "status", "--json"]).json()["pid"].as_i64());
    let look = |pid: i64, file: &str| by(&site, ADA, "cat", &[&format!("/proc/{pid}/{file}")]).code();
    let mut other = calling(&site, ADA, "sleep").arg("600").spawn().expect("an ordinary process");
    assert_eq!(look(other.id().into(), "environ"), Some(0), "what is not guarded can be looked into");
    other.kill().expect("it is ours");
    other.wait().expect("it has ended");
    for file in ["environ", "maps", "mem"] {
        assert_eq!(look(pid, file), Some(1), "{file}");
    }
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).expect("root may look");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("the limit");
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let score = fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).expect("root may look");
    assert_eq!(score.trim(), "500");
    afterpush(&site, ADA, &["stop", "--all"]).ends(0);
}
