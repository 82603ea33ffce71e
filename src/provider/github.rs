//! GitHub: the runs of a workflow that deploys, or the deployments of an environment.
//!
//! With a `workflow` its runs are the deployments: one question for all commits. Without one the repository's
//! deployments count, whoever makes them (Actions, Vercel, Heroku): a list, and the statuses of the few that matter.
//! Answers are kept with their `ETag`, so that what has not changed is answered 304, which costs nothing of the rate
//! limit. Fields are those of GitHub's own description of its API.

mod asker;
mod jobs;
mod logs;
mod pages;
mod place;
mod refusal;
mod rollouts;
mod runs;
mod standing;
mod workflows;

use self::asker::Asker;
use super::reading::names;
use super::{Address, Chain, Credential, Heard, Keys, Provider, RepoFacts, Suggestion, Tool, Want, Wrong};
use crate::watch::{Deployment, Live, Log, Misheard, Snapshot, Target};
use crate::wire::Answer;

/// The adapter.
pub struct GitHub;

const NAME: &str = "github";
const API: &str = "https://api.github.com";
/// GitHub's own tool takes these in this order, and the second pair for a server of one's own.
const VARIABLES: &[&str] = &["GH_TOKEN", "GITHUB_TOKEN"];
const ENTERPRISE_VARIABLES: &[&str] = &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];
const ALL_VARIABLES: &[&str] = &["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];

impl Provider for GitHub {
    fn name(&self) -> &'static str {
        NAME
    }

    fn address(&self) -> Address {
        Address::Api(API)
    }

    fn keys(&self) -> Keys {
        Keys { required: &["app"], optional: &["workflow", "environment", "token", "base_url"] }
    }

    fn check(&self, target: &Target) -> Result<(), Wrong> {
        let wrong = |key: &'static str, why: &str| Err(Wrong { key, why: why.to_owned() });
        if !place::is_repository(&target.app) {
            return wrong("app", "must be the repository, as owner/name");
        }
        match &target.particulars.workflow {
            Some(file) if !place::is_workflow(file) => {
                wrong("workflow", "must be the name of a file in .github/workflows, such as deploy.yml")
            }
            Some(_) if target.environment.is_some() => {
                wrong("environment", "says nothing beside a workflow; leave one of the two out")
            }
            Some(_) | None => Ok(()),
        }
    }

    fn credential(&self, base_url: &str) -> Credential {
        let host = place::host(base_url);
        let words = ["gh", "auth", "token", "--hostname", &host].map(str::to_owned);
        let variables = if place::is_enterprise(base_url) { ENTERPRISE_VARIABLES } else { VARIABLES };
        Credential::Required(Chain { variables, tool: Some(Tool::Command { tool: "gh", words: words.into() }) })
    }

    fn variables(&self) -> &'static [&'static str] {
        ALL_VARIABLES
    }

    fn recognise(&self, facts: &RepoFacts) -> Vec<Suggestion> {
        workflows::suggestions(facts)
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

/// What the answers say of deployments.
struct Found {
    deployments: Vec<Deployment>,
    reaches_back_to: Option<crate::base::Timestamp>,
    remarks: Vec<String>,
}

fn look(target: &Target, want: &Want, answers: &[Answer]) -> Result<Heard<Snapshot>, Misheard> {
    let mut asker = Asker::new(target, &want.memo, answers);
    let found = match target.particulars.workflow.as_deref() {
        Some(workflow) => runs::hear(&mut asker, workflow, want)?,
        None => rollouts::hear(&mut asker, want)?,
    };
    let mut found = match found {
        Heard::Ask(ask) => return Ok(Heard::Ask(ask)),
        Heard::Seen(found) => found,
    };
    found.remarks.extend(elsewhere(target, want));
    let live = found.deployments.iter().find(|deployment| deployment.is_live == Some(true));
    let live = live.map(|d| Live { deployment: Some(d.id.clone()), commits: d.commits.clone() });
    let (observed_at, provider_clock) = asker.observed.unwrap_or_default();
    Ok(Heard::Seen(Snapshot {
        observed_at,
        provider_clock,
        latency: asker.latency,
        deployments: found.deployments,
        reaches_back_to: found.reaches_back_to,
        live,
        frozen: None,
        triggers: None,
        page: place::page(target),
        rate: asker.rate,
        memo: asker.memo(),
        remarks: found.remarks,
    }))
}

/// This clone has remotes at the same host, and none of them is the target's repository.
fn elsewhere(target: &Target, want: &Want) -> Option<String> {
    let host = place::host(&target.base_url);
    let mut at_host = want.remotes.iter().filter(|url| url.contains(&host)).peekable();
    let is_elsewhere = at_host.peek().is_some() && !at_host.any(|url| names(url, &target.app));
    is_elsewhere.then(|| format!("the target is {}, which is none of this clone's remotes", target.app))
}
