//! A configuration that is broken, mended, or missing; and what is cleaned up.

use std::fs;

use afterpush::standin::Recipe;

use crate::support::{Ran, Site, until};

#[test]
fn a_broken_configuration_loses_no_push() {
    let site = Site::new();
    let good = fs::read_to_string(site.layout().config()).expect("our own file");
    site.configure(&good.replace("provider =", "provder ="));
    let sha = site.ship(Recipe::live());
    site.until_status(&sha, "that it cannot be used", |status| status["reason"] == "config_invalid");
    let ran = site.afterpush(&["wait"]).ends(4);
    assert!(ran.err().contains("target.web.provder; did you mean \"provider\"?"), "{ran}");
    // Asked again, it is still so: nothing has to be waited for.
    for words in [&["wait", "--timeout", "1s"][..], &["status", "--refresh"]] {
        let ran = site.afterpush(words).ends(4);
        assert!(ran.err().contains("provder") && !ran.err().contains("in time"), "{ran}");
    }
    site.configure(&good);
    site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
    site.decided(&sha, "live", "deployed_live");
}

#[test]
fn without_a_target_the_next_step_is_named() {
    let site = Site::new();
    site.configure("");
    let ran = site.afterpush(&["track"]).ends(4);
    assert!(ran.err().contains("afterpush init"), "{ran}");
}

#[test]
fn clean_removes_what_is_old_and_decided() {
    let site = Site::new();
    let sha = site.ship(Recipe::live());
    site.decided(&sha, "live", "deployed_live");
    site.quiet();
    let (status, timeline) = (site.layout().status(&sha), site.layout().timeline(&sha));
    for file in [&status, &timeline] {
        site.git(&["--version"]);
        let file = fs::File::options().append(true).open(file).expect("our own file");
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("our own file");
    }
    let listed = site.afterpush(&["clean", "--dry-run"]).ends(0);
    assert!(listed.out().contains(&sha) && status.exists(), "{listed}");
    site.afterpush(&["clean"]).ends(0);
    assert!(!status.exists() && !timeline.exists());
    // The store still knows.
    for words in [&["status", "-q"][..], &["wait", "-q"]] {
        assert_eq!(site.afterpush(words).ends(0).out(), "live");
    }
    assert_eq!(site.afterpush(&["stop"]).ends(0).err(), format!("{} is decided already: live", &sha[..7]));
}

#[test]
fn a_push_that_was_not_to_be_watched_is_told_as_such() {
    let site = Site::new();
    let sha = site.commit("quietly");
    Ran::of(site.command("git").args(["push", "--quiet", "origin", "main"]).env("AFTERPUSH", "0")).ends(0);
    let is_told = || {
        let ran = site.afterpush(&["status", "--json"]).ends(7);
        let message = format!("nobody watches {}: it was pushed with AFTERPUSH=0", &sha[..7]);
        assert_eq!(ran.json()["message"], message, "{ran}");
    };
    is_told();
    site.commit("in the open");
    site.push(&[]).ends(0);
    until("the monitor has read its inbox", || {
        fs::read_dir(site.layout().inbox().join("new")).ok()?.next().is_none().then_some(())
    });
    site.git(&["checkout", "--quiet", &sha]);
    is_told();
}
