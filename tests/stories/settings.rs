//! A configuration that is broken, mended, or missing; and what is cleaned up.

use std::fs;

use afterpush::standin::Recipe;

use crate::support::Site;

#[test]
fn a_broken_configuration_loses_no_push() {
    let site = Site::new();
    let good = fs::read_to_string(site.layout().config()).expect("our own file");
    site.configure(&good.replace("provider =", "provder ="));
    let sha = site.ship(Recipe::live());
    site.until_status(&sha, "that it cannot be used", |status| status["reason"] == "config_invalid");
    let ran = site.afterpush(&["wait"]).ends(4);
    assert!(ran.err().contains("target.web.provder; did you mean \"provider\"?"), "{ran}");
    site.configure(&good);
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
}
