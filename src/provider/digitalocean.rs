//! DigitalOcean App Platform: an app by its id or name, its newest deployments, matched by the commits their
//! components were built from.
//!
//! The API has no filter by commit, so a look is one page of deployments; the app object is read where nothing is
//! known of it yet or it is wanted afresh. Fields are those of the API's own description
//! and of godo, its Go client, which knows some more.

mod app;
mod doctl;
mod json;
mod logs;
mod marks;
mod refusal;
mod rollouts;
mod spec;
mod steps;

use super::replay::Replay;
use super::{Address, Chain, Credential, Heard, Keys, Provider, RepoFacts, Suggestion, Tool, Want};
use crate::watch::{Deployment, Log, Memo, Misheard, Snapshot, Target};
use crate::wire::Answer;

/// The adapter.
pub struct DigitalOcean;

const NAME: &str = "digitalocean";
const API: &str = "https://api.digitalocean.com";
const VARIABLES: &[&str] = &["DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"];

impl Provider for DigitalOcean {
    fn name(&self) -> &'static str {
        NAME
    }

    fn address(&self) -> Address {
        Address::Api(API)
    }

    fn keys(&self) -> Keys {
        Keys { required: &["app"], optional: &["token", "base_url"] }
    }

    fn credential(&self, _base_url: &str) -> Credential {
        Credential::Required(Chain { variables: VARIABLES, tool: Some(Tool::File(doctl::FILE)) })
    }

    fn variables(&self) -> &'static [&'static str] {
        VARIABLES
    }

    fn recognise(&self, facts: &RepoFacts) -> Vec<Suggestion> {
        spec::suggestions(facts)
    }

    fn hear(&self, target: &Target, want: &Want, answers: &[Answer]) -> Result<Heard<Snapshot>, Misheard> {
        look(target, want, answers)
    }

    fn hear_log(
        &self,
        target: &Target,
        want: &Want,
        deployment: &Deployment,
        answers: &[Answer],
    ) -> Result<Heard<Log>, Misheard> {
        logs::look(target, want, deployment, answers)
    }
}

/// One look: the app, then the pages of its deployments.
fn look(target: &Target, want: &Want, answers: &[Answer]) -> Result<Heard<Snapshot>, Misheard> {
    // A name may belong to a new app by now.
    if let Some((first, rest)) = answers.split_first()
        && first.status == 404
        && app::is_noted(target, want)
    {
        return look(target, &Want { memo: Memo::default(), ..want.clone() }, rest);
    }
    let mut replay = Replay::new(answers);
    let app = match app::hear(target, want, &mut replay)? {
        Heard::Ask(ask) => return Ok(Heard::Ask(ask)),
        Heard::Seen(app) => app,
    };
    let list = match rollouts::hear(target, want, &app, &mut replay)? {
        Heard::Ask(ask) => return Ok(Heard::Ask(ask)),
        Heard::Seen(list) => list,
    };
    let live = list.live().or_else(|| app.live());
    let mut deployments = list.deployments;
    for deployment in &mut deployments {
        deployment.is_live = live.as_ref().map(|live| live.deployment.as_deref() == Some(&deployment.id));
    }
    let (observed_at, provider_clock) = list.observed.unwrap_or_default();
    Ok(Heard::Seen(Snapshot {
        observed_at,
        provider_clock,
        latency: Replay::latency(answers),
        deployments,
        reaches_back_to: list.reaches_back_to,
        live,
        frozen: app.frozen(),
        triggers: app.triggers(),
        page: page(target, &app.id),
        rate: list.rate,
        memo: app.memo(),
        remarks: app.remarks(want),
    }))
}

/// The app's page for people. A stand-in has none, and its apps are not on the real one's pages.
fn page(target: &Target, app: &str) -> Option<String> {
    (target.base_url == API).then(|| format!("https://cloud.digitalocean.com/apps/{app}"))
}
