//! Checks that ask: is there a credential, does the provider accept it, does it know the app, do the clocks agree?

use super::Patient;
use super::check::{Check, counted};
use super::settings::branches;
use crate::base::Span;
use crate::config::{Config, TargetSettings};
use crate::host::exchange::Exchange;
use crate::host::http::Http;
use crate::host::secrets::{self, Bound, Environment};
use crate::host::settings::folder_of;
use crate::process::{self, Presence};
use crate::provider::{self, Address, Provider, Want};
use crate::watch::{Misheard, Miss, Snapshot, Target};

/// Two clocks further apart than this make times hard to read.
const CLOCKS_APART: Span = Span::from_secs(30);

/// The credential of a target, and what its provider says.
pub(super) async fn checks(
    patient: &Patient<'_>,
    config: &Config,
    settings: &TargetSettings,
    offline: bool,
) -> Vec<Check> {
    let target = &settings.target;
    let Some(provider) = provider::by_name(&target.provider) else { return Vec::new() };
    let id = format!("credentials.{}", target.name);
    let environment = environment(patient, config, target);
    let places = secrets::places(target, provider, &environment);
    let bound = match secrets::credential(target, provider, &environment).await {
        Ok(bound) => bound,
        Err(why) => {
            let names = secrets::credential_names(target);
            return vec![without_credential(patient, &names, id, &why).with_places(&places)];
        }
    };
    let mut checks = vec![match &bound {
        Some(bound) => Check::ok(id, format!("from {}", bound.from)).with_places(&places),
        None => Check::skipped(id, "it is asked without one"),
    }];
    let id = format!("provider.{}", target.name);
    if offline {
        checks.push(Check::skipped(id, "not asked (--offline)"));
        return checks;
    }
    match look(patient, target, provider, bound.as_ref()).await {
        Ok(snapshot) => {
            checks.push(heard(&id, target, &snapshot));
            checks.extend(remarks(&id, &branches(patient, config, settings), &snapshot));
            checks.extend(clock(&target.name.to_string(), "the provider's", &snapshot));
        }
        Err(why) => checks.push(unheard(&id, provider.address(), &why)),
    }
    checks
}

/// What this shell lacks the running monitor may have from the shell that pushed.
pub(super) fn without_credential(patient: &Patient<'_>, names: &[String], id: String, why: &str) -> Check {
    let Presence::Responding(monitor) = process::presence(&patient.place.layout, patient.world.now()) else {
        return Check::failed(id, why, "");
    };
    let held = names.iter().find(|name| monitor.holdings.has(name));
    match held {
        Some(name) => Check::warning(id, format!("the running monitor has {name}, this shell has not"), why),
        None => Check::failed(id, why, ""),
    }
}

pub(super) fn environment(patient: &Patient<'_>, config: &Config, target: &Target) -> Environment {
    let config_home = patient.places.as_ref().map(|places| places.config_home().to_path_buf());
    let own = &patient.world.environment;
    let shell = config.credentials.env_from_login_shell.then(|| secrets::login_shell(own.get("SHELL")));
    let environment = Environment::new(own.pairs(), &secrets::names([target]));
    environment.with_config_home(config_home).with_login_shell(shell).of_this_shell()
}

/// One look, as the monitor takes it.
async fn look(
    patient: &Patient<'_>,
    target: &Target,
    provider: &dyn Provider,
    bound: Option<&Bound>,
) -> Result<Snapshot, Miss> {
    let (http, want, folder) = (Http::new(), Want::default(), folder_of(&patient.place.layout));
    let exchange = Exchange { carrier: &http, credential: bound, folder: &folder };
    exchange.converse(provider.ask(target, &want), |answers| provider.hear(target, &want, answers)).await
}

fn heard(id: &str, target: &Target, snapshot: &Snapshot) -> Check {
    let latency = snapshot.latency;
    let count = counted(snapshot.deployments.len(), "deployment");
    let subject = provider::subject(target);
    // Where nothing but what is live can be told.
    let only_live = snapshot.live.as_ref().filter(|live| live.deployment.is_none());
    let detail = match only_live.and_then(|live| live.commits.first()) {
        Some(mark) => format!("{subject} says that {} is live (answered in {latency})", short(&mark.sha)),
        None => format!("knows {subject} ({count} on the newest page, answered in {latency})"),
    };
    let Some(frozen) = &snapshot.frozen else { return Check::ok(id, detail) };
    Check::warning(
        id,
        format!("deploys no push at the moment: {frozen}"),
        "undo that at the provider, if it is not meant",
    )
}

fn short(sha: &str) -> &str {
    sha.get(..7).unwrap_or(sha)
}

fn remarks(id: &str, watched: &[String], snapshot: &Snapshot) -> Vec<Check> {
    let mut checks: Vec<_> = snapshot.remarks.iter().map(|remark| Check::warning(id, remark, "")).collect();
    let triggers = snapshot.triggers.as_deref().unwrap_or_default();
    let deploying: Vec<_> = triggers.iter().filter(|t| t.on_push).map(|t| t.branch.as_str()).collect();
    let is_pattern = |branch: &String| branch.contains(['*', '?', '[', '{']);
    let fits = |branch: &String| is_pattern(branch) || deploying.contains(&branch.as_str());
    if snapshot.triggers.is_some() && !watched.iter().any(fits) {
        let told = if deploying.is_empty() { "no branch".to_owned() } else { deploying.join(", ") };
        let detail = format!("the app deploys pushes of {told}; watched are {}", watched.join(", "));
        checks.push(Check::warning(id, detail, "set branches of the target, or deploy on push at the provider"));
    }
    checks
}

/// How far the clock of a source is from this machine's.
pub(super) fn clock(id: &str, whose: &str, snapshot: &Snapshot) -> Option<Check> {
    let theirs = snapshot.provider_clock?;
    let apart = Span::from_micros(snapshot.observed_at.since(theirs).as_micros().abs());
    let id = format!("clock.{id}");
    if apart <= CLOCKS_APART {
        return Some(Check::ok(id, format!("agrees with {whose}")));
    }
    let direction = if snapshot.observed_at > theirs { "ahead of" } else { "behind" };
    let detail = format!("this machine's is {apart} {direction} {whose}");
    Some(Check::warning(id, detail, "let the machine set its clock (timedatectl set-ntp true)"))
}

/// The adapter's own sentence says what to do about a refusal.
fn unheard(id: &str, address: Address, why: &Miss) -> Check {
    let key = match address {
        Address::Url => "url",
        Address::Api(_) | Address::Nowhere | Address::Command => "base_url",
    };
    match why {
        Miss::NoAnswer(_) | Miss::Misheard(Misheard::Garbled(_)) if address == Address::Command => {
            Check::failed(id, sentence(why), "run it in a terminal, in this repository")
        }
        Miss::NoAnswer(why) => {
            Check::failed(id, format!("cannot be reached: {why}"), format!("check the network, proxies and {key}"))
        }
        Miss::Misheard(Misheard::Garbled(_)) => Check::failed(id, sentence(why), format!("check {key}")),
        Miss::Misheard(Misheard::Throttled { .. } | Misheard::Down(_)) => {
            Check::warning(id, sentence(why), "try again later")
        }
        Miss::Misheard(_) | Miss::NoCredential(_) => Check::failed(id, sentence(why), ""),
    }
}

fn sentence(why: &Miss) -> String {
    match why {
        Miss::NoCredential(words) | Miss::NoAnswer(words) => words.clone(),
        Miss::Misheard(misheard) => misheard.to_string(),
    }
}
