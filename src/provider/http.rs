//! Any URL that says in JSON, or with nothing but a commit id, what is deployed.
//!
//! Without pointers a commit id is looked for under the names that health and version endpoints usually have; it is
//! what is live. With pointers to a state, one deployment or a list of them is read.

use super::reading::kind;
use super::report::{self, Facts, Fields, Reader};
use super::{Address, Credential, Heard, Keys, Provider, RepoFacts, Suggestion, Want, Wrong};
use crate::base::text;
use crate::watch::{CommitMark, Misheard, Rate, Snapshot, Target, TokenSource};
use crate::wire::{Answer, Ask, Attach, HttpAsk, origin, pause};

/// The adapter.
pub struct Http;

/// No such document is larger.
const MAX_BYTES: usize = 1 << 20;

/// Where version endpoints have the commit that is live; the first that holds a commit id counts.
const WELL_KNOWN: [&str; 20] = [
    "/commit",
    "/sha",
    "/commit_sha",
    "/commitSha",
    "/commit_id",
    "/commitId",
    "/commit_hash",
    "/commitHash",
    "/git_sha",
    "/gitSha",
    "/git_commit",
    "/gitCommit",
    "/git_hash",
    "/gitHash",
    "/revision",
    "/version",
    "/git/commit/id/full",
    "/git/commit/id",
    "/git/sha",
    "/build/commit",
];

impl Provider for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn address(&self) -> Address {
        Address::Url
    }

    fn keys(&self) -> Keys {
        Keys { required: &["url"], optional: &["pointers", "states", "environment", "token"] }
    }

    fn check(&self, target: &Target) -> Result<(), Wrong> {
        let pointers = &target.particulars.pointers;
        let names = |key: &str| pointers.contains_key(key);
        let wrong = |why: &str| Err(Wrong { key: "pointers", why: why.to_owned() });
        let is_of_deployments = names("list") || names("state");
        if target.environment.is_some() && !names("environment") {
            let why = "says nothing unless `pointers` say where the environment of a deployment is";
            return Err(Wrong { key: "environment", why: why.to_owned() });
        }
        if !target.particulars.states.is_empty() && !names("state") {
            let why = "says nothing unless `pointers` say where the state of a deployment is";
            return Err(Wrong { key: "states", why: why.to_owned() });
        }
        if pointers.is_empty() || (names("live") && pointers.len() == 1) {
            return Ok(());
        }
        if is_of_deployments && !names("state") {
            return wrong("must also say where the state of a deployment is");
        }
        if !names("commit") {
            return wrong("must also say where the commit of a deployment is");
        }
        if !is_of_deployments && (pointers.len() > 1) {
            return wrong("must also say where the state is, or name nothing but the commit that is live");
        }
        Ok(())
    }

    fn credential(&self, _base_url: &str) -> Credential {
        Credential::Optional
    }

    fn variables(&self) -> &'static [&'static str] {
        &[]
    }

    fn recognise(&self, _facts: &RepoFacts) -> Vec<Suggestion> {
        Vec::new()
    }

    fn hear(&self, target: &Target, _want: &Want, answers: &[Answer]) -> Result<Heard<Snapshot>, Misheard> {
        let Some(answer) = answers.last() else { return Ok(Heard::Ask(question(target))) };
        let host = host(target);
        refuse(target, &host, answer)?;
        let facts = read(target, &host, answer)?;
        let rate = Rate { not_before: until(answer), ..Rate::default() };
        Ok(Heard::Seen(Snapshot { provider_clock: answer.server_clock(), rate, ..facts.snapshot(answer) }))
    }
}

fn question(target: &Target) -> Ask {
    let attach = if target.token == TokenSource::Chain { Attach::Nothing } else { Attach::Bearer };
    let headers = vec![("accept", "application/json, text/plain;q=0.9, */*;q=0.1")];
    Ask::Http(HttpAsk { attach, headers, ..HttpAsk::plain(&target.base_url, MAX_BYTES) })
}

/// Whom a sentence is about: the URL itself may hold what is nobody's business.
fn host(target: &Target) -> String {
    origin(&target.base_url).map_or_else(|| "the URL".to_owned(), |origin| text::visible(&origin.host))
}

fn refuse(target: &Target, host: &str, answer: &Answer) -> Result<(), Misheard> {
    let has_token = target.token != TokenSource::Chain;
    let status = answer.status;
    Err(match status {
        200..=299 => return Ok(()),
        401 if has_token => Misheard::Denied(format!("{host} does not accept the token (401)")),
        401 => Misheard::Denied(format!("{host} wants a credential (401); name a token for target {}", target.name)),
        403 => Misheard::Forbidden(format!("{host} does not let us read it (403); check `url` and token")),
        404 | 410 => {
            Misheard::NotFound(format!("{host} has nothing there ({status}); check `url` in the configuration"))
        }
        429 => Misheard::Throttled { until: until(answer) },
        500..=599 => Misheard::Down(format!("{host} answers {status}")),
        _ => Misheard::Garbled(format!("{host} answers {status}, not with a document; check `url`")),
    })
}

fn until(answer: &Answer) -> Option<crate::base::Timestamp> {
    pause(answer.header("retry-after")?, answer.at, answer.server_clock())
}

fn read(target: &Target, host: &str, answer: &Answer) -> Result<Facts, Misheard> {
    let is_plain = target.particulars.pointers.is_empty();
    if let Some(facts) = report::plain(&answer.body).filter(|_| is_plain) {
        return Ok(facts);
    }
    if answer.header("content-type").is_some_and(|kind| kind.trim_start().starts_with("text/html")) {
        let kind = kind(answer);
        return Err(Misheard::Garbled(format!(
            "the answer of {host} is neither JSON nor a commit id but {kind}; is a proxy or a log-in page in between?"
        )));
    }
    let document = report::document(host, answer)?;
    let fields = if is_plain { well_known(&document, host)? } else { fields(target) };
    Reader { who: host, cure: "check `pointers` in the configuration", target, fields: &fields }.read(&document)
}

/// The first of the usual places that holds a commit id.
fn well_known(document: &serde_json::Value, host: &str) -> Result<Fields, Misheard> {
    let holds = |pointer: &&str| {
        let found = document.pointer(pointer).and_then(serde_json::Value::as_str);
        found.is_some_and(|sha| CommitMark::of(sha.trim(), None).is_some())
    };
    // A document that is nothing but a text may be the id itself.
    let found = std::iter::once("").chain(WELL_KNOWN).find(|pointer| holds(pointer));
    let found = found.ok_or_else(|| {
        Misheard::Garbled(format!(
            "the answer of {host} holds no commit id under a usual name such as commit, sha or version; \
             say where it is: pointers = {{ live = \"/…\" }}"
        ))
    })?;
    Ok(Fields { live: vec![found.to_owned()], ..Fields::default() })
}

fn fields(target: &Target) -> Fields {
    let of = |name: &str| target.particulars.pointers.get(name).cloned().into_iter().collect();
    Fields {
        live: of("live"),
        list: of("list"),
        commit: of("commit"),
        state: of("state"),
        id: of("id"),
        created_at: of("created_at"),
        branch: of("branch"),
        environment: of("environment"),
        url: of("url"),
        error: of("error"),
    }
}
