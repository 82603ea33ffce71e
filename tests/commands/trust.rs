//! `afterpush trust`: what a clone may do with the user's word, and what without it.

use std::fs;
use std::path::Path;

use afterpush::standin::Recipe;

use crate::support::{Sandbox, Site};

/// A clone with the hook whose tracked file alone leads to the stand-in.
///
/// Without trust it would lead to the real provider, so nothing is pushed before.
fn asking() -> Site {
    let site = Site::new();
    fs::remove_file(site.layout().config()).expect("no file of the user's own");
    fs::write(site.work().join(".afterpush.toml"), site.configuration("", "")).expect("the tracked file");
    site
}

/// Changes the tracked file of a worktree.
fn edit(worktree: &Path, old: &str, new: &str) {
    let file = worktree.join(".afterpush.toml");
    let text = fs::read_to_string(&file).expect("the tracked file");
    assert!(text.contains(old), "{old} in {text}");
    fs::write(file, text.replace(old, new)).expect("the tracked file");
}

#[track_caller]
fn assert_trusted(sandbox: &Sandbox, folder: &Path, expected: bool) {
    let args = ["-C", &folder.display().to_string(), "trust", "--print", "--json"];
    assert_eq!(sandbox.afterpush(&args).ends(0).json()["trusted"], expected);
}

#[test]
fn a_clone_leads_to_its_own_url_once_it_is_trusted_and_not_before() {
    let mut site = asking();
    // No runner's variable stands for the user's word.
    site.set("CI", "true");
    let doctor = site.afterpush(&["doctor", "--offline"]).ends(0).out();
    let warning = "trust            ignored in .afterpush.toml, which comes with the clone: target.web.base_url; ";
    assert!(doctor.contains(warning) && doctor.contains("fix: afterpush trust"), "{doctor}");
    let shown = site.afterpush(&["trust", "--print"]).ends(0);
    assert!(shown.out().starts_with(".afterpush.toml:6: target.web.base_url = \"http://127.0.0.1:"), "{shown}");
    assert!(shown.out().contains("  # the credential goes to digitalocean at http://127.0.0.1:"), "{shown}");
    let shown = site.afterpush(&["trust", "--print", "--json"]).ends(0).json();
    let goal = format!("digitalocean at http://{}", site.authority());
    assert_eq!(shown["keys"][0]["goes_to"], goal, "{shown:#}");
    assert_trusted(&site, &site.work(), false);
    assert_eq!(site.afterpush(&["trust", "-q"]).ends(0).out(), "trusted");
    site.ship(Recipe::live());
    site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
    let doctor = site.afterpush(&["doctor"]).ends(0).out();
    assert!(doctor.contains("ok trust            `afterpush trust` allowed what .afterpush.toml names"), "{doctor}");
}

#[test]
fn worktrees_share_what_is_trusted_and_a_sensitive_change_ends_it() {
    let site = asking();
    site.git(&["add", ".afterpush.toml"]);
    site.commit("configured");
    let other = site.root().join("other");
    site.git(&["worktree", "add", "--quiet", &other.display().to_string()]);
    site.afterpush(&["trust"]).ends(0);
    assert_trusted(&site, &other, true);
    edit(&other, "app = \"web\"", "app = \"shop\"");
    assert_trusted(&site, &other, true);
    edit(&other, "base_url = \"http://127.0.0.1:", "base_url = \"http://127.0.0.2:");
    assert_trusted(&site, &other, false);
    assert_trusted(&site, &site.work(), true);
    assert_eq!(site.afterpush(&["-C", &other.display().to_string(), "untrust", "-q"]).ends(0).out(), "untrusted");
    assert_trusted(&site, &site.work(), false);
}

#[test]
fn where_there_is_nothing_to_allow_trust_says_so() {
    let sandbox = Sandbox::new();
    let ran = sandbox.afterpush(&["trust"]).ends(1);
    assert!(ran.err().contains("there is no .afterpush.toml here, so there is nothing to allow"), "{ran}");
    let file = sandbox.work().join(".afterpush.toml");
    fs::write(&file, "[watch]\ntimeout = \"5m\"\n").expect("the tracked file");
    let ran = sandbox.afterpush(&["trust"]).ends(0);
    assert!(ran.err().contains(".afterpush.toml names nothing that has to be allowed"), "{ran}");
    fs::write(&file, "[target.web]\nprovider = 5\n").expect("the tracked file");
    assert!(sandbox.afterpush(&["trust"]).ends(4).err().contains(".afterpush.toml:2: target.web.provider must be"));
    let ran = sandbox.afterpush(&["untrust"]).ends(0);
    assert!(ran.err().contains("nothing was allowed here"), "{ran}");
}
