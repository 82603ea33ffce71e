//! The provider is in trouble, or says no.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use afterpush::standin::{Order, Pace, Recipe, Trouble};

use crate::support::Site;

#[test]
fn trouble_on_the_way_costs_time_and_nothing_else() {
    let troubles = [
        Trouble::Down,
        Trouble::Html,
        Trouble::Torn,
        Trouble::Forbidden,
        Trouble::NotFound,
        Trouble::Throttled("1".to_owned()),
    ];
    let site = Site::new();
    for trouble in troubles {
        site.provider().trouble(trouble, 1);
        let sha = site.ship(Recipe::live());
        site.decided(&sha, "live", "deployed_live");
    }
}

#[test]
fn a_refused_token_is_said_at_once_and_a_good_one_mends_it() {
    let mut site = Site::new();
    let good = site.provider().token();
    site.order(Order::Token { token: "another".to_owned() });
    let sha = site.ship(Recipe::live());
    let refused = |status: &serde_json::Value| status["reason"] == "credentials_refused";
    let status = site.until_status(&sha, "that the token is refused", refused);
    assert_eq!((&status["done"], &status["exit_code"]), (&false.into(), &4.into()), "{status:#}");
    let ran = site.afterpush(&["wait", &sha]).ends(4);
    assert!(ran.err().contains("DIGITALOCEAN_TOKEN"), "{ran}");
    site.set("DIGITALOCEAN_TOKEN", "another");
    let next = site.ship(Recipe::live());
    site.decided(&next, "live", "deployed_live");
    site.until_status(&sha, "live", |status| status["verdict"] == "live");
    assert_ne!(good, site.provider().token());
}

#[test]
fn no_token_is_said_with_the_cure() {
    let mut site = Site::new();
    site.set("DIGITALOCEAN_TOKEN", "");
    // Of a later push as soon as of the first, though what is missing is no news any more.
    for _ in 0..3 {
        let sha = site.ship(Recipe::live());
        site.until_status(&sha, "that a token is missing", |status| status["reason"] == "credentials_missing");
        let ran = site.afterpush(&["wait", &sha]).ends(4);
        assert!(ran.err().contains("DIGITALOCEAN_TOKEN"), "{ran}");
    }
}

#[test]
fn a_provider_that_never_answers_is_unobservable_and_not_a_failure() {
    let site = Site::with("timeout = \"3s\"\nregister_timeout = \"1s\"");
    site.provider().trouble(Trouble::Down, 100_000);
    let sha = site.ship(Recipe::live());
    let status = site.decided(&sha, "unobservable", "network");
    assert_eq!(status["exit_code"], 5);
}

#[test]
fn a_provider_that_fell_silent_is_told_of_while_it_is() {
    let site = Site::new();
    site.pace(Pace::ByHand);
    let sha = site.ship(Recipe::live());
    let before = site.until_status(&sha, "that it is known", |status| !status["targets"][0]["deployment"].is_null());
    site.provider().trouble(Trouble::Down, 100_000);
    let is_silent = |status: &serde_json::Value| status["warnings"].to_string().contains("source_silent");
    let status = site.until_status(&sha, "that nothing is heard", is_silent);
    assert_eq!((&status["phase"], &status["verdict"]), (&before["phase"], &before["verdict"]), "{status:#}");
    let ran = site.afterpush(&["wait", "--timeout", "300ms", &sha]).ends(124);
    assert!(ran.err().contains("no good answer from digitalocean since "), "{ran}");
    let ran = site.afterpush(&["status", &sha]).ends(8);
    assert!(ran.err().contains("no good answer from digitalocean since "), "{ran}");
    site.provider().trouble(Trouble::Down, 0);
    site.until_status(&sha, "that it is heard again", |status| !is_silent(status));
}

#[test]
fn what_a_provider_in_trouble_answers_is_said_once_while_it_is_waited_for() {
    let site = Site::unhooked();
    site.provider().trouble(Trouble::Down, 100_000);
    site.ship(Recipe::live());
    let mut wait = site.calling(&["wait", "--timeout", "90s"]);
    let mut wait = wait.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started");
    let mut lines = BufReader::new(wait.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let said = "afterpush: DigitalOcean answers 500 (Unexpected server-side error); it is asked again until it tells";
    lines.find(|line| line == said).expect("the answer is told");
    site.provider().trouble(Trouble::Down, 0);
    assert!(!lines.any(|line| line == said), "it is told once");
    assert_eq!(wait.wait().expect("ended").code(), Some(0));
}

#[test]
fn the_token_is_nowhere() {
    let site = Site::new();
    let sha = site.ship(Recipe::failing_build(&["it broke"]));
    site.decided(&sha, "failed", "build_failed");
    let token = site.provider().token();
    let found = crate::support::Ran::of(site.command("grep").args(["-rl", &token]).arg(site.root()));
    assert_eq!(found.out(), "", "{found}");
    assert!(site.provider().heard().iter().all(|heard| heard.has_credential));
    assert!(site.provider().heard_by_logs().iter().all(|heard| !heard.has_credential));
}
