//! The team's table and the service itself have a say: real pushes, real databases, real endpoints.

use afterpush::standin::{Order, Recipe, Stage};
use afterpush::wire::Dialect;
use serde_json::{Value, json};

use crate::records::bed::Fresh;
use crate::support::{Service, Site, until};

const TABLE: &str = "CREATE TABLE deployments (id integer, commit_sha varchar(64), status varchar(40), \
                     created_at timestamp NULL, error_message text)";

/// A site whose service is checked, and the service.
fn checked(lines: &str) -> (Site, Service) {
    let (site, service) = (Site::new(), Service::start());
    let health = format!(
        "[target.web.health]\nready = \"{}\"\nversion = {{ url = \"{}\", pointer = \"/build/commit\" }}\n{lines}\n",
        service.url("ready"),
        service.url("version")
    );
    site.configure(&site.configuration("", &health));
    (site, service)
}

/// What a source said last.
fn reading<'a>(status: &'a Value, source: &str) -> &'a Value {
    let readings = status["targets"][0]["observations"].as_array().expect("a list of readings");
    readings.iter().find(|reading| reading["source"] == source).unwrap_or(&Value::Null)
}

#[test]
fn it_is_live_once_the_service_itself_says_so() {
    let (site, service) = checked("soak = \"0s\"");
    service.runs(&"0".repeat(40));
    let sha = site.ship(Recipe::live());
    let disagree = |status: &Value| status["warnings"].to_string().contains("sources_disagree");
    let status = site.until_status(&sha, "that the sources disagree for long", disagree);
    assert_eq!((&status["phase"], &status["done"]), (&json!("verifying"), &json!(false)), "{status:#}");
    assert_eq!(status["targets"][0]["served"]["match"], false);
    service.runs(&sha[..9]);
    let status = site.decided(&sha, "live", "deployed_live");
    let timeline = &status["targets"][0]["timeline"];
    assert!(timeline["healthy_at"].is_string() && timeline["ready_at"].is_string(), "{status:#}");
    assert_eq!(status["targets"][0]["served"]["match"], true);
    assert!(!disagree(&status), "{status:#}");
    site.quiet();
}

#[test]
fn instances_that_answer_in_turn_do_not_settle() {
    let (site, service) = checked("within = \"2s\"");
    let old = site.git(&["rev-parse", "HEAD"]);
    service.alternates(&[&old]);
    let sha = site.commit("a change");
    service.alternates(&[&sha, &sha, &old]);
    site.push(&[]).ends(0);
    site.deploy(&sha, Recipe::live());
    let status = site.decided(&sha, "unhealthy", "other_version_served");
    assert_eq!(status["exit_code"], 1);
    assert!(status["failure"]["summary"].as_str().is_some_and(|words| words.contains("an older commit")), "{status:#}");
}

#[test]
fn a_service_that_is_not_ready_in_time_is_unhealthy() {
    let (site, service) = checked("within = \"1s\"");
    service.is_ready(503);
    let sha = site.commit("a change");
    service.runs(&sha);
    site.push(&[]).ends(0);
    site.deploy(&sha, Recipe::live());
    let status = site.decided(&sha, "unhealthy", "health_not_confirmed");
    assert_eq!(status["failure"]["summary"], "ready answers 503", "{status:#}");
    let screen = site.afterpush(&["status"]).ends(1).err();
    assert!(screen.contains("ready answers 503"), "{screen}");
}

#[test]
fn a_service_that_is_down_is_unhealthy() {
    let (site, service) = checked("within = \"1s\"");
    drop(service);
    let sha = site.ship(Recipe::live());
    let status = site.decided(&sha, "unhealthy", "health_not_confirmed");
    assert!(status["failure"]["summary"].to_string().contains("connection refused"), "{status:#}");
}

#[test]
fn a_live_commit_that_breaks_while_it_soaks_is_unhealthy_and_one_that_is_taken_back_rolled_back() {
    let (site, service) = checked("");
    let live = |site: &Site| {
        let sha = site.commit("a change");
        service.runs(&sha);
        site.push(&[]).ends(0);
        site.deploy(&sha, Recipe::live());
        let status = site.decided(&sha, "live", "deployed_live");
        assert_eq!(status["phase"], "soaking", "{status:#}");
        site.afterpush(&["wait", &sha]).ends(0);
        sha
    };
    let breaking = live(&site);
    service.is_ready(500);
    let status = site.until_status(&breaking, "that it broke", |status| status["verdict"] == "unhealthy");
    assert_eq!(status["reason"], "broke_while_soaking", "{status:#}");
    service.is_ready(200);
    let taken_back = live(&site);
    site.order(Order::RollBack { app: "web".to_owned(), sha: breaking });
    let status = site.until_status(&taken_back, "that it was rolled back", |status| status["verdict"] == "rolled_back");
    assert_eq!((&status["reason"], &status["exit_code"]), (&json!("older_live_again"), &json!(1)), "{status:#}");
}

#[test]
fn a_watch_goes_on_soaking_after_its_monitor_was_killed() {
    let (site, service) = checked("soak = \"3s\"");
    let sha = site.commit("a change");
    service.runs(&sha);
    site.push(&[]).ends(0);
    site.deploy(&sha, Recipe::live());
    site.decided(&sha, "live", "deployed_live");
    for pid in site.processes() {
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("our own monitor");
    }
    let asked = service.asked();
    site.afterpush(&["status", "--refresh"]).ends(0);
    until("it is probed again", || (service.asked() > asked).then_some(()));
    site.quiet();
    assert_eq!(site.status(&sha).expect("a status")["verdict"], "live");
}

/// A site whose deployments table is in this kind of database.
async fn recorded(dialect: Dialect, provider: &str) -> (Site, Fresh) {
    let (mut site, fresh) = (Site::new(), Fresh::with(dialect, TABLE).await);
    site.set("DATABASE_URL", &fresh.url().await);
    let own = site.configuration("", "");
    let target = if provider == "none" { "[target.web]\nprovider = \"none\"\n" } else { &own };
    site.configure(&format!("{target}[database]\nurl = {{ env = \"DATABASE_URL\" }}\n"));
    (site, fresh)
}

fn insert(sha: &str, status: &str) -> String {
    format!("INSERT INTO deployments VALUES (1, '{sha}', '{status}', CURRENT_TIMESTAMP, 'migration 7 failed')")
}

#[tokio::test]
async fn the_table_may_say_that_it_failed_while_the_provider_is_still_at_it() {
    for dialect in [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite] {
        let (site, fresh) = recorded(dialect, "digitalocean").await;
        let sha = site.ship(Recipe::of([Stage::PendingBuild, Stage::Building]));
        site.until_status(&sha, "what the table has", |status| {
            status["phase"] == "building" && reading(status, "database")["ok"] == true
        });
        fresh.run(&insert(&sha, "crashed")).await;
        let status = site.decided(&sha, "failed", "recorded_failed");
        assert_eq!(status["failure"]["summary"], "migration 7 failed (crashed)", "{dialect:?}: {status:#}");
        assert_eq!(reading(&status, "database")["value"], "crashed");
    }
}

#[tokio::test]
async fn without_a_provider_the_table_decides() {
    let (site, fresh) = recorded(Dialect::Postgres, "none").await;
    let sha = site.commit("a change");
    site.push(&[]).ends(0);
    site.until_status(&sha, "that it waits", |status| status["phase"] == "registering");
    fresh.run(&insert(&sha, "running")).await;
    site.until_status(&sha, "deploying", |status| status["phase"] == "deploying");
    fresh.run("UPDATE deployments SET status = 'success'").await;
    let status = site.decided(&sha, "live", "deployed_live");
    assert_eq!(status["targets"][0]["provider"], "none");
}

#[tokio::test]
async fn a_table_that_cannot_be_read_is_told_and_stops_nobody() {
    let (mut site, fresh) = recorded(Dialect::Postgres, "digitalocean").await;
    fresh.run("DROP TABLE deployments").await;
    blind_but_live(&site, "the database has no table deployments");
    let wrong = fresh.url().await.replace("%63%61%6E", "%64%61%6E");
    site.set("DATABASE_URL", &wrong);
    let told = blind_but_live(&site, "check user and password");
    for words in [told, std::fs::read_to_string(site.layout().monitor_log()).expect("a log")] {
        assert!(!words.contains("canary") && !words.contains("%64%61%6E"), "{words}");
    }
}

/// Ships a commit that goes live although the table cannot be read for this reason; returns all that is said of that.
fn blind_but_live(site: &Site, why: &str) -> String {
    let sha = site.building();
    let is_told = |status: &Value| reading(status, "database")["error"].to_string().contains(why);
    let status = site.until_status(&sha, why, is_told);
    site.force(&sha, Stage::Active);
    site.decided(&sha, "live", "deployed_live");
    status.to_string()
}
