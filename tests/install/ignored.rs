//! The patterns of the status mirror's files.

use std::fs;

use super::clone::{Clone, look};

#[test]
fn git_is_told_not_to_show_the_mirror() {
    let clone = Clone::new();
    clone.afterpush(&["install"]).ends(0);
    for name in
        [".deployment-status-1234567.log", ".deployment-status-1234567.result", ".deployment-monitor-1234567.pid"]
    {
        fs::write(clone.sandbox.work().join(name), "").expect("written");
    }
    assert_eq!(clone.sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn gitignore_takes_the_patterns_on_request_and_gives_them_back() {
    for before in [None, Some("target\n"), Some("target"), Some("")] {
        let clone = Clone::new();
        let file = clone.sandbox.work().join(".gitignore");
        if let Some(text) = before {
            fs::write(&file, text).expect("written");
        }
        for _ in 0..2 {
            clone.afterpush(&["install", "--gitignore"]).ends(0);
        }
        let text = fs::read_to_string(&file).expect("written");
        assert_eq!(text.matches("/.deployment-").count(), 3, "{text}");
        clone.afterpush(&["uninstall"]).ends(0);
        assert_eq!(fs::read_to_string(&file).ok().as_deref(), before);
    }
}

#[test]
fn patterns_that_are_there_already_are_not_added() {
    let clone = Clone::new();
    let exclude = clone.git_dir().join("info/exclude");
    let text = "/.deployment-status-*.log\n/.deployment-status-*.result\n/.deployment-monitor-*.pid\n";
    fs::write(&exclude, text).expect("written");
    clone.afterpush(&["install"]).ends(0);
    assert_eq!(fs::read_to_string(&exclude).expect("there"), text);
    clone.afterpush(&["uninstall"]).ends(0);
    assert_eq!(fs::read_to_string(&exclude).expect("there"), text);
}

#[test]
fn a_planted_link_is_not_followed() {
    let clone = Clone::new();
    let victim = clone.sandbox.root().join("victim");
    fs::write(&victim, "mine\n").expect("written");
    std::os::unix::fs::symlink(&victim, clone.sandbox.work().join(".gitignore")).expect("linked");
    let before = look(&clone.git_dir());
    let refused = clone.afterpush(&["install", "--gitignore"]).ends(1);
    assert!(refused.err().contains("is a symbolic link"), "{refused}");
    assert_eq!(fs::read_to_string(&victim).expect("there"), "mine\n");
    assert_eq!(look(&clone.git_dir()), before);
}
