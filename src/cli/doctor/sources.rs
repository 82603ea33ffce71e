//! Checks of the sources beside the provider: can the deployments table be read, do the service's endpoints answer?

use super::Patient;
use super::check::{Check, counted};
use super::provider::{clock, environment, without_credential};
use crate::base::text;
use crate::config::Config;
use crate::health;
use crate::host::http::Http;
use crate::host::secrets;
use crate::host::sql::Limits;
use crate::records;
use crate::watch::{self, Misheard, Miss, Outcome, Snapshot, State, Target};

/// The deployments table, which all targets share.
pub(super) async fn database(patient: &Patient<'_>, config: &Config, offline: bool) -> Vec<Check> {
    let target = config.targets.iter().map(|settings| &settings.target).find(|target| target.database.is_some());
    let Some((target, database)) = target.and_then(|target| Some((target, target.database.as_ref()?))) else {
        return Vec::new();
    };
    let server = match secrets::database(database, &environment(patient, config, target)).await {
        Ok(server) => server,
        Err(why) => {
            let names = secrets::database_names(target);
            return vec![without_credential(patient, &names, ID.to_owned(), &why)];
        }
    };
    if offline {
        return vec![Check::skipped(ID, format!("{} is not asked (--offline)", server.place()))];
    }
    let place = server.place();
    match server.look(&database.table, &records::Want::default(), &Limits::default()).await {
        Ok(snapshot) => {
            let remarks = snapshot.remarks.iter().map(|remark| Check::warning(ID, remark, "")).collect::<Vec<_>>();
            let read = [read(&place, &database.table, &snapshot)];
            read.into_iter()
                .chain(words(&snapshot))
                .chain(remarks)
                .chain(clock(ID, "the database's", &snapshot))
                .collect()
        }
        Err(why) => vec![unread(&place, why)],
    }
}

const ID: &str = "database";

fn read(place: &str, table: &watch::Table, snapshot: &Snapshot) -> Check {
    let rows = counted(snapshot.deployments.len(), "row");
    Check::ok(ID, format!("table {} of {place} is read ({rows}, answered in {})", table.name, snapshot.latency))
}

/// Words for a status that mean nothing here are never the end of a watch.
fn words(snapshot: &Snapshot) -> Option<Check> {
    let unknown = snapshot.deployments.iter().filter(|row| row.state == State::Unknown);
    let mut words: Vec<_> = unknown.map(|row| text::visible(&row.raw_state)).collect();
    let count = words.len();
    words.sort_unstable();
    words.dedup();
    words.truncate(5);
    let detail = format!("{} with a status nobody knows here: {}", counted(count, "row"), words.join(", "));
    let fix = "say what they mean under [database]: states = { word = \"live\" }";
    (count > 0).then(|| Check::warning(ID, detail, fix))
}

fn unread(place: &str, why: Miss) -> Check {
    let (why, fix) = match why {
        Miss::NoCredential(why) => (why, ""),
        Miss::Misheard(no @ Misheard::Denied(_)) => {
            (no.to_string(), "try the same URL or password with the database's own client")
        }
        Miss::Misheard(no) => (format!("{place}: {no}"), ""),
        Miss::NoAnswer(why) => {
            (format!("cannot be read: {why}"), "check that what [database] names is there and can be reached from here")
        }
    };
    Check::failed(ID, why, fix)
}

/// One round of a target's endpoints.
pub(super) async fn health(target: &Target, offline: bool) -> Vec<Check> {
    let Some(endpoints) = &target.health else { return Vec::new() };
    let http = Http::new();
    let mut checks = Vec::new();
    for (check, ask) in health::questions(endpoints) {
        let id = format!("health.{}.{}", target.name, check.as_str());
        if offline {
            checks.push(Check::skipped(id, "not asked (--offline)"));
            continue;
        }
        let answer = http.perform(&ask, None).await;
        let fix = format!("check {} under [target.{}.health], and the service", check.as_str(), target.name);
        checks.push(match health::hear(endpoints, check, &answer) {
            Outcome::Good => Check::ok(id, "answers well"),
            Outcome::Serves(digits) => {
                Check::ok(id, format!("says that it runs {}", digits.get(..7).unwrap_or(&digits)))
            }
            Outcome::Bad(what) => Check::failed(id, what, fix),
            Outcome::Silent { why, .. } => Check::failed(id, format!("gives no answer: {why}"), fix),
        });
    }
    checks
}
