//! Pushes followed at other providers: GitHub, a URL, a command.

use std::fs;

use serde_json::{Value, json};

use crate::support::hub::{Hub, REPOSITORY, TOKEN};
use crate::support::{Ran, Site, until, write_program};

/// A site whose branch `main` deploys to this target; the variable of the token is set.
fn site(target: &str) -> Site {
    let mut site = Site::new();
    site.set("GH_TOKEN", TOKEN);
    aim(&site, "", target);
    site
}

fn aim(site: &Site, limits: &str, target: &str) {
    site.configure(&format!("[watch]\n{limits}\n[target.web]\n{target}\n"));
}

fn github(hub: &Hub, more: &str) -> String {
    format!("provider = \"github\"\napp = \"{REPOSITORY}\"\nbase_url = \"{}\"\n{more}", hub.url())
}

fn pushed(site: &Site) -> String {
    let sha = site.commit("a change");
    site.push(&[]).ends(0);
    sha
}

fn is_in(phase: &str) -> impl Fn(&Value) -> bool + '_ {
    move |status| status["phase"] == phase
}

/// Whatever was asked, the token went nowhere else and is in no file.
fn assert_token_is_nowhere(site: &Site, hub: &Hub) {
    assert!(hub.heard_by_logs().iter().all(|heard| !heard.has_credential), "{:?}", hub.heard_by_logs());
    let found = Ran::of(site.command("grep").args(["-rl", TOKEN]).arg(site.root()));
    assert_eq!(found.out(), "", "{found}");
}

#[test]
fn the_run_of_a_workflow_is_followed_until_it_is_live() {
    let hub = Hub::start();
    let site = site(&github(&hub, "workflow = \"deploy.yml\""));
    let sha = pushed(&site);
    hub.run(&sha, "queued", None);
    site.until_status(&sha, "queued", is_in("queued"));
    hub.run(&sha, "waiting", None);
    site.until_status(&sha, "an approval", |status| status["reason"] == "waiting_for_approval");
    hub.run(&sha, "in_progress", None);
    site.until_status(&sha, "building", is_in("building"));
    until("what has not changed is not sent again", || {
        hub.heard().iter().any(|heard| heard.status == 304).then_some(())
    });
    hub.run(&sha, "completed", Some("success"));
    let status = site.decided(&sha, "live", "deployed_live");
    assert_eq!(status["targets"][0]["deployment"]["url"], format!("https://github.com/{REPOSITORY}/actions/runs/101"));
    assert!(hub.heard().iter().all(|heard| heard.path.contains("runs?branch=main&per_page=30&page=1")));
    assert_token_is_nowhere(&site, &hub);
}

#[test]
fn a_failed_run_is_told_by_its_step_and_with_its_log() {
    let hub = Hub::start();
    hub.log(
        "2026-08-01T10:00:00.0000000Z ##[group]Run deploy\n2026-08-01T10:00:01.0000000Z ##[error]no route to host\n",
    );
    let site = site(&github(&hub, "workflow = \"deploy.yml\""));
    let sha = pushed(&site);
    hub.run(&sha, "completed", Some("failure"));
    let status = site.decided(&sha, "failed", "deploy_failed");
    assert_eq!(status["failure"]["summary"], "deploy, Run deploy: failed", "{status:#}");
    let ran = site.afterpush(&["wait"]).ends(1);
    assert!(ran.err().contains("deploy, Run deploy: failed") && ran.err().contains("##[error]no route"), "{ran}");
    let log = until("the log is there", || fs::read_to_string(site.layout().log(&sha, "web")).ok());
    assert_eq!(log, "##[group]Run deploy\n##[error]no route to host\n");
    assert_eq!(hub.heard_by_logs().len(), 1);
    assert_token_is_nowhere(&site, &hub);
}

#[test]
fn a_cancelled_run_waits_for_a_newer_one() {
    let hub = Hub::start();
    let site = site(&github(&hub, "workflow = \"deploy.yml\""));
    let first = pushed(&site);
    hub.run(&first, "in_progress", None);
    site.until_status(&first, "building", is_in("building"));
    let second = pushed(&site);
    hub.run(&first, "completed", Some("cancelled"));
    hub.run(&second, "in_progress", None);
    site.until_status(&first, "superseded", |status| status["verdict"] == "superseded");
    hub.run(&second, "completed", Some("success"));
    site.decided(&second, "live", "deployed_live");
    let status = site.until_status(&first, "live", |status| status["verdict"] == "live");
    assert_eq!(status["via"], json!(second));
}

#[test]
fn a_deployment_to_production_is_followed_until_it_is_live() {
    let hub = Hub::start();
    let site = site(&github(&hub, "environment = \"production\""));
    let sha = pushed(&site);
    hub.deployment(&sha, None);
    site.until_status(&sha, "queued", is_in("queued"));
    hub.deployment(&sha, Some("in_progress"));
    site.until_status(&sha, "deploying", is_in("deploying"));
    until("what has not changed is not sent again", || {
        let is_known = |part: &str| hub.heard().iter().any(|heard| heard.status == 304 && heard.path.contains(part));
        (is_known("/deployments?") && is_known("/statuses?")).then_some(())
    });
    hub.deployment(&sha, Some("success"));
    site.decided(&sha, "live", "deployed_live");
    assert_token_is_nowhere(&site, &hub);
}

#[test]
fn a_wrong_token_is_told_at_once_and_a_good_one_of_gh_mends_it() {
    let hub = Hub::start();
    let mut site = site(&github(&hub, "workflow = \"deploy.yml\""));
    site.set("GH_TOKEN", "ghp_another_token_that_is_wrong");
    let sha = pushed(&site);
    hub.run(&sha, "completed", Some("success"));
    let ran = site.afterpush(&["wait"]).ends(4);
    assert!(ran.err().contains("Bad credentials") && ran.err().contains("GH_TOKEN"), "{ran}");
    let ran = site.afterpush(&["doctor"]).ends(0);
    assert!(ran.out().contains("GitHub does not accept the token"), "{ran}");
    // Without a variable gh is asked for its log-in at this very host.
    let bin = site.root().join("bin");
    let script = format!("#!/bin/sh\n[ \"$*\" = 'auth token --hostname 127.0.0.1' ] && echo {TOKEN}\n");
    write_program(&bin.join("gh"), &script);
    site.find_first(&bin);
    site.set("GH_TOKEN", "");
    site.afterpush(&["daemon", "stop"]).ends(0);
    site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
    site.decided(&sha, "live", "deployed_live");
    let ran = site.afterpush(&["doctor"]).ends(0);
    assert!(ran.out().contains("from the log-in of gh"), "{ran}");
}

#[test]
fn a_url_that_only_says_what_is_live_is_enough() {
    let hub = Hub::start();
    hub.page("/version", "");
    let site = site("");
    let target = format!("provider = \"http\"\nurl = \"{}/version\"", hub.url());
    aim(&site, "register_timeout = \"1s\"", &target);
    let sha = pushed(&site);
    site.until_status(&sha, "that nothing is there", |status| status["reason"] == "app_not_found");
    hub.page("/version", "<html>Welcome</html>");
    site.until_status(&sha, "that it cannot be read", |status| status.to_string().contains("neither JSON nor"));
    hub.page("/version", &json!({"status": "ok", "commit": "1".repeat(40)}).to_string());
    let asked = hub.heard().len();
    until("an older commit was seen for longer than a deployment takes to show", || {
        (hub.heard().len() > asked + 20).then_some(())
    });
    let status = site.status(&sha).expect("a status");
    assert_eq!(status["done"], false, "that another commit is live proves nothing of ours: {status:#}");
    hub.page("/version", &json!({"status": "ok", "commit": sha}).to_string());
    site.decided(&sha, "live", "deployed_live");
    assert!(hub.heard().iter().all(|heard| !heard.has_credential), "no token was configured for it");
}

#[test]
fn a_url_with_pointers_tells_failures_too() {
    let hub = Hub::start();
    let site = site("");
    let target = format!(
        "provider = \"http\"\nurl = \"{}/rollouts\"\nstates = {{ broken = \"failed\" }}\n\
         pointers = {{ list = \"/all\", commit = \"/git/sha\", state = \"/is\", id = \"/id\", error = \"/why\" }}",
        hub.url()
    );
    aim(&site, "", &target);
    hub.page("/rollouts", &json!({"all": []}).to_string());
    let sha = pushed(&site);
    let all = |state: &str| {
        let ours = json!({"git": {"sha": sha}, "is": state, "id": 7, "why": "health check failed"});
        hub.page("/rollouts", &json!({"all": [ours]}).to_string());
    };
    all("building");
    site.until_status(&sha, "building", is_in("building"));
    all("broken");
    let status = site.decided(&sha, "failed", "build_failed");
    assert_eq!(status["failure"]["summary"], "health check failed", "{status:#}");
    assert_eq!(status["targets"][0]["deployment"]["id"], "7");
}

/// A site that asks a script, which says what the file `says` holds.
fn with_command(more: &str) -> Site {
    let site = site("");
    let script = site.root().join("bin/shop-status");
    write_program(&script, "#!/bin/sh\n. \"$(dirname \"$0\")/says\"\n");
    says(&site, "exit 75");
    aim(&site, "", &format!("provider = \"command\"\ncommand = [\"{}\", \"x y\"]\n{more}", script.display()));
    site
}

fn says(site: &Site, line: &str) {
    let place = site.root().join("bin/says");
    fs::write(place.with_extension("new"), line).expect("written");
    fs::rename(place.with_extension("new"), place).expect("in its place");
}

#[test]
fn a_command_is_asked_in_the_worktree_until_it_says_that_the_commit_is_live() {
    let site = with_command("");
    let sha = pushed(&site);
    site.until_status(&sha, "its trouble", |status| status.to_string().contains("ended with exit code 75"));
    says(&site, "echo \"$1 ghp_0123456789abcdefghij\" >&2; exit 1");
    let status = site.until_status(&sha, "its words", |status| status.to_string().contains("exit code 1: x y"));
    assert!(!status.to_string().contains("ghp_0123456789"), "{status:#}");
    says(
        &site,
        "printf '{\"commit\": \"%s\", \"state\": \"deploying\", \"branch\": \"%s\"}' $AFTERPUSH_SHA $AFTERPUSH_BRANCH",
    );
    site.until_status(&sha, "deploying", is_in("deploying"));
    says(&site, "git rev-parse HEAD; env > \"$(dirname \"$0\")/seen\"");
    site.decided(&sha, "live", "deployed_live");
    let seen = fs::read_to_string(site.root().join("bin/seen")).expect("what it saw");
    assert!(seen.contains(&format!("AFTERPUSH_SHA={sha}")) && seen.contains("AFTERPUSH_BRANCH=main"), "{seen}");
    assert!(!seen.contains("TOKEN") && !seen.contains("AFTERPUSH_PACE"), "{seen}");
    let ran = site.afterpush(&["doctor"]).ends(0);
    assert!(ran.out().contains("-  credentials.web  it is asked without one"), "{ran}");
    assert!(ran.out().contains(&format!("shop-status says that {} is live (answered in ", &sha[..7])), "{ran}");
}

#[test]
fn a_command_tells_failures_and_a_missing_credential() {
    let site = with_command("");
    says(&site, "echo 'no key' >&2; exit 77");
    let sha = pushed(&site);
    let ran = site.afterpush(&["wait"]).ends(4);
    assert!(ran.err().contains("lacks a credential: no key"), "{ran}");
    says(
        &site,
        "echo '{\"deployments\": [{\"sha\": \"'$AFTERPUSH_SHA'\", \"state\": \"failed\", \"error\": \"disk full\"}]}'",
    );
    site.afterpush(&["status", "--refresh"]);
    let status = site.decided(&sha, "failed", "build_failed");
    assert_eq!(status["failure"]["summary"], "disk full");
}

#[test]
fn a_command_that_hangs_is_ended_with_all_it_started() {
    let site = with_command("limit = \"200ms\"");
    says(&site, "sleep 98762 & sleep 98762");
    let sha = pushed(&site);
    site.until_status(&sha, "its time-out", |status| status.to_string().contains("did not end within 200ms"));
    let ran = site.afterpush(&["doctor"]).ends(0);
    assert!(ran.out().contains("did not end within 200ms") && ran.out().contains("run it in a terminal"), "{ran}");
    says(&site, "echo $AFTERPUSH_SHA");
    site.decided(&sha, "live", "deployed_live");
    let hangs = |pid: fs::DirEntry| fs::read(pid.path().join("cmdline")).is_ok_and(|line| line == b"sleep\x0098762\0");
    until("what hung is gone", || (!fs::read_dir("/proc").expect("/proc").flatten().any(hangs)).then_some(()));
}
