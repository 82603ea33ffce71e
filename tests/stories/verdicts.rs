//! What the provider does with a commit, and what is said of it.

use afterpush::standin::{Order, Overlap, Pace, Recipe, Stage};
use serde_json::{Value, json};

use crate::support::{Site, until};

/// The phases the timeline tells of, each once.
fn told(site: &Site, sha: &str) -> String {
    std::fs::read_to_string(site.layout().timeline(sha)).expect("a decided commit has a timeline")
}

/// The times in the order in which they have to come.
fn times(status: &Value) -> Vec<&str> {
    let timeline = &status["targets"][0]["timeline"];
    let names = ["pushed_at", "registered_at", "building_at", "deploying_at", "deployed_at"];
    names.iter().filter_map(|name| timeline[name].as_str()).collect()
}

#[test]
fn a_push_goes_live() {
    let site = Site::new();
    let sha = site.ship(Recipe::live());
    let status = site.decided(&sha, "live", "deployed_live");
    assert_eq!(status["exit_code"], 0);
    assert_eq!(status["push"]["confirmed"], true);
    assert_eq!(status["targets"][0]["deployment"]["sha"], json!(sha));
    let times = times(&status);
    assert!(times.len() == 5 && times.is_sorted(), "{status:#}");
    let latest = std::fs::read_to_string(site.layout().latest()).expect("there is a newest push");
    assert!(latest.contains(&sha), "{latest}");
    assert!(told(&site, &sha).contains("live"));
}

#[test]
fn a_deployment_that_appears_late_is_waited_for() {
    let site = Site::new();
    let sha = site.ship(Recipe::live().late(6));
    site.decided(&sha, "live", "deployed_live");
}

#[test]
fn a_deployment_may_skip_phases() {
    let site = Site::new();
    let built = site.ship(Recipe::live_without_build());
    let status = site.decided(&built, "live", "deployed_live");
    assert!(times(&status).is_sorted(), "{status:#}");
    let at_once = site.ship(Recipe::of([Stage::Active]));
    site.decided(&at_once, "live", "deployed_live");
}

#[test]
fn a_failed_build_is_told_with_its_log() {
    let site = Site::new();
    let sha = site.ship(Recipe::failing_build(&["npm install", "error: no such package"]));
    let status = site.decided(&sha, "failed", "build_failed");
    assert_eq!(status["exit_code"], 1);
    let log = until("the log is there", || std::fs::read_to_string(site.layout().log(&sha, "web")).ok());
    assert!(log.contains("error: no such package"), "{log}");
}

#[test]
fn a_failed_rollout_is_not_called_a_failed_build() {
    let site = Site::new();
    let sha = site.ship(Recipe::failing_deploy(&["health check failed"]));
    site.decided(&sha, "failed", "deploy_failed");
}

#[test]
fn a_retry_of_a_failed_commit_is_a_new_attempt() {
    let site = Site::new();
    // The provider's clock is moved instead of waiting for the first deployment to be a minute old.
    site.order(Order::Skew { seconds: -60 });
    let sha = site.ship(Recipe::failing_build(&[]));
    site.decided(&sha, "failed", "build_failed");
    site.order(Order::Skew { seconds: 0 });
    site.git(&["push", "--quiet", "--force", "origin", "HEAD~:main"]);
    site.push(&[]).ends(0);
    site.deploy(&sha, Recipe::live());
    let status = site.until_status(&sha, "live", |status| status["verdict"] == "live");
    assert_eq!(status["attempt"], 2, "{status:#}");
}

#[test]
fn a_replaced_commit_is_live_through_the_one_that_replaced_it() {
    let site = Site::new();
    site.pace(Pace::ByHand);
    let first = site.ship(Recipe::live());
    site.until_status(&first, "that it is known", |status| status["phase"] != "registering");
    let second = site.ship(Recipe::live());
    let status = site.until_status(&first, "superseded", |status| status["verdict"] == "superseded");
    assert_eq!(status["via"], json!(second), "{status:#}");
    assert_eq!(status["next"][0]["command"], format!("afterpush wait {}", &second[..7]), "{status:#}");
    site.pace(Pace::Polls);
    site.decided(&second, "live", "deployed_live");
    let status = site.until_status(&first, "live", |status| status["verdict"] == "live");
    assert_eq!(status["via"], json!(second), "{status:#}");
    assert_eq!(status["reason"], "contained", "{status:#}");
}

#[test]
fn a_replaced_commit_fails_with_the_one_that_replaced_it() {
    let site = Site::new();
    site.order(Order::Overlap { app: "web".to_owned(), overlap: Overlap::Cancel });
    site.pace(Pace::ByHand);
    let first = site.ship(Recipe::live());
    site.until_status(&first, "that it is known", |status| status["phase"] != "registering");
    let second = site.ship(Recipe::failing_build(&[]));
    site.pace(Pace::Polls);
    site.decided(&second, "failed", "build_failed");
    let status = site.until_status(&first, "failed", |status| status["verdict"] == "failed");
    assert_eq!(status["via"], json!(second), "{status:#}");
}

#[test]
fn a_canceled_deployment_is_canceled_once_nothing_newer_came() {
    let site = Site::with("register_timeout = \"2s\"");
    let sha = site.ship(Recipe::of([Stage::PendingBuild, Stage::Building, Stage::Canceled]));
    site.until_status(&sha, "that it waits", |status| status["reason"] == "canceled_waiting");
    site.decided(&sha, "canceled", "canceled_by_provider");
}

#[test]
fn a_push_that_deploys_nothing_is_told_as_that() {
    let site = Site::with("register_timeout = \"2s\"");
    let sha = site.ship(Recipe::nothing());
    let status = site.decided(&sha, "no_deploy", "nothing_registered");
    assert_eq!(status["exit_code"], 3);
}

#[test]
fn a_pinned_app_skips_the_push() {
    let site = Site::new();
    let live = site.ship(Recipe::live());
    site.decided(&live, "live", "deployed_live");
    site.order(Order::Pin { app: "web".to_owned(), pinned: true });
    let sha = site.ship(Recipe::live());
    site.decided(&sha, "skipped", "app_pinned");
}

#[test]
fn an_app_that_does_not_deploy_on_a_push_skips_it() {
    let site = Site::new();
    site.order(Order::DeployOnPush { app: "web".to_owned(), on: false });
    let sha = site.ship(Recipe::live());
    site.decided(&sha, "skipped", "deploy_on_push_off");
}

#[test]
fn a_commit_inside_a_pushed_range_is_live_through_its_tip() {
    let site = Site::new();
    let inner = site.commit("the first of two");
    let tip = site.ship(Recipe::live());
    site.decided(&tip, "live", "deployed_live");
    let status = site.afterpush(&["status", "--json", &inner]).ends(0).json();
    assert_eq!((&status["verdict"], &status["via"]), (&json!("live"), &json!(tip)), "{status:#}");
}

#[test]
fn a_state_nobody_knows_is_shown_and_never_the_end() {
    let site = Site::new();
    let sha = site.ship(Recipe::of([Stage::Other("HYPERDRIVE".to_owned())]));
    let status = site.until_status(&sha, "the raw word", |status| status.to_string().contains("HYPERDRIVE"));
    assert_eq!(status["done"], false, "{status:#}");
    site.force(&sha, Stage::Active);
    site.decided(&sha, "live", "deployed_live");
}
